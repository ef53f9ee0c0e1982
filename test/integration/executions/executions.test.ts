import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseExecutionId } from '../../../model/execution-id.ts';
import { SESSION_PATH } from '../../../service/access/sessions.ts';
import { createPrincipalStore } from '../../../store/access/principals.ts';
import { type Answer, APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { createWebServer, type WebServer } from '../support/web-server.ts';

let harness: ApiHarness;
let web: WebServer;
beforeAll(async () => {
  [harness, web] = await Promise.all([createApiHarness('executions'), createWebServer()]);
  await define('wait', [{ name: 'wait', action: 'core.http', input: { url: '{{ workflow.param.url }}' } }]);
  await define('checked', [{ name: 'a', action: 'core.transform', input: '{{ parameters }}' }], {
    param_schema: {
      type: 'object',
      properties: { n: { type: 'integer', minimum: 1 }, name: { type: 'string', default: 'nobody' } },
      required: ['n'],
      additionalProperties: false,
    },
  });
});
afterAll(async () => {
  web.open();
  await harness.close();
  await web.close();
});

async function define(name: string, tasks: object[], rest: object = {}): Promise<void> {
  const { status, body } = await harness.call('POST', '/api/v1/workflows', {
    ref: `examples.${name}`,
    pack_ref: 'examples',
    label: name,
    version: '1.0.0',
    definition: { tasks },
    ...rest,
  });
  expect(status, JSON.stringify(body)).toBe(201);
}

const start = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  harness.call('POST', '/api/v1/executions', body, headers);
const get = (id: number | string): Promise<Answer> => harness.call('GET', `/api/v1/executions/${id}`);
const startWaiting = async (): Promise<number> => {
  const { body } = await start({ action_ref: 'examples.wait', parameters: { url: `${web.url}/wait` } });
  await until(
    () => get(body.data.id),
    ({ body: now }) => now.data.tasks[0]?.status === 'running',
  );
  return body.data.id;
};

describe('starting', () => {
  it('answers 201 with the execution, which then completes', async () => {
    const { status, body, headers } = await start({
      action_ref: 'examples.first_run',
      parameters: { url: `${web.url}/ok`, name: 'test' },
      enforcement: 42,
      tags: ['one'],
    });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/v1/executions/${body.data.id}`);
    expect(body.data).toMatchObject({ action_ref: 'examples.first_run', enforcement: 42, parent: null, tags: ['one'] });
    expect(body.data.config).toEqual({ url: `${web.url}/ok`, name: 'test' });
    const { body: after } = await until(
      () => get(body.data.id),
      ({ body: now }) => now.data.status === 'completed',
    );
    expect(after.data.result).toEqual({ report: { greeting: 'Hello, test', status_code: 200, answer: { ok: true } } });
    expect(after.data.updated).not.toBe(after.data.created);
    expect(after.data.tasks.map(({ key, status: is }: { key: string; status: string }) => [key, is])).toEqual([
      ['call', 'completed'],
      ['report', 'completed'],
    ]);
    expect(after.data.tasks[0].attempts).toHaveLength(1);
    expect(after.data.projection).toBe('complete');
  });

  it('waits for the run to close when it is asked to', async () => {
    const { body } = await start({ workflow: 'examples.first_run', input: { url: `${web.url}/ok` }, wait: 60 });
    expect(body.data.status).toBe('completed');
    expect(body.data.result.report.greeting).toBe('Hello, world');
  });

  it.each([
    ['core.noop', {}, 'completed'],
    ['core.fail', { message: 'as it should' }, 'failed'],
  ])(
    'answers what a read says, and finds that out from the history alone, of %s',
    async (action_ref, parameters, status) => {
      const describe = vi.spyOn(harness.connection.workflowService, 'describeWorkflowExecution');
      const { body } = await start({ action_ref, parameters, wait: 60 });
      const { id, workflow_id } = body.data;
      expect(describe.mock.calls.filter(([{ execution }]) => execution?.workflowId === workflow_id)).toEqual([]);
      describe.mockRestore();
      expect(body.data.status).toBe(status);
      expect((await harness.call('GET', '/api/v1/executions?per_page=1')).body.data[0]).toMatchObject({ id, status });
      expect((await get(id)).body).toEqual(body);
    },
  );

  it.each([
    ['removed', false],
    ['terminated and removed', true],
  ])('says so when the run is %s while it is waited for', async (_, isTerminated) => {
    const name = `never-${isTerminated}`;
    const waiting = start({ action_ref: 'core.wait_signal', parameters: { name }, wait: 60 });
    const { body } = await until(
      () => harness.call('GET', '/api/v1/executions?action_ref=core.wait_signal&status=running'),
      (listed) => listed.body.data.length === 1,
    );
    const workflowExecution = { workflowId: (await get(body.data[0].id)).body.data.workflow_id };
    const { workflowService } = harness.connection;
    const request = { namespace: 'executions', workflowExecution };
    if (isTerminated) await workflowService.terminateWorkflowExecution(request);
    await workflowService.deleteWorkflowExecution(request);
    const answer = await waiting;
    expect([answer.status, answer.body.data?.status]).toEqual([201, 'cancelled']);
  });

  it('runs a plain action as a run of one task', async () => {
    const input = { url: `${web.url}/echo`, method: 'POST', body: { a: '{{ not a template }}' } };
    const { body } = await start({ action_ref: 'core.http', parameters: input, wait: 60 });
    expect(body.data).toMatchObject({ status: 'completed', action: null, action_ref: 'core.http', version: null });
    expect(JSON.parse(body.data.result.body.body)).toEqual({ a: '{{ not a template }}' });
  });

  it('fails with the failure of the task, its code and what was tried', async () => {
    const parameters = { url: `${web.url}/status/503` };
    const { body } = await start({ action_ref: 'core.http', parameters, wait: 60 });
    expect(body.data).toMatchObject({
      status: 'failed',
      result: { error_code: 'HTTP_503', stack_trace: null, task: 'run_http', output: null },
    });
    expect(body.data.tasks[0].error).toMatchObject({ type: 'http_error', code: 'HTTP_503', attempt: 1 });
    expect(body.data.tasks[0].error.details).toMatchObject({ status_code: 503, body: { was: 503 } });
  });

  it('fails a task whose input turns out wrong, with every path', async () => {
    const { body } = await start({
      action_ref: 'core.http',
      parameters: { url: 'nowhere', method: 'FETCH' },
      wait: 60,
    });
    expect(body.data.result.error_code).toBe('INPUT_INVALID');
    const paths = body.data.tasks[0].error.details.map(({ path }: { path: string }) => path);
    expect(paths.sort()).toEqual(['/method', '/url']);
  });

  it('applies the defaults of the schema, and refuses what does not match with every path', async () => {
    const { body } = await start({ action_ref: 'examples.checked', parameters: { n: 2 }, wait: 60 });
    expect(body.data.result).toEqual({ n: 2, name: 'nobody' });
    const refused = await start({ action_ref: 'examples.checked', input: { n: 0, extra: 1, name: 3 } });
    expect([refused.status, refused.body.code]).toEqual([400, 'input_invalid']);
    const paths = refused.body.issues.map(({ path }: { path: string }) => path);
    expect(paths.sort()).toEqual(['/input/extra', '/input/n', '/input/name']);
    const missing = await start({ action_ref: 'examples.checked' });
    expect(missing.body.issues[0]).toMatchObject({ code: 'required', path: '/parameters/n' });
  });

  it('keeps a run on the revision that it was started with', async () => {
    await define('moving', [{ name: 'wait', action: 'core.http', input: { url: `${web.url}/ok` } }]);
    const first = await start({ action_ref: 'examples.moving', wait: 60 });
    const definition = { tasks: [{ name: 'other', action: 'core.noop' }] };
    await harness.call('PUT', '/api/v1/workflows/examples.moving', { definition, version: '2.0.0' });
    const second = await start({ action_ref: 'examples.moving', wait: 60 });
    const old = await start({ action_ref: 'examples.moving', version: '1.0.0', wait: 60 });
    const shown = await get(first.body.data.id);
    expect([shown.body.data.revision, shown.body.data.tasks[0].name]).toEqual([1, 'wait']);
    expect([second.body.data.revision, second.body.data.tasks[0].name]).toEqual([2, 'other']);
    expect([old.body.data.revision, old.body.data.version]).toEqual([1, '1.0.0']);
  });

  it.each([
    [{ action_ref: 'examples.nothing' }, 404, 'workflow_not_found'],
    [{ action_ref: 'examples.first_run', version: '9.9.9' }, 404, 'workflow_not_found'],
    [{}, 400, 'request_invalid'],
    [{ action_ref: 'examples.first_run', workflow: 'examples.first_run' }, 400, 'request_invalid'],
    [{ action_ref: 'examples.first_run', parameters: [] }, 400, 'request_invalid'],
    [{ action_ref: 'examples.first_run', wat: 1 }, 400, 'request_invalid'],
    [{ action_ref: 5 }, 400, 'request_invalid'],
  ])('refuses %j with %i %s', async (request, status, code) => {
    const answer = await start(request);
    expect([answer.status, answer.body.code, answer.body.status]).toEqual([status, code, status]);
  });

  it('refuses a disabled workflow', async () => {
    await define('disabled', [{ name: 'a', action: 'core.noop' }], { enabled: false });
    const { status, body } = await start({ action_ref: 'examples.disabled' });
    expect([status, body.code]).toEqual([409, 'workflow_disabled']);
  });

  it('refuses an input that would not fit into a payload', async () => {
    const { status, body } = await start({ action_ref: 'core.noop', parameters: { big: 'x'.repeat(1_600_000) } });
    expect([status, body.code, body.issues[0].code]).toEqual([400, 'input_invalid', 'too_large']);
  });
});

describe('Idempotency-Key', () => {
  it('gives one run for one key, also to many at once, and refuses another body', async () => {
    const key = { 'idempotency-key': 'order-1' };
    const request = { action_ref: 'examples.first_run', parameters: { url: `${web.url}/ok` } };
    const answers = await Promise.all(Array.from({ length: 5 }, () => start(request, key)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.data.id}`)).size).toBe(1);
    const other = await start({ ...request, tags: ['x'] }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    const free = await start(request);
    expect(free.body.data.id).not.toBe(answers[0]?.body.data.id);
  });

  it('gives the same run once that has closed, whatever has become of its workflow', async () => {
    const key = { 'idempotency-key': '!~' };
    const workflow = { ref: 'examples.once', pack_ref: 'examples', label: 'x', version: '1.0.0' };
    const definition = { tasks: [{ name: 'a', action: 'core.noop' }] };
    await harness.call('POST', '/api/v1/workflows', { ...workflow, definition });
    const request = { workflow: 'examples.once', wait: 60 };
    const first = await start(request, key);
    expect(first.body.data.status).toBe('completed');
    await harness.call('PUT', '/api/v1/workflows/examples.once', { enabled: false });
    const again = await start(request, key);
    expect([again.status, again.body.data.id]).toEqual([201, first.body.data.id]);
    const other = await start({ ...request, input: { n: 1 } }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
    expect((await start(request)).body.code).toBe('workflow_disabled');
  });

  it.each([
    ['with a blank', 'on_failure wf_x'],
    ['with a tab', 'a\tb'],
    ['beyond ASCII', 'caf\u00e9'],
    ['that is empty', ''],
    ['of 201 characters', 'k'.repeat(201)],
  ])('refuses a key %s, for whatever it comes', async (_, value) => {
    for (const [path, body] of [
      ['/api/v1/executions', { workflow: 'core.noop' }],
      ['/api/v1/workflows/core.noop/execute', {}],
      ['/api/v1/executions/1024/signal', { name: 'go' }],
      ['/api/v1/executions/1024/retry', {}],
    ] as const) {
      const { status, body: refused } = await harness.call('POST', path, body, { 'idempotency-key': value });
      expect([path, status, refused.code]).toEqual([path, 400, 'request_invalid']);
    }
  });
});

