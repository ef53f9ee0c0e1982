import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPROVER_KEY, type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';
import { testRetryPlans } from './retry-plans.ts';

// Runs that go on where others stood. Each call of a task's action is counted by the server that it calls: nothing that was
// done is done twice.

let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('retries'), createWebServer()]);
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

let stored = 0;

/** A task that calls the server under its name, and fails while the server is told so. */
const call = (name: string, rest: object = {}) => ({
  name,
  action: 'core.http',
  input: { url: `${web.url}/counted/{{ workflow.param.run }}/${name}` },
  ...rest,
});

async function store(definition: object, version = '1.0.0', ref?: string): Promise<string> {
  stored += 1;
  const body = { pack_ref: 'examples', label: 'x', version, definition };
  if (ref !== undefined) {
    expect((await harness.call('PUT', `/api/v1/workflows/${ref}`, { version, definition })).status).toBe(200);
    return ref;
  }
  const made = `examples.retry${stored}`;
  const answer = await harness.call('POST', '/api/v1/workflows', { ...body, ref: made });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return made;
}

let runs = 0;
interface Run {
  id: number;
  name: string;
  data: Record<string, unknown> & { status: string; result: unknown; tasks: { key: string; status: string }[] };
}

async function start(ref: string, failing: string[], wait = 60): Promise<Run> {
  runs += 1;
  const name = `run${runs}`;
  web.fail(name, failing);
  const { body } = await harness.call('POST', '/api/v1/executions', { workflow: ref, parameters: { run: name }, wait });
  return { id: body.data.id, name, data: body.data };
}

