import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// The Executions API and the Management API, request by request as they write them: fields that they name, and errors in their words. What
// stands beyond the documents is named, so that nothing is added by accident. The other APIs have tests next to their subjects.

let harness: ApiHarness;
const ids = { parent: 0, done: 0, failed: 0 };
const BEYOND_DETAIL = [
  ...[
    '_links',
    'attempt',
    'authentic',
    'cause',
    'config_bytes',
    'statements',
    'expired',
    'partial',
    'last_event',
    'memo',
    'mode',
    'parent_task',
    'projection',
    'result_bytes',
    'revision',
    'run_id',
    'schedule',
    'scheduled_at',
  ],
  ...['retry_of', 'retry_reason', 'retried_as'],
  ...[
    'signals',
    'signals_dropped',
    'signals_refused',
    'tags',
    'task',
    'tasks',
    'tasks_next',
    'tasks_total',
    'uuid',
    'version',
    'waiting_for',
    'workflow_id',
  ],
];
const SUMMARY = ['action_ref', 'created', 'enforcement', 'id', 'parent', 'state', 'status', 'updated'];
const DETAIL = [...SUMMARY, 'action', 'config', 'executor', 'result'];

const get = async (path: string) => harness.call('GET', path);
const run = async (body: object) => (await harness.call('POST', '/api/v1/executions', { wait: 60, ...body })).body.data;

beforeAll(async () => {
  harness = await createApiHarness('docs');
  const definition = (tasks: object[]) => ({
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    enabled: true,
    definition: { tasks },
  });
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.child',
    ...definition([{ name: 'one', action: 'core.noop' }]),
  });
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.parent',
    ...definition([{ name: 'below', action: 'examples.child' }]),
  });
  ids.parent = (await run({ workflow: 'examples.parent', enforcement: 42 })).id;
  ids.done = (await run({ action_ref: 'core.transform', parameters: { data: { success: true } } })).id;
  ids.failed = (await run({ action_ref: 'core.fail', parameters: { message: 'Connection timeout' } })).id;
  await until(
    () => get(`/api/v1/executions?parent=${ids.parent}`),
    ({ body }) => body.data.length === 2 && body.data.every(({ status }: { status: string }) => status === 'completed'),
  );
});
afterAll(() => harness.close());

describe('the Executions API', () => {
  it('one execution has the fields of its data model', async () => {
    const { body } = await get(`/api/v1/executions/${ids.done}`);
    expect(Object.keys(body.data).sort()).toEqual([...DETAIL, ...BEYOND_DETAIL].sort());
    expect(body.data).toMatchObject({
      id: ids.done,
      action: null,
      action_ref: 'core.transform',
      parent: null,
      enforcement: null,
      config: { data: { success: true } },
      status: 'completed',
      result: { success: true },
      executor: expect.any(Number),
    });
    expect(body.data.updated > body.data.created).toBe(true);
  });

  it('a failed one tells error, error code and stack trace', async () => {
    const { result } = (await get(`/api/v1/executions/${ids.failed}`)).body.data;
    expect(result).toMatchObject({ error: 'Connection timeout', error_code: 'ACTION_ERROR', stack_trace: null });
  });

  it.each([
    ['', 1],
    ['?status=completed', 1],
    ['?action_ref=core.transform', 1],
    ['?pack_name=core', 1],
    ['?result_contains=TIMEOUT', 1],
    ['?pack_name=monitoring&status=failed&result_contains=timeout&page=2&per_page=50', 2],
    ['?per_page=100', 1],
    ['?action_ref=core.fail&status=failed', 1],
    ['/status/running', 1],
    ['/status/failed', 1],
    ['/status/completed?page=1&per_page=50', 1],
    ['/enforcement/42', 1],
  ])('GET /api/v1/executions%s answers a page of summaries', async (query, page) => {
    const { status, body } = await get(`/api/v1/executions${query}`);
    expect(status).toBe(200);
    expect(body.pagination).toEqual({
      page,
      page_size: expect.any(Number),
      total_items: expect.any(Number),
      total_pages: expect.any(Number),
    });
    for (const row of body.data) expect(Object.keys(row).sort()).toEqual(SUMMARY);
    const expected = /monitoring|running/.test(query) ? 0 : 1;
    expect(body.data.length).toBeGreaterThanOrEqual(expected);
  });

  it('leads from a parent to what it has started, and from an enforcement to its executions', async () => {
    const below = (await get(`/api/v1/executions?parent=${ids.parent}`)).body.data;
    expect(below.map(({ action_ref }: { action_ref: string }) => action_ref)).toEqual([
      'examples.child',
      'examples.child',
    ]);
    for (const row of below) expect(row.parent).toBe(ids.parent);
    const enforced = (await get('/api/v1/executions/enforcement/42')).body.data;
    expect(enforced.map(({ id }: { id: number }) => id)).toContain(ids.parent);
  });

  it.each([
    ...['requested', 'scheduling', 'scheduled', 'running', 'completed'],
    ...['failed', 'canceling', 'cancelled', 'timeout', 'abandoned'],
  ])('knows the status %s', async (status) => {
    expect((await get(`/api/v1/executions/status/${status}`)).status).toBe(200);
    expect((await get(`/api/v1/executions?status=${status}`)).status).toBe(200);
  });

  it('statistics have every key, and add up', async () => {
    const { data } = (await get('/api/v1/executions/stats')).body;
    expect(Object.keys(data).sort()).toEqual(
      ['abandoned', 'cancelled', 'completed', 'failed', 'pending', 'running', 'timeout', 'total'].sort(),
    );
    const { total, ...kinds } = data as Record<string, number>;
    expect(Object.values(kinds).reduce((sum, one) => sum + one, 0)).toBe(total);
  });

  it('errors are in its words', async () => {
    const missing = await get('/api/v1/executions/999');
    expect([missing.status, missing.body]).toMatchObject([
      404,
      { error: 'Execution with ID 999 not found', status: 404 },
    ]);
    for (const path of ['/api/v1/executions/status/invalid_status', '/api/v1/executions?status=invalid_status']) {
      const invalid = await get(path);
      expect([invalid.status, invalid.body]).toMatchObject([
        400,
        { error: 'Invalid execution status: invalid_status', status: 400 },
      ]);
    }
  });
});

