import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseExecutionId } from '../../../model/execution-id.ts';
import { createExecutionStore } from '../../../store/executions/executions.ts';
import { callTool } from '../faces/mcp-call.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { settleAll } from '../support/settle-all.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';

let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('controls'), createWebServer()]);
  await harness.call('POST', '/api/v1/actions', {
    ref: 'examples.unserved',
    pack_ref: 'examples',
    label: 'x',
    task_queue: 'nobody-serves-it',
  });
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.three',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'a', action: 'core.http', input: { url: `${web.url}/wait` } },
        { name: 'b', action: 'core.delay', input: { seconds: 3600 } },
        { name: 'c', action: 'core.transform', input: { data: '{{ b.output }} {{ b.status }}' } },
      ],
    },
  });
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

const get = async (id: number) => (await harness.call('GET', `/api/v1/executions/${id}`)).body.data;
const post = (id: number, verb: string, body: object = {}) =>
  harness.call('POST', `/api/v1/executions/${id}/${verb}`, body);

const store = (ref: string, definition: object) =>
  harness.call('POST', '/api/v1/workflows', {
    ref,
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition,
  });
const start = async (workflow: string) => (await harness.call('POST', '/api/v1/executions', { workflow })).body.data;
const childOf = async (id: number): Promise<number> =>
  (
    await until(
      () => get(id),
      // Its run is there once it has started.
      ({ tasks }) => tasks[0]?.started != null,
    )
  ).tasks[0].child;
const stateOf = (data: { tasks: { key: string; state: string }[] }, key: string) =>
  data.tasks.find((task) => task.key === key)?.state;

it('a run is paused, shown so, resumed, and a task in it is relieved of its wait', async () => {
  const { id, workflow_id } = (await harness.call('POST', '/api/v1/executions', { workflow: 'examples.three' })).body
    .data;
  await until(
    () => get(id),
    ({ tasks }) => tasks[0]?.status === 'running',
  );
  const paused = await post(id, 'pause', { reason: 'maintenance' });
  expect([paused.status, paused.body.data.waiting_for[0]]).toMatchObject([
    202,
    { kind: 'pause', detail: 'paused by dev: maintenance' },
  ]);
  const again = await post(id, 'pause');
  expect([again.status, again.body.code]).toEqual([409, 'execution_paused']);
  // Each document has its own word for it.
  expect(paused.body.data.status).toBe('running');
  expect((await harness.call('GET', `/execution/${workflow_id}`)).body.status).toBe('running');
  await until(
    () => harness.call('GET', '/api/v1/executions?status=paused'),
    ({ body }) => body.data.some((row: { id: number }) => row.id === id),
  );
  web.open();
  await until(
    () => get(id),
    ({ tasks }) => tasks[0]?.status === 'completed',
  );
  expect((await get(id)).tasks).toHaveLength(1);
  expect((await post(id, 'resume')).status).toBe(202);
  const waiting = await until(
    () => get(id),
    ({ waiting_for: waits }) => waits[0]?.kind === 'timer',
  );
  expect(waiting.waiting_for[0].task).toBe('b');
  expect(waiting.tasks.map(({ key, can_skip }: { key: string; can_skip: boolean }) => [key, can_skip])).toEqual([
    ['a', false],
    ['b', true],
  ]);
  const { body: rows } = await harness.call('GET', `/api/v1/executions/${id}/tasks`);
  expect(rows.data).toMatchObject([{ can_skip: false }, { can_skip: true }]);
  const { body: one } = await harness.call('GET', `/api/v1/executions/${id}/tasks/b`);
  expect([one.data.can_skip, waiting.can_skip, one.data.ended]).toEqual([true, undefined, null]);
  const wrong = await post(id, 'tasks/a/skip');
  expect([wrong.status, wrong.body.code]).toEqual([409, 'task_not_waiting']);
  const skipped = await post(id, 'tasks/b/skip', { output: 'enough' });
  expect(skipped.status).toBe(202);
  const ended = await until(
    () => get(id),
    ({ status }) => status === 'completed',
  );
  expect([ended.result, ended.projection]).toEqual(['enough skipped', 'complete']);
  expect(ended.tasks.some(({ can_skip }: { can_skip: boolean }) => can_skip)).toBe(false);
  const { body: over } = await harness.call('GET', `/api/v1/executions/${id}/tasks/b`);
  expect(over.data.skipped_by).toBe('dev');
  expect(ended.tasks.map(({ key, skipped_by }: Record<string, string>) => [key, skipped_by])).toEqual([
    ['a', null],
    ['b', 'dev'],
    ['c', null],
  ]);
  for (const verb of ['pause', 'resume', 'tasks/b/skip']) {
    const closed = await post(id, verb);
    expect([verb, closed.status, closed.body.code]).toEqual([verb, 409, 'execution_closed']);
  }
});

