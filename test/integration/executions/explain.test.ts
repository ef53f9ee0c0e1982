import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';

let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('explain'), createWebServer()]);
  await harness.call('POST', '/api/v1/actions', {
    ref: 'examples.outside',
    pack_ref: 'examples',
    label: 'x',
    task_queue: 'nobody-serves-this',
  });
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

let stored = 0;
/** Stores a workflow and returns its ref. */
async function define(definition: object): Promise<string> {
  stored += 1;
  const ref = `examples.explained${stored}`;
  const made = await harness.call('POST', '/api/v1/workflows', {
    ref,
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition,
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return ref;
}

async function start(definition: object): Promise<number> {
  const ref = await define(definition);
  return (await harness.call('POST', '/api/v1/executions', { workflow: ref })).body.data.id;
}

/** The explanation of a run, once it waits for some kinds of things. */
const explained = async (id: number, ...kinds: string[]) =>
  (
    await until(
      () => harness.call('GET', `/api/v1/executions/${id}/explain`),
      ({ body }) => kinds.every((kind) => body.data.waiting_for.some((wait: { kind: string }) => wait.kind === kind)),
    )
  ).body.data;

/** Does what an advice says. */
const follow = ({ method, href }: { method: string; href: string }, body: object = {}, key?: string) =>
  harness.call(method, href, body, key === undefined ? {} : { 'x-api-key': key });

describe('the graph of an execution', () => {
  const graphOf = async (id: number) =>
    (await harness.call('GET', `/api/v1/executions/${id}/graph?layout=1`)).body.data;

  it('is that of the definition with which it was started', async () => {
    const id = await start({ tasks: [{ name: 'first', action: 'core.noop' }] });
    const ref = `examples.explained${stored}`;
    const before = await graphOf(id);
    const ofWorkflow = (await harness.call('GET', `/api/v1/workflows/${ref}/graph?layout=1`)).body.data;
    expect(before).toEqual(ofWorkflow);
    const definition = { tasks: [{ name: 'second', action: 'core.noop' }] };
    const changed = await harness.call('PUT', `/api/v1/workflows/${ref}`, { definition, version: '2.0.0' });
    expect(changed.status).toBe(200);
    expect(await graphOf(id)).toEqual(before);
    const after = (await harness.call('GET', `/api/v1/workflows/${ref}/graph?layout=1`)).body.data;
    expect([after.nodes[0].name, after.hash === before.hash]).toEqual(['second', false]);
  });

  it('of an action by itself has one task, and shows its state in a picture', async () => {
    const started = await harness.call('POST', '/api/v1/executions', {
      action_ref: 'core.fail',
      parameters: { message: 'x' },
      wait: 60,
    });
    const { id, status } = started.body.data;
    expect(status).toBe('failed');
    expect((await graphOf(id)).nodes).toMatchObject([{ action: 'core.fail' }]);
    const response = await fetch(`${harness.api.url}/api/v1/executions/${id}/graph?format=svg`, {
      headers: { 'x-api-key': DEV_KEY },
    });
    expect(await response.text()).toMatch(new RegExp(`core\\.fail, execution ${id}<.*class="state">failed<`, 's'));
  });

  it('does not exist for an execution that does not', async () => {
    const { status, body } = await harness.call('GET', '/api/v1/executions/999999/graph');
    expect([status, body.code]).toEqual([404, 'execution_not_found']);
  });
});

describe('an explanation', () => {
  it('says who can decide, what a join lacks, and how to move it; what it advises works', async () => {
    const id = await start({
      tasks: [
        {
          name: 'ask',
          action: 'core.inquiry',
          input: { approvers: ['approver'], groups: ['ops'] },
          on_success: 'both',
        },
        { name: 'quick', action: 'core.noop', on_success: 'both' },
        { name: 'both', action: 'core.wait_signal', join: 'all', input: { name: 'go' } },
      ],
    });
    const first = await explained(id, 'inquiry');
    expect(first).toMatchObject({
      status: 'waiting',
      can_finish: true,
      blocked_by: [{ task: 'both', needed: 2, arrived: ['quick'], missing: ['ask'] }],
      advice: [{ text: '"ask" waits for a decision: approver, the group ops can decide.', method: 'POST' }],
    });
    expect((await follow(first.advice[0], { option: 'approve' }, 'fmt_test-key-of-the-approver')).status).toBe(200);
    const second = await explained(id, 'signal');
    expect([second.blocked_by, second.advice[0].text]).toEqual([[], '"both" waits for the signal "go".']);
    await harness.call('POST', `/api/v1/executions/${id}/pause`, { reason: 'lunch' });
    const third = await explained(id, 'pause');
    expect([third.status, third.advice[0].text]).toEqual([
      'paused',
      'It is paused by dev: lunch. Resume it to continue.',
    ]);
    expect((await follow(third.advice[0])).status).toBe(202);
    expect((await follow(second.advice[0], { name: 'go' })).status).toBe(202);
    const last = await until(
      () => explained(id),
      ({ status }) => status === 'completed',
    );
    expect(last).toMatchObject({ can_finish: true, waiting_for: [], advice: [] });
  });

  it('says which queue has no worker, until when time is waited for, and what is being done', async () => {
    const asking = await define({
      tasks: [{ name: 'ask', action: 'core.inquiry', input: { approvers: ['approver'] } }],
    });
    const id = await start({
      start: ['outside', 'later', 'again', 'slow', 'below'],
      tasks: [
        { name: 'outside', action: 'examples.outside' },
        { name: 'later', action: 'core.delay', input: { seconds: 3600 } },
        { name: 'again', action: 'core.fail', input: { message: 'no luck' }, retry: { count: 1, delay: 3600 } },
        { name: 'slow', action: 'core.http', input: { url: `${web.url}/wait` } },
        { name: 'below', action: asking },
      ],
    });
    const { advice, can_finish } = await explained(id, 'worker', 'timer', 'retry', 'action', 'child');
    const texts = advice.map(({ text }: { text: string }) => text);
    expect(can_finish).toBe(true);
    expect(texts).toEqual(
      expect.arrayContaining([
        'No worker has started "outside" yet (no_worker): no worker polls the task queue "nobody-serves-this".',
        '"slow" is being run by a worker. No action is needed.',
        '"below" waits for its sub-workflow, which has a separate explanation.',
      ]),
    );
    expect(
      texts.some((text: string) =>
        /^"later" waits until 20\S+ and then continues by itself\. Skip it to end the wait\.$/.test(text),
      ),
    ).toBe(true);
    expect(
      texts.some((text: string) =>
        /^"again" will be retried at 20\S+, after: no luck\. Skip it to end the wait\.$/.test(text),
      ),
    ).toBe(true);
    const child = advice.find(({ method }: { method: string }) => method === 'GET');
    const below = await until(
      async () => (await harness.call('GET', child.href)).body.data,
      (data) => data?.waiting_for.length > 0,
    );
    expect(below.waiting_for[0].kind).toBe('inquiry');
  });

  it('of what has failed advises a retry', async () => {
    const id = await start({ tasks: [{ name: 'boom', action: 'core.fail', input: { message: 'no' } }] });
    const data = await until(
      () => explained(id),
      ({ status }) => status === 'failed',
    );
    expect(data).toMatchObject({
      can_finish: false,
      advice: [
        {
          text: 'It has ended as failed: "boom" failed with action_error (no). A retry continues from there.',
          method: 'POST',
        },
      ],
    });
    expect((await follow(data.advice[0])).status).toBe(201);
  });
});

it.each<[string, object[], string, string]>([
  [
    'the word fail behind what it handled',
    [
      { name: 'deploy', action: 'core.fail', input: { message: 'no' }, on_failure: 'rollback' },
      { name: 'rollback', action: 'core.noop', on_success: 'fail' },
    ],
    'the workflow failed after "rollback"',
    'deploy',
  ],
  [
    'the word fail behind what succeeded',
    [{ name: 'check', action: 'core.noop', on_success: 'fail' }],
    'the workflow failed after "check"',
    'check',
  ],
])('a run that failed by %s is tried again from the task that the explanation names', async (_, tasks, how, from) => {
  const id = await start({ tasks });
  const { advice } = await until(
    () => explained(id),
    ({ status }) => status === 'failed',
  );
  expect(advice).toMatchObject([{ method: 'POST', body: { from } }]);
  expect(advice[0].text).toBe(
    `It has ended as failed: ${how}. A retry with from: "${from}" runs "${from}" and what followed from it again.`,
  );
  const plain = await harness.call('POST', advice[0].href, {});
  expect([plain.status, plain.body.code, plain.body.error]).toEqual([
    409,
    'nothing_failed',
    `nothing to retry: every failure in it was handled: use from: "${from}" to run that task again`,
  ]);
  expect((await follow(advice[0], advice[0].body)).status).toBe(201);
});

it('a run that has failed and waits for something cannot finish well; cancelled, it says what failed', async () => {
  const id = await start({
    start: ['w', 'x'],
    tasks: [
      { name: 'w', action: 'core.wait_signal', input: { name: 'go' } },
      { name: 'x', action: 'core.http', input: { url: `${web.url}/status/404` } },
    ],
  });
  const lost = await until(
    () => explained(id),
    ({ can_finish }) => can_finish === false,
  );
  expect(lost.advice).toMatchObject([
    { code: 'failed', method: 'POST', href: `/api/v1/executions/${id}/cancel` },
    { text: '"w" waits for the signal "go".' },
  ]);
  expect(lost.advice[0].text).toMatch(
    /^It has failed and will close as failed once everything it waits for has ended: "x" failed with http_error \(.*404.*\)\. Cancel it to end the wait\.$/,
  );
  expect((await follow(lost.advice[0])).status).toBe(202);
  const { body } = await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    (answer) => answer.body.data.status === 'cancelled',
  );
  // Whoever cancelled it decided how it ended: the task that had failed is told in words.
  expect(body.data.result).toMatchObject({ error_code: 'CANCELLED' });
  expect(body.data.result.task ?? null).toBeNull();
  expect(body.data.result.error).toMatch(/^the run was cancelled; "x" had failed: .*404/);
});

it('an execution is shown as it was at any event of its history', async () => {
  const id = await start({
    variables: { step: 'none' },
    tasks: [
      { name: 'a', action: 'core.http', input: { url: `${web.url}/ok` }, publish: { step: 'a' } },
      { name: 'b', action: 'core.http', input: { url: `${web.url}/ok?after={{ step }}` }, publish: { step: 'b' } },
    ],
  });
  await until(
    () => explained(id),
    ({ status }) => status === 'completed',
  );
  const at = async (event: number) => (await harness.call('GET', `/api/v1/executions/${id}/at/${event}`)).body.data;
  const seen = (data: {
    status: string;
    variables: { step?: string };
    inputs: Record<string, { url: string }>;
    tasks: { key: string; status: string }[];
  }) => [
    data.status,
    data.variables.step,
    data.tasks.map(({ key, status }) => `${key} ${status}`),
    data.inputs.b?.url.split('?')[1],
  ];
  const { data: history } = (await harness.call('GET', `/api/v1/executions/${id}/history`)).body;
  const eventOf = (type: string, nth = 0) =>
    history.filter((event: { event_type: string }) => event.event_type === type)[nth].id;
  expect(seen(await at(1))).toEqual(['requested', undefined, [], undefined]);
  expect(seen(await at(eventOf('WorkflowTaskCompleted')))).toEqual(['running', 'none', ['a scheduled'], undefined]);
  expect(seen(await at(eventOf('ActivityTaskScheduled', 1)))).toEqual([
    'running',
    'a',
    ['a completed', 'b scheduled'],
    'after=a',
  ]);
  expect(seen(await at(history.at(-1).id))).toEqual(['completed', 'b', ['a completed', 'b completed'], 'after=a']);
  const beyond = await harness.call('GET', `/api/v1/executions/${id}/at/999`);
  expect([beyond.status, beyond.body.code]).toEqual([404, 'event_not_found']);
});

it('the transitions that an event decided upon are shown with their conditions and why they fired or not', async () => {
  const id = await start({
    tasks: [
      {
        name: 'a',
        action: 'core.transform',
        input: { data: 2 },
        next: [
          { when: '{{ a.output > 1 }}', do: 'b' },
          { when: '{{ a.output > 5 }}', do: 'fail' },
          { when: '{{ failed() }}', do: 'noop' },
        ],
      },
      { name: 'b', action: 'core.delay', input: { seconds: 0.1 }, next: [{ when: '{{ a.output }}', do: 'noop' }] },
    ],
  });
  await until(
    () => explained(id),
    ({ status }) => status === 'failed',
  );
  const path = `/api/v1/executions/${id}`;
  const { data: history } = (await harness.call('GET', `${path}/history`)).body;
  const completed = history.filter(({ event_type }: { event_type: string }) => event_type === 'WorkflowTaskCompleted');
  const at = async (event: number) => (await harness.call('GET', `${path}/at/${event}?trace=1`)).body.data.transitions;
  const none = { error: null, fired: false };
  const ofA = [
    { from: 'a', index: 0, when: '{{ a.output > 1 }}', to: ['b'], value: true, ...none, fired: true, reason: 'fired' },
    { from: 'a', index: 1, when: '{{ a.output > 5 }}', to: ['fail'], value: false, ...none, reason: 'false' },
    { from: 'a', index: 2, when: '{{ failed() }}', to: ['noop'], value: false, ...none, reason: 'false' },
  ];
  expect(await at(completed[0].id)).toMatchObject(ofA);
  const [first] = await at(completed[0].id);
  expect(first.read).toEqual([{ path: 'a.output', value: { bytes: 1, text: '2', truncated: false } }]);
  // Its commands belong to the workflow task; what follows does not.
  expect(await at(completed[0].id + 1)).toMatchObject(ofA);
  expect(await at(completed[1].id - 1)).toEqual([]);
  expect(await at(completed[1].id)).toMatchObject([
    { from: 'b', index: 0, when: '{{ a.output }}', to: ['noop'], value: null, fired: false, reason: 'error' },
  ]);
  expect((await harness.call('GET', `${path}/at/3`)).body.data).not.toHaveProperty('transitions');
});