describe('reading', () => {
  it('takes every spelling of an id', async () => {
    const { body } = await start({ action_ref: 'core.noop', wait: 60 });
    const { id, uuid, workflow_id } = body.data;
    expect(workflow_id).toBe(`wf_${uuid}`);
    for (const spelling of [id, uuid, workflow_id]) {
      expect((await get(spelling)).body.data.id).toBe(id);
    }
  });

  it.each(['999', '0', '-1', 'abc', 'wf_x', '9007199254740993', '018f0000-0000-7000-8000-000000000000', '%00', '1.5'])(
    'answers 404 for %s',
    async (id) => {
      const { status, body } = await get(id);
      expect([status, body.code]).toEqual([404, 'execution_not_found']);
    },
  );

  it('finds a run in the next list at once, and lists newest first', async () => {
    const { body } = await start({ action_ref: 'core.noop' });
    const { body: list } = await harness.call('GET', '/api/v1/executions?per_page=5');
    expect(list.data[0].id).toBe(body.data.id);
    expect(list.pagination).toMatchObject({ page: 1, page_size: 5 });
    expect(list.pagination.total_pages).toBe(Math.ceil(list.pagination.total_items / 5));
  });

  it('combines filters, and shows an outcome in the list within a second or two', async () => {
    const made = await start({
      action_ref: 'examples.first_run',
      parameters: { url: `${web.url}/ok`, name: 'Needle' },
      enforcement: 7,
    });
    const { id } = made.body.data;
    const ids = async (query: string) => {
      const { status, body } = await harness.call('GET', `/api/v1/executions?${query}`);
      expect(status, JSON.stringify(body)).toBe(200);
      return body.data.map((entry: { id: number }) => entry.id);
    };
    await until(
      () => ids('status=completed&enforcement=7'),
      (found) => found.includes(id),
    );
    expect(await ids('result_contains=hello, NEEDLE')).toEqual([id]);
    expect(await ids('action_ref=core.http&enforcement=7')).toEqual([id]);
    expect(await ids('action_ref=*.first_*&enforcement=7&pack_name=examples')).toEqual([id]);
    expect(await ids('action_ref=slack.*&enforcement=7')).toEqual([]);
    expect(await ids('status=failed&enforcement=7')).toEqual([]);
    expect(await ids('parent=100')).toEqual([]);
    const byStatus = await harness.call('GET', '/api/v1/executions/status/completed?per_page=1');
    expect(byStatus.body.data).toHaveLength(1);
    const byEnforcement = await harness.call('GET', '/api/v1/executions/enforcement/7');
    expect(byEnforcement.body.data[0].id).toBe(id);
  });

  it('refuses a status that no document has', async () => {
    for (const path of ['/api/v1/executions/status/invalid_status', '/api/v1/executions?status=invalid_status']) {
      const { status, body } = await harness.call('GET', path);
      expect([status, body.error]).toEqual([400, 'Invalid execution status: invalid_status']);
    }
  });

  it('counts every run once, with every key present', async () => {
    const { body } = await harness.call('GET', '/api/v1/executions/stats');
    const { total, ...kinds } = body.data;
    expect(Object.keys(kinds).sort()).toEqual(
      ['abandoned', 'cancelled', 'completed', 'failed', 'pending', 'running', 'timeout'].sort(),
    );
    const sum = Object.values(kinds as Record<string, number>).reduce((a, b) => a + b, 0);
    expect(sum).toBe(total);
    const { body: list } = await harness.call('GET', '/api/v1/executions?per_page=1');
    expect(total).toBe(list.pagination.total_items);
  });

  it("answers 404 for another tenant's run, and for a tenant that is not the key's 403", async () => {
    const id = await startWaiting();
    const principals = createPrincipalStore(harness.database.db);
    const other = await principals.ensureTenant('00000000-0000-7000-8000-000000000002', 'other', 'Other');
    const { keyRecord } = await import('../../../service/access/principals.ts');
    await principals.ensureKey(other, 'eve', ['admin'], { ...keyRecord('fmt_key-of-eve-1234'), label: 'x' });
    const asEve = { 'x-api-key': 'fmt_key-of-eve-1234' };
    for (const [method, path] of [
      ['GET', `/api/v1/executions/${id}`],
      ['POST', `/api/v1/executions/${id}/cancel`],
      ['POST', `/api/v1/executions/${id}/terminate`],
      ['GET', '/api/v1/workflows/examples.first_run'],
    ] as const) {
      expect((await harness.call(method, path, undefined, asEve)).status).toBe(404);
    }
    const { body: list } = await harness.call('GET', '/api/v1/executions', undefined, asEve);
    expect(list.pagination.total_items).toBe(0);
    const foreign = await harness.call('GET', '/api/v1/executions', undefined, { 'x-tenant-id': 'other' });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'forbidden']);
    expect((await harness.call('GET', '/api/v1/executions', undefined, { 'x-tenant-id': 'default' })).status).toBe(200);
    await harness.call('POST', `/api/v1/executions/${id}/terminate`);
  });
});