it('a run that is paused, and one that was skipped, say so in every answer', async () => {
  await store('examples.waits', { tasks: [{ name: 'w', action: 'core.wait_signal', input: { name: 'go' } }] });
  await store('examples.never', { when: 'false', tasks: [{ name: 'w', action: 'core.noop' }] });
  const paused = await start('examples.waits');
  const never = await start('examples.never');
  expect((await post(paused.id, 'pause')).body.data).toMatchObject({ status: 'running', state: 'paused' });
  const tool = async (name: string, args: object) =>
    (await callTool(harness.api.url, DEV_KEY, name, args)).structuredContent;
  for (const [{ id, uuid, workflow_id }, state] of [
    [paused, 'paused'],
    [never, 'skipped'],
  ]) {
    await until(
      () => get(id),
      (data) => data.state === state,
    );
    const { body } = await until(
      () => harness.call('GET', `/api/v1/executions?status=${state}`),
      (answer) => answer.body.data.some((row: { id: number }) => row.id === id),
    );
    const mine = (rows: Record<string, unknown>[], field = 'id', value = id) =>
      rows.find((row) => row[field] === value)?.state;
    const exported = (await harness.call('GET', '/api/v1/executions/export?format=json')).body;
    const automation = '/api/v1/automation/executions';
    expect({
      list: mine(body.data),
      export: mine(exported),
      automation: (await harness.call('GET', `${automation}/${uuid}`)).body.data.state,
      automations: mine((await harness.call('GET', automation)).body.data, 'execution_id', uuid),
      managed: (await harness.call('GET', `/execution/${workflow_id}`)).body.state,
      tool: (await tool('get_execution', { id })).state,
      tools: mine((await tool('list_executions', {})).data),
    }).toEqual({
      list: state,
      export: state,
      automation: state,
      automations: state,
      managed: state,
      tool: state,
      tools: state,
    });
  }
  const listed = (await harness.call('GET', '/executions')).body.executions;
  expect(listed.find((row: { workflow_id: string }) => row.workflow_id === paused.workflow_id).state).toBe('paused');
  await post(paused.id, 'resume');
  expect((await post(paused.id, 'tasks/w/skip')).status).toBe(202);
  const { tasks } = await until(
    () => get(paused.id),
    ({ state }) => state === 'completed',
  );
  expect(tasks[0]).toMatchObject({ status: 'completed', state: 'skipped' });
  const children = (await harness.call('GET', `/api/v1/executions?parent=${paused.id}`)).body.data;
  expect(children).toMatchObject([{ id: tasks[0].id, status: 'completed', state: 'skipped' }]);
  const { data } = await tool('get_execution', { id: paused.id, includeData: true });
  expect(data.resultData.runData.w[0].state).toBe('skipped');
});