async function retry(run: Run, body: object = {}): Promise<Run> {
  web.fail(run.name, []);
  const answer = await harness.call('POST', `/api/v1/executions/${run.id}/retry`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  const { id } = answer.body.data;
  const ended = await until(
    () => harness.call('GET', `/api/v1/executions/${id}`),
    ({ body: { data } }) => !['running', 'requested'].includes(data.status),
  );
  expect(ended.body.data.projection).toBe('complete');
  return { id, name: run.name, data: ended.body.data };
}

const counts = (run: Run) => web.counts(run.name);

describe('a retry from what failed', () => {
  it('of a list does what failed and what did not begin, and nothing twice', async () => {
    const ref = await store({ tasks: [call('a'), call('b'), call('c')] });
    const failed = await start(ref, ['b']);
    expect([failed.data.status, counts(failed)]).toEqual(['failed', { a: 1, b: 1 }]);
    const again = await retry(failed);
    expect([again.data.status, counts(again)]).toEqual(['completed', { a: 1, b: 2, c: 1 }]);
    expect(again.data.tasks.map(({ key, status }) => [key, status])).toEqual([
      ...[
        ['a', 'completed'],
        ['b', 'completed'],
        ['c', 'completed'],
      ],
    ]);
    const old = (await harness.call('GET', `/api/v1/executions/${failed.id}`)).body.data;
    expect([old.retried_as, again.data.retry_of, again.data.mode]).toEqual([[again.id], failed.id, 'retry']);
  });

  it('keeps handled failures, variables and the side that was done; a join waits for the rest', async () => {
    const ref = await store({
      variables: { seen: 'start' },
      output: { seen: '{{ seen }}', left: '{{ left.status }}' },
      tasks: [
        call('left', { on_failure: 'mend', publish: { seen: 'left' } }),
        call('mend', { on_success: 'both', publish: { seen: 'mended' } }),
        // Fails once the other side is done.
        { name: 'wait', action: 'core.wait_signal', input: { name: 'go' }, on_success: 'right' },
        call('right', { on_success: 'both' }),
        call('both', { join: 'all' }),
      ],
    });
    const failed = await start(ref, ['left', 'right'], 0);
    const path = `/api/v1/executions/${failed.id}`;
    await until(
      async () => (await harness.call('GET', path)).body.data.tasks,
      (tasks: Run['data']['tasks']) => tasks.some(({ key, status }) => key === 'mend' && status === 'completed'),
    );
    await harness.call('POST', `${path}/signal`, { name: 'go' });
    await until(
      () => harness.call('GET', path),
      ({ body }) => body.data.status === 'failed',
    );
    expect(counts(failed)).toEqual({ left: 1, mend: 1, right: 1 });
    const again = await retry(failed);
    expect([again.data.status, counts(again)]).toEqual(['completed', { left: 1, mend: 1, right: 2, both: 1 }]);
    expect(again.data.result).toEqual({ seen: 'mended', left: 'failed' });
  });

  it('of items runs only those without success', async () => {
    const ref = await store({
      tasks: [
        {
          name: 'each',
          action: 'core.http',
          with_items: ['x', 'y', 'z'],
          on_item_failure: 'finish',
          input: { url: `${web.url}/counted/{{ workflow.param.run }}/{{ item }}` },
        },
        call('after'),
      ],
    });
    const failed = await start(ref, ['y']);
    const again = await retry(failed);
    expect([again.data.status, counts(again)]).toEqual(['completed', { x: 1, y: 2, z: 1, after: 1 }]);
  });

  it('of a sub-workflow goes on inside it', async () => {
    const below = await store({ tasks: [call('one'), call('two'), call('three')] });
    const ref = await store({
      tasks: [
        call('before'),
        { name: 'sub', action: below, input: { run: '{{ workflow.param.run }}' } },
        call('after'),
      ],
    });
    const failed = await start(ref, ['two']);
    const again = await retry(failed);
    expect([again.data.status, counts(again)]).toEqual([
      ...['completed', { before: 1, one: 1, two: 2, three: 1, after: 1 }],
    ]);
  });

  it('of a sub-workflow whose code has changed asks its people again, and refuses kept tasks that differ', async () => {
    const asking = (last: object, first: object = {}) => ({
      tasks: [call('one', first), { name: 'ask', action: 'core.inquiry', input: { prompt: 'Deploy?' } }, last],
    });
    const below = await store(asking(call('deploy')));
    const ref = await store({ tasks: [{ name: 'sub', action: below, input: { run: '{{ workflow.param.run }}' } }] });
    const open = await start(ref, ['deploy'], 0);
    const asked = () => harness.call('GET', '/api/v1/inquiries?status=pending');
    const approve = async (of: number) => {
      const { body } = await until(asked, (answer) => answer.body.data[0]?.execution > of);
      const { id, execution, bound_to } = body.data[0];
      const headers = { 'x-api-key': APPROVER_KEY };
      const answer = await harness.call(
        'POST',
        `/api/v1/inquiries/${id}/respond`,
        { option: 'approve', bound_to },
        headers,
      );
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      return execution as number;
    };
    await approve(0);
    await until(
      () => harness.call('GET', `/api/v1/executions/${open.id}`),
      ({ body }) => body.data.status === 'failed',
    );
    web.fail(open.name, []);
    const again = (body: object) => harness.call('POST', `/api/v1/executions/${open.id}/retry`, body);
    // Nothing has changed: the decision is kept.
    const kept = await retry(open);
    expect([kept.data.status, counts(open)]).toEqual(['completed', { one: 1, deploy: 2 }]);
    await store(asking(call('evil')), '2.0.0', below);
    const missing = await again({ version: '1.0.0' });
    expect([missing.status, missing.body.code, missing.body.error]).toEqual([
      ...[422, 'state_kept', '/version the new version has no task "sub/deploy"'],
    ]);
    await store(asking({ ...call('evil'), name: 'deploy' }, { timeout: 9 }), '3.0.0', below);
    const differs = await again({ version: '1.0.0' });
    expect([differs.status, differs.body.error]).toEqual([
      ...[422, '/version the task "sub/one" has completed and differs in the new version'],
    ]);
    await store(asking({ ...call('evil'), name: 'deploy' }), '4.0.0', below);
    const { id } = (await again({ version: '1.0.0' })).body.data;
    const { body } = await until(asked, (answer) => answer.body.data.length > 0);
    expect([body.data[0].votes, counts(open)]).toEqual([[], { one: 1, deploy: 2 }]);
    await approve(0);
    await until(
      () => harness.call('GET', `/api/v1/executions/${id}`),
      (answer) => answer.body.data.status === 'completed',
    );
    expect(counts(open)).toEqual({ one: 1, deploy: 2, evil: 1 });
  });

  it('of a loop stays in its round', async () => {
    const ref = await store({
      start: ['work'],
      variables: { rounds: 0 },
      tasks: [
        call('work', { on_success: 'check', publish: { rounds: '{{ rounds + 1 }}' } }),
        call('check', {
          next: [{ when: 'succeeded() and rounds < 3', do: 'work' }, { when: 'succeeded() and rounds >= 3' }],
        }),
      ],
    });
    web.failAfter('check', 1);
    const failed = await start(ref, []);
    web.failAfter('check', Number.POSITIVE_INFINITY);
    expect([failed.data.status, counts(failed)]).toEqual(['failed', { work: 2, check: 2 }]);
    const again = await retry(failed);
    expect([again.data.status, counts(again)]).toEqual(['completed', { work: 3, check: 4 }]);
  });

  it('keeps what people have decided; who asks for the retry may not decide the next question', async () => {
    const ref = await store({
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: {} },
        call('go'),
        { name: 'more', action: 'core.inquiry', input: {} },
      ],
    });
    const run = await start(ref, ['go'], 0);
    const inquiry = async (id: number, index: number) =>
      (
        await until(
          () => harness.call('GET', `/api/v1/executions/${id}/inquiries`),
          ({ body }) => body.data.length > index,
        )
      ).body.data[index];
    const respond = (id: string, key: string) =>
      harness.call('POST', `/api/v1/inquiries/${id}/respond`, { option: 'approve' }, { 'x-api-key': key });
    expect((await respond((await inquiry(run.id, 0)).id, APPROVER_KEY)).status).toBe(200);
    await until(
      () => harness.call('GET', `/api/v1/executions/${run.id}`),
      ({ body }) => body.data.status === 'failed',
    );
    web.fail(run.name, []);
    const { key } = (await harness.call('POST', '/api/v1/keys', { subject: 'third', roles: ['operator'] })).body.data;
    const headers = { 'x-api-key': key };
    const { id } = (await harness.call('POST', `/api/v1/executions/${run.id}/retry`, {}, headers)).body.data;
    const kept = await inquiry(id, 0);
    expect([kept.status, kept.votes[0].by]).toEqual(['approved', 'approver']);
    const next = await inquiry(id, 1);
    expect((await respond(next.id, key)).body.code).toBe('self_approval');
    expect((await respond(next.id, 'fmt_test-key-of-the-developer')).body.code).toBe('self_approval');
    expect((await respond(next.id, APPROVER_KEY)).status).toBe(200);
    expect(counts(run)).toEqual({ go: 2 });
  });

  it('of a cancelled run does what was cancelled, without the cleanup that ran', async () => {
    const ref = await store({
      on_cancel: 'tidy',
      tasks: [call('a'), { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }, call('b'), call('tidy')],
    });
    const run = await start(ref, [], 0);
    await until(
      () => harness.call('GET', `/api/v1/executions/${run.id}`),
      ({ body }) => body.data.waiting_for[0]?.kind === 'signal',
    );
    await harness.call('POST', `/api/v1/executions/${run.id}/cancel`);
    await until(
      () => harness.call('GET', `/api/v1/executions/${run.id}`),
      ({ body }) => body.data.status === 'cancelled',
    );
    const { id } = (await harness.call('POST', `/api/v1/executions/${run.id}/retry`)).body.data;
    await harness.call('POST', `/api/v1/executions/${id}/signal`, { name: 'go' });
    await until(
      () => harness.call('GET', `/api/v1/executions/${id}`),
      ({ body }) => body.data.status === 'completed',
    );
    expect(counts(run)).toEqual({ a: 1, tidy: 1, b: 1 });
  });

  it('that fails is tried again in its turn, and the first run knows which retry succeeded', async () => {
    const ref = await store({ tasks: [call('a'), call('b')] });
    const first = await start(ref, ['b']);
    web.fail(first.name, ['b']);
    const { id: second } = (await harness.call('POST', `/api/v1/executions/${first.id}/retry`)).body.data;
    await until(
      () => harness.call('GET', `/api/v1/executions/${second}`),
      ({ body }) => body.data.status === 'failed',
    );
    const third = await retry({ ...first, id: second });
    expect([third.data.status, counts(third)]).toEqual(['completed', { a: 1, b: 3 }]);
    const answer = await fetch(`${harness.api.url}/mcp`, {
      method: 'POST',
      headers: {
        'x-api-key': APPROVER_KEY,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'list_executions', arguments: { workflowId: ref } },
      }),
    });
    const { result } = JSON.parse((await answer.text()).split('data: ')[1]!);
    expect(
      result.structuredContent.data.map(({ id, retryOf, retrySuccessId }: Record<string, number>) => [
        id,
        retryOf,
        retrySuccessId,
      ]),
    ).toEqual([
      [third.id, second, undefined],
      [second, first.id, third.id],
      [first.id, undefined, third.id],
    ]);
  });
});