describe('cancel and terminate', () => {
  it('cancels an open run: its task is cancelled, and the run ends as cancelled', async () => {
    const id = await startWaiting();
    const { body: waiting } = await get(id);
    expect(waiting.data.status).toBe('running');
    expect(waiting.data.waiting_for).toMatchObject([{ kind: 'action', task: 'wait' }]);
    const asked = await harness.call('POST', `/api/v1/executions/${id}/cancel`, { reason: 'changed my mind' });
    expect(asked.status).toBe(202);
    expect(['canceling', 'cancelled']).toContain(asked.body.data.status);
    const { body } = await until(
      () => get(id),
      ({ body: now }) => now.data.status === 'cancelled',
    );
    expect(body.data.tasks[0].status).toBe('cancelled');
    expect(body.data.result.error_code).toBe('CANCELLED');
    expect(body.data.projection).toBe('complete');
    for (const verb of ['cancel', 'terminate']) {
      const again = await harness.call('POST', `/api/v1/executions/${id}/${verb}`);
      expect([again.status, again.body.code]).toEqual([409, 'execution_closed']);
    }
    await until(
      () => harness.call('GET', '/api/v1/executions/status/cancelled'),
      (list) => list.body.data.some((entry: { id: number }) => entry.id === id),
    );
  });

  it('terminates an open run at once', async () => {
    const id = await startWaiting();
    const { status, body } = await harness.call('POST', `/api/v1/executions/${id}/terminate`, { reason: 'enough' });
    expect(status).toBe(202);
    expect(body.data).toMatchObject({ status: 'cancelled', result: { error_code: 'TERMINATED', error: 'enough' } });
    expect(body.data.tasks[0].status).toBe('cancelled');
  });

  it('refuses an unknown run and an unknown field', async () => {
    const missing = await harness.call('POST', '/api/v1/executions/1024/cancel');
    expect([missing.status, missing.body.code]).toEqual([404, 'execution_not_found']);
    const id = await startWaiting();
    const wrong = await harness.call('POST', `/api/v1/executions/${id}/cancel`, { raeson: 'x' });
    expect([wrong.status, wrong.body.issues[0].code]).toEqual([400, 'unknown_field']);
    await harness.call('POST', `/api/v1/executions/${id}/terminate`);
  });
});