it('a pause holds back the attempts that Temporal makes, in sub-workflows too, until a resume', async () => {
  const system = await createWebServer();
  system.fail('paused', ['call']);
  await store('examples.calls', {
    start: ['failing', 'busy', 'queued'],
    tasks: [
      {
        name: 'failing',
        action: 'core.http',
        input: { url: `${system.url}/counted/paused/call` },
        retry: { count: 90, delay: 1 },
      },
      {
        name: 'busy',
        action: 'core.http',
        input: { url: `${system.url}/wait/503` },
        retry: { count: 3, delay: 1 },
      },
      { name: 'queued', action: 'examples.unserved', on_failure: 'noop' },
    ],
  });
  await store('examples.calling', { tasks: [{ name: 'below', action: 'examples.calls' }] });
  const above = await start('examples.calling');
  const child = await childOf(above.id);
  await until(
    () => get(child),
    (data) =>
      data.tasks.some(({ key, attempts }: { key: string; attempts: object[] }) => key === 'failing' && attempts[0]) &&
      stateOf(data, 'busy') === 'running',
  );
  expect((await post(above.id, 'pause', { reason: 'the system is down' })).status).toBe(202);
  const paused = await until(
    () => get(child),
    (data) => stateOf(data, 'failing') === 'paused' && stateOf(data, 'queued') === 'paused',
  );
  // An attempt that had begun goes on to its end.
  expect([paused.state, stateOf(paused, 'busy')]).toEqual(['paused', 'running']);
  const { call: calls } = system.counts('paused');
  system.open();
  await until(
    () => get(child),
    (data) => stateOf(data, 'busy') === 'paused',
  );
  await harness.stopWorker();
  await harness.startWorker();
  const meanwhile = { action_ref: 'core.delay', parameters: { seconds: 3 }, wait: 60 };
  expect((await harness.call('POST', '/api/v1/executions', meanwhile)).body.data.status).toBe('completed');
  expect([system.counts('paused').call, system.asked.filter((path) => path === '/wait/503').length]).toEqual([
    calls,
    1,
  ]);
  const { advice } = (await harness.call('GET', `/api/v1/executions/${child}/explain`)).body.data;
  expect(advice).toContainEqual({
    code: null,
    body: null,
    text: 'The next attempt of "busy" is held back while the run is paused. Resume the run to let it start.',
    method: 'POST',
    href: `/api/v1/executions/${child}/resume`,
  });
  system.fail('paused', []);
  expect((await post(above.id, 'resume')).status).toBe(202);
  const resumed = await until(
    () => get(child),
    (data) => ['busy', 'failing', 'queued'].map((key) => stateOf(data, key)).join() === 'completed,completed,scheduled',
  );
  expect(resumed.state).toBe('running');
  expect(system.counts('paused').call).toBe(calls! + 1);
  await post(above.id, 'terminate');
  await system.close();
});

it('a skip ends the wait for an attempt that Temporal makes, also while the run is paused', async () => {
  await store('examples.retried', {
    output: ['{{ hold.output }}', '{{ hold.status }}'],
    tasks: [
      {
        name: 'hold',
        action: 'core.http',
        input: { url: `${web.url}/status/503` },
        retry: { count: 2, delay: 3600 },
      },
    ],
  });
  for (const pausing of [false, true]) {
    const { id } = await start('examples.retried');
    await until(
      () => get(id),
      ({ waiting_for: waits }) => waits[0]?.kind === 'retry',
    );
    const { advice } = (await harness.call('GET', `/api/v1/executions/${id}/explain`)).body.data;
    expect(advice[0].href).toBe(`/api/v1/executions/${id}/tasks/hold/skip`);
    if (pausing) expect((await post(id, 'pause')).status).toBe(202);
    expect((await post(id, 'tasks/hold/skip', { output: 'enough' })).status).toBe(202);
    if (pausing) {
      await until(
        () => get(id),
        ({ tasks }) => tasks[0]?.state === 'skipped',
      );
    }
    const ended = await until(
      () => get(id),
      ({ status }) => status === 'completed',
    );
    expect([ended.result, ended.tasks[0].attempts.length, ended.tasks[0].state]).toEqual([
      ['enough', 'skipped'],
      1,
      'skipped',
    ]);
  }
});