describe('a retry from elsewhere', () => {
  it('from the start does everything again, with another input if it is given', async () => {
    const ref = await store({ tasks: [call('a'), call('b')] });
    const failed = await start(ref, ['b']);
    const again = await retry(failed, { from: 'start' });
    expect([again.data.status, counts(again)]).toEqual(['completed', { a: 2, b: 2 }]);
    runs += 1;
    const other = await harness.call('POST', `/api/v1/executions/${failed.id}/retry`, {
      from: 'start',
      input: { run: `run${runs}` },
    });
    expect(other.body.data.config).toEqual({ run: `run${runs}` });
  });

  it('from a task does it and what followed from it again, also of a run that succeeded', async () => {
    const ref = await store({
      tasks: [
        call('a', { on_success: ['b', 'side'] }),
        call('b', { on_success: 'c' }),
        call('c', { on_success: 'end' }),
        call('side', { on_success: 'end' }),
        call('end', { join: 'all' }),
      ],
    });
    const done = await start(ref, []);
    expect(done.data.status).toBe('completed');
    const again = await retry(done, { from: 'b' });
    expect([again.data.status, counts(again)]).toEqual(['completed', { a: 1, b: 2, side: 1, c: 2, end: 2 }]);
  });

  it('from a task that is named start does that again, not everything, and is advised so', async () => {
    const undo = { name: 'undo', action: 'core.noop', on_success: 'fail' };
    const ref = await store({
      tasks: [call('a', { on_success: 'start' }), call('start', { on_failure: 'undo' }), undo],
    });
    const failed = await start(ref, ['start']);
    const { advice } = (await harness.call('GET', `/api/v1/executions/${failed.id}/explain`)).body.data;
    expect(advice[0]).toMatchObject({
      text: expect.stringContaining('runs "start" and what followed'),
      body: { from: 'task:start' },
    });
    const again = await retry(failed, advice[0].body);
    expect([again.data.status, counts(again)]).toEqual(['completed', { a: 1, start: 2 }]);
  });

  it('with another version keeps what is the same in it', async () => {
    // An absent field equals its default.
    const ref = await store({ tasks: [call('a', { retry: { count: 0, delay: 0 } }), call('b')] });
    const failed = await start(ref, ['b']);
    const mended = { ...call('b2'), name: 'b' };
    await store({ tasks: [call('a', { retry: { count: 0 } }), mended, call('c')] }, '2.0.0', ref);
    const again = await retry(failed, { version: '2.0.0' });
    expect([again.data.status, again.data.version, counts(again)]).toEqual([
      'completed',
      '2.0.0',
      { a: 1, b: 1, b2: 1, c: 1 },
    ]);
    await store({ tasks: [call('a', { timeout: 7 }), call('b')] }, '3.0.0', ref);
    const refused = await harness.call('POST', `/api/v1/executions/${failed.id}/retry`, { version: '3.0.0' });
    expect([refused.status, refused.body.code, refused.body.issues[0].path]).toEqual([422, 'state_kept', '/version']);
    await store({ tasks: [call('a'), call('other')] }, '4.0.0', ref);
    const gone = await harness.call('POST', `/api/v1/executions/${failed.id}/retry`, { version: '4.0.0' });
    expect([gone.status, gone.body.error]).toEqual([422, '/version the new version has no task "b"']);
  });
});