describe('the Management API', () => {
  it("starts, lists the caller's own open runs, shows one with its history, and cancels", async () => {
    const input = { url: `${web.url}/wait` };
    const started = await harness.call('POST', '/execution', { workflow: 'examples.wait', input });
    expect(started.status).toBe(200);
    const { workflow_id, run_id } = started.body;
    expect(Object.keys(started.body).sort()).toEqual(['run_id', 'status', 'workflow_id']);
    expect(parseExecutionId(workflow_id)).toBeDefined();
    const listed = await harness.call('GET', '/executions');
    const mine = listed.body.executions.find((entry: { workflow_id: string }) => entry.workflow_id === workflow_id);
    expect(mine).toMatchObject({ status: 'running', user: 'dev', workflow_type: { name: 'examples.wait' } });
    const others = await harness.call('GET', '/executions', undefined, { 'x-api-key': APPROVER_KEY });
    expect(others.body.executions).toEqual([]);
    const { body } = await harness.call('GET', `/api/v1/execution/${workflow_id}`);
    expect(body).toMatchObject({ workflow_id, run_id, status: 'running', task_queue: 'fermata', user: 'dev' });
    expect(body.execution_time).toMatch(/^PT(\d+S|\d*\.\d+S)$/);
    expect(body.history[0].event_type).toBe('WorkflowExecutionStarted');
    const foreign = await harness.call('GET', `/execution/${workflow_id}/cancel`, undefined, {
      'x-api-key': APPROVER_KEY,
    });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'forbidden']);
    const cancelled = await harness.call('GET', `/execution/${workflow_id}/cancel`);
    expect(cancelled.body).toEqual({ status: 'ok', message: 'Workflow cancellation signal sent' });
    await until(
      () => harness.call('GET', `/execution/${workflow_id}`),
      (now) => now.body.status === 'cancelled',
    );
    const closed = await harness.call('POST', `/api/v1/execution/${workflow_id}/terminate`);
    expect([closed.status, closed.body.code]).toEqual([409, 'execution_closed']);
  });

  it('terminates, and answers 404 and 400 as documented', async () => {
    const input = { url: `${web.url}/wait` };
    const started = await harness.call('POST', '/api/v1/execution', { workflow: 'examples.wait', input });
    const { workflow_id } = started.body;
    const done = await harness.call('POST', `/execution/${workflow_id}/terminate`);
    expect(done.body).toEqual({ status: 'ok', message: 'Workflow termination signal sent' });
    expect((await harness.call('GET', `/execution/${workflow_id}`)).body.status).toBe('terminated');
    expect((await harness.call('GET', '/execution/wf_nothing')).status).toBe(404);
    expect((await harness.call('POST', '/execution', { workflow: 'examples.nothing' })).status).toBe(404);
    const bad = await harness.call('POST', '/execution', { workflow: 'examples.checked', input: { n: 'x' } });
    expect([bad.status, bad.body.issues[0].path]).toEqual([400, '/input/n']);
  });
});