it('a resume leaves a sub-workflow paused that somebody has paused by itself', async () => {
  await store('examples.signalled', { tasks: [{ name: 'w', action: 'core.wait_signal', input: { name: 'go' } }] });
  await store('examples.two', {
    start: ['one', 'other'],
    tasks: [
      { name: 'one', action: 'examples.signalled' },
      { name: 'other', action: 'examples.signalled' },
    ],
  });
  const { id } = await start('examples.two');
  const { tasks } = await until(
    () => get(id),
    (data) =>
      data.tasks.length === 2 && data.tasks.every(({ started }: { started: string | null }) => started !== null),
  );
  const [one, other] = tasks.map(({ child }: { child: number }) => child);
  await until(
    () => get(other),
    ({ state }) => state === 'waiting',
  );
  expect((await post(other, 'pause')).status).toBe(202);
  const states = async () => Promise.all([id, one, other].map(async (each) => (await get(each)).state));
  // A request passes it on for some seconds, and a busy machine takes longer.
  const reach = (wanted: string[]) => until(states, (now) => now.join() === wanted.join());
  expect((await post(id, 'pause')).status).toBe(202);
  await reach(['paused', 'paused', 'paused']);
  expect((await post(id, 'resume')).status).toBe(202);
  await reach(['running', 'waiting', 'paused']);
  await post(id, 'terminate');
});

it('a pause that no request could pass on reaches a sub-workflow when its row in the index is looked at', async () => {
  await store('examples.awaited', { tasks: [{ name: 'w', action: 'core.wait_signal', input: { name: 'go' } }] });
  await store('examples.awaiting', { tasks: [{ name: 'one', action: 'examples.awaited' }] });
  const { id } = await start('examples.awaiting');
  const child = await childOf(id);
  await until(
    () => get(child),
    ({ state }) => state === 'waiting',
  );
  // The request is over before the run can take the pause.
  await harness.stopWorker();
  expect((await post(id, 'pause', { reason: 'maintenance' })).status).toBe(202);
  await harness.startWorker();
  await until(
    () => get(id),
    ({ state }) => state === 'paused',
  );
  expect((await get(child)).state).toBe('waiting');
  const index = createExecutionStore(harness.database.db);
  const { waiting_for: waits } = await until(
    async () => {
      await index.mark(parseExecutionId(String(child))!.n);
      return get(child);
    },
    ({ state }) => state === 'paused',
  );
  expect(waits[0]).toMatchObject({ kind: 'pause', detail: 'paused by dev: maintenance' });
  await post(id, 'terminate');
});

it('a run without a worker is paused once it has one', async () => {
  const { id } = (
    await harness.call('POST', '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'go' } })
  ).body.data;
  await until(
    () => get(id),
    ({ waiting_for: waits }) => waits.length > 0,
  );
  await harness.stopWorker();
  // Once the pause is on its way, a resume is not one of a run that is not paused. Each waits for seconds for a worker.
  const [asked] = await settleAll([
    post(id, 'pause'),
    until(
      () => post(id, 'resume'),
      ({ status }) => status === 202,
    ),
  ]);
  expect([asked!.status, asked!.body.data.waiting_for.some(({ kind }: { kind: string }) => kind === 'pause')]).toEqual([
    202,
    false,
  ]);
  await harness.startWorker();
  const { waiting_for: waits } = await until(
    () => get(id),
    ({ statements }) => statements.accepted === 2,
  );
  expect(waits).not.toContainEqual(expect.objectContaining({ kind: 'pause' }));
  const not = await post(id, 'resume');
  expect([not.status, not.body.code]).toEqual([409, 'execution_not_paused']);
});