describe('a retry is refused', () => {
  it('of what is open, of what has not failed, with another input, from no task, and without the permission', async () => {
    const ref = await store({ tasks: [call('a'), call('b')] });
    const failed = await start(ref, ['b']);
    const done = await start(ref, []);
    const open = (
      await harness.call('POST', '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'x' } })
    ).body.data;
    const rows: [number, object, number, string][] = [
      [open.id, {}, 409, 'execution_open'],
      [done.id, {}, 409, 'nothing_failed'],
      [failed.id, { input: { run: 'other' } }, 422, 'state_kept'],
      [failed.id, { from: 'nowhere' }, 422, 'state_kept'],
      [failed.id, { version: '9.9.9' }, 404, 'workflow_not_found'],
      [failed.id, { form: 'start' }, 400, 'request_invalid'],
      [1024, {}, 404, 'execution_not_found'],
    ];
    for (const [id, body, status, code] of rows) {
      const refused = await harness.call('POST', `/api/v1/executions/${id}/retry`, body);
      expect([id, refused.status, refused.body.code]).toEqual([id, status, code]);
    }
  });

  it('but made once for one Idempotency-Key', async () => {
    const ref = await store({ tasks: [call('a')] });
    const failed = await start(ref, ['a']);
    const headers = { 'idempotency-key': 'retry-once' };
    const ask = () => harness.call('POST', `/api/v1/executions/${failed.id}/retry`, {}, headers);
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    const other = await harness.call('POST', `/api/v1/executions/${failed.id}/retry`, { from: 'start' }, headers);
    expect(other.body.code).toBe('idempotency_mismatch');
  });
});

it('the Automation API links to the retry of what has failed, and makes it', async () => {
  const ref = await store({ tasks: [call('a'), call('b')] });
  const failed = await start(ref, ['b']);
  web.fail(failed.name, []);
  const { data } = (await harness.call('GET', `/api/v1/automation/executions/${failed.data.uuid}`)).body;
  expect(data._links.retry).toEqual({
    href: `/api/v1/automation/executions/${failed.data.uuid}/retry`,
    method: 'POST',
  });
  const made = await harness.call('POST', data._links.retry.href);
  expect(made.status).toBe(201);
  const again = await until(
    () => harness.call('GET', `/api/v1/automation/executions/${made.body.data.execution_id}`),
    ({ body }) => body.data.status === 'completed',
  );
  expect(again.body.data._links.retry).toBeUndefined();
  expect(counts(failed)).toEqual({ a: 1, b: 2 });
});

testRetryPlans({ harness: () => harness, web: () => web, store, start, call });