describe('the Management API', () => {
  const EXECUTION = [
    ...[
      'execution_time',
      'run_id',
      'start_time',
      'state',
      'status',
      'task_queue',
      'user',
      'workflow_id',
      'workflow_type',
    ],
  ];

  it.each(['', '/api/v1'])('starts, shows, cancels and terminates below "%s", in its bodies', async (prefix) => {
    const start = async () => {
      const input = { name: 'never' };
      const { status, body } = await harness.call('POST', `${prefix}/execution`, {
        workflow: 'core.wait_signal',
        input,
      });
      expect([status, Object.keys(body).sort(), body.status]).toEqual([
        200,
        ['run_id', 'status', 'workflow_id'],
        'running',
      ]);
      return body.workflow_id as string;
    };
    const id = await start();
    const { body } = await until(
      () => get(`${prefix}/execution/${id}`),
      (answer) => answer.body.history.length >= 3,
    );
    expect(Object.keys(body).sort()).toEqual([...EXECUTION, 'history'].sort());
    expect(body).toMatchObject({ workflow_id: id, status: 'running', workflow_type: { name: 'core.wait_signal' } });
    expect([body.user, body.execution_time]).toEqual(['dev', expect.stringMatching(/^PT([\d.]+[HMS])+$/)]);
    expect(body.history[0]).toEqual({ event_type: 'WorkflowExecutionStarted', timestamp: body.start_time });
    expect((await get(`${prefix}/execution/${id}/cancel`)).body).toEqual({
      status: 'ok',
      message: 'Workflow cancellation signal sent',
    });
    const other = await start();
    expect((await get(`${prefix}/execution/${other}/terminate`)).body).toEqual({
      status: 'ok',
      message: 'Workflow termination signal sent',
    });
    const ended = await until(
      () => Promise.all([id, other].map((one) => get(`${prefix}/execution/${one}`))),
      (answers) => answers.every((answer) => answer.body.status !== 'running'),
    );
    expect(ended.map((answer) => answer.body.status)).toEqual(['cancelled', 'terminated']);
    expect((await get(`${prefix}/execution/${id}/cancel`)).status).toBe(409);
  });

  it("lists the caller's own open executions", async () => {
    await harness.call('POST', '/execution', { workflow: 'core.wait_signal', input: { name: 'never' } });
    const { executions } = (await get('/executions')).body;
    expect(executions).toHaveLength(1);
    expect(Object.keys(executions[0]).sort()).toEqual(EXECUTION);
  });
});
