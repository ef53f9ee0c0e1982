import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';

let harness: ApiHarness;
let id: number;
beforeAll(async () => {
  harness = await createApiHarness('histories');
  const started = await harness.call('POST', '/api/v1/executions', {
    action_ref: 'core.log',
    parameters: { message: 'hello', data: [1] },
    wait: 60,
  });
  ({ id } = started.body.data);
});
afterAll(() => harness.close());

const read = async (path: string) => (await harness.call('GET', `/api/v1/executions/${id}/${path}`)).body;

it('the log of a run tells what has happened and what it said, in parts', async () => {
  const { data, next_cursor: end } = await read('logs');
  expect(end).toBeNull();
  expect(data).toMatchObject([
    { level: 'info', message: '"core.log" started', task: null, attempt: null, metadata: null },
    { level: 'info', message: 'hello', task: 'run_log', metadata: { data: [1] } },
    { level: 'info', message: '"core.log" ended as completed' },
  ]);
  const first = await read('logs?limit=2');
  expect([first.data, first.next_cursor]).toEqual([data.slice(0, 2), '2']);
  expect(await read(`logs?limit=2&cursor=${first.next_cursor}`)).toEqual({ data: data.slice(2), next_cursor: null });
  expect(await read('logs?task=run_log')).toEqual({ data: data.slice(1, 2), next_cursor: null });
  expect((await read('logs?task=nobody')).data).toEqual([]);
});

it("the history is Temporal's, with its payloads decoded", async () => {
  const { data } = await read('history');
  expect(data.map(({ id: number, event_type: type }: { id: number; event_type: string }) => [number, type])).toEqual([
    [1, 'WorkflowExecutionStarted'],
    [2, 'WorkflowTaskScheduled'],
    [3, 'WorkflowTaskStarted'],
    [4, 'WorkflowTaskCompleted'],
    [5, 'WorkflowExecutionCompleted'],
  ]);
  const [started] = data;
  expect(started.attributes.input[0]).toEqual({ message: 'hello', data: [1] });
  expect(started.attributes.workflowType).toEqual({ name: 'core.log' });
  expect(started.attributes.memo.fields.fermata).toMatchObject({ ref: 'core.log', owner: 'dev' });
  expect((await read('history?limit=2&cursor=2')).data[0].id).toBe(3);
});

it.each(['logs', 'history'])('%s of nobody, and with a wrong cursor, are refused', async (path) => {
  const missing = await harness.call('GET', `/api/v1/executions/1024/${path}`);
  expect([missing.status, missing.body.code]).toEqual([404, 'execution_not_found']);
  const wrong = await harness.call('GET', `/api/v1/executions/${id}/${path}?cursor=x`);
  expect([wrong.status, wrong.body.issues[0].path]).toEqual([400, '/cursor']);
});