describe('who is calling', () => {
  /** Returns the code of an error; those of the Automation API have another form. */
  async function codeOf(response: Response): Promise<string | undefined> {
    const { code, error } = (await response.json()) as { code?: string; error: { code?: string } };
    return code ?? error.code;
  }

  /** Returns how the session of a browser is refused that has none; undefined for other requests. */
  function refusalOfSession(path: string, headers: object): string | undefined {
    return path === SESSION_PATH && Object.keys(headers).length === 0 ? 'session_invalid' : undefined;
  }

  it('demands a principal on every route of openapi.json but the open ones', async () => {
    const document = (await (await fetch(`${harness.api.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const open: string[] = [];
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const method of Object.keys(operations)) {
        const url = harness.api.url + path.replaceAll(/\{[^}]+\}/g, 'x');
        for (const headers of [{}, { 'x-api-key': 'fmt_wrong' }, { authorization: 'Bearer nonsense' }]) {
          const response = await fetch(url, { method: method.toUpperCase(), headers });
          if (response.status !== 401) open.push(path);
          else expect(await codeOf(response)).toBe(refusalOfSession(path, headers) ?? 'unauthenticated');
        }
      }
    }
    expect([...new Set(open)].sort()).toEqual([
      ...['/.well-known/fermata-keys.json', SESSION_PATH, '/healthz', '/hooks/{key}', '/readyz'],
    ]);
  });

  it('takes the key as a bearer token too', async () => {
    const response = await fetch(`${harness.api.url}/api/v1/executions/stats`, {
      headers: { authorization: `Bearer ${DEV_KEY}` },
    });
    expect(response.status).toBe(200);
  });

  it('serves its documentation, health and readiness openly, and nothing of ours from elsewhere', async () => {
    expect(await (await fetch(`${harness.api.url}/healthz`)).json()).toEqual({ status: 'ok' });
    const ready = await (await fetch(`${harness.api.url}/readyz`)).json();
    const index = { status: 'ok', lag_ms: expect.any(Number), set_aside: 0 };
    const key_ids = [expect.stringMatching(/^[\w-]{12}$/)];
    expect(ready).toEqual({
      status: 'ok',
      checks: { temporal: 'ok', database: 'ok' },
      index,
      key_ids,
      workers: 'some',
    });
    const page = await (await fetch(`${harness.api.url}/docs`)).text();
    expect([...page.matchAll(/(?:src|href)="([^"]+)"/g)].every(([, target]) => target?.startsWith('/docs/'))).toBe(
      true,
    );
    expect((await fetch(`${harness.api.url}/docs/..%2fpackage.json`)).status).toBe(404);
  });
});

describe('bad requests', () => {
  const url = () => `${harness.api.url}/api/v1/workflows`;
  const post = async (body: string, type = 'application/json') => {
    const response = await fetch(url(), {
      method: 'POST',
      body,
      headers: { 'x-api-key': DEV_KEY, 'content-type': type },
    });
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };

  it('refuses malformed JSON, another content type, an oversize and a deeply nested body', async () => {
    expect(await post('{"a":')).toEqual([400, 'json_malformed']);
    expect(await post('a: 1', 'text/plain')).toEqual([415, 'unsupported_media_type']);
    expect(await post(`"${'x'.repeat(2_200_000)}"`)).toEqual([413, 'body_too_large']);
    expect(await post('['.repeat(200) + ']'.repeat(200))).toEqual([400, 'request_invalid']);
    expect(await post('[]')).toEqual([400, 'request_invalid']);
    expect(await post('')).toEqual([400, 'definition_invalid']);
  });

  it('refuses the one character that the database does not have, wherever it stands', async () => {
    for (const [method, path, body] of [
      ['GET', '/api/v1/workflows?search=a%00b', undefined],
      ['GET', '/api/v1/workflows/a%00b', undefined],
      ['GET', '/api/v1/executions?action_ref=a%00*', undefined],
      ['POST', '/api/v1/packs', { ref: 'p', label: 'a\u0000b' }],
      ['POST', '/api/v1/keys', { subject: 'a\u0000b' }],
    ] as const) {
      const answer = await harness.call(method, path, body);
      expect([answer.status, answer.body.code], path).toEqual([400, 'request_invalid']);
    }
  });

  it.each([
    ['GET', '/api/v1/workflows?tags=', undefined, 200],
    ['GET', '/api/v1/workflows/examples.first_run?revision=2147483648', undefined, 400],
    ['GET', '/api/v1/executions?executor=2147483648', undefined, 400],
    ['GET', '/api/v1/automation/rules/f0000000-0000-8000-8000-ffffffffffff', undefined, 404],
    ['POST', '/api/v1/executions', { action_ref: 'examples.first_run', revision: 1221815756227 }, 400],
  ])('%s %s, which a fuzzer found, is answered', async (method, path, body, status) => {
    expect((await harness.call(method, path, body)).status).toBe(status);
  });

  it('answers an unknown path in the form of every error, with the request id', async () => {
    const { status, body, headers } = await harness.call('GET', '/api/v1/nothing');
    expect([status, body.code]).toEqual([404, 'not_found']);
    expect(body.request_id).toBe(headers.get('x-request-id'));
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('what a run gives', () => {
  it('is checked against out_schema', async () => {
    const out_schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    await define('typed', [{ name: 'a', action: 'core.transform', input: '{{ parameters }}' }], { out_schema });
    const good = await start({ action_ref: 'examples.typed', input: { n: 1 }, wait: 60 });
    expect(good.body.data).toMatchObject({ status: 'completed', result: { n: 1 } });
    const bad = await start({ action_ref: 'examples.typed', input: { n: 'one' }, wait: 60 });
    expect(bad.body.data).toMatchObject({ status: 'failed', projection: 'complete' });
    expect(bad.body.data.result).toMatchObject({ error_code: 'OUTPUT_INVALID', error: expect.stringContaining('/n') });
  });

  it('is not waited for longer than was asked', async () => {
    const { body } = await start({ action_ref: 'examples.wait', input: { url: `${web.url}/wait` }, wait: 1 });
    expect(body.data.status).toBe('running');
    await harness.call('POST', `/api/v1/executions/${body.data.id}/terminate`);
  });
});
