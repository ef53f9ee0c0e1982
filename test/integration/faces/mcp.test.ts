import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

let harness: ApiHarness;
let client: Client;
const clients: Client[] = [];

async function connect(key: string, to = harness): Promise<Client> {
  const made = new Client({ name: 'test', version: '1.0.0' });
  const requestInit = { headers: { 'x-api-key': key } };
  await made.connect(new StreamableHTTPClientTransport(new URL(`${to.api.url}/mcp`), { requestInit }) as never);
  clients.push(made);
  return made;
}

beforeAll(async () => {
  harness = await createApiHarness('mcp');
  client = await connect(DEV_KEY);
});
afterAll(async () => {
  for (const each of clients) await each.close();
  await harness.close();
});

interface Answer {
  isError?: boolean;
  content: { type: string; text: string }[];
  structuredContent?: unknown;
}

/** Calls a tool; the text and the structured content must say the same. */
async function call(name: string, args: object = {}, by = client) {
  const answer = (await by.callTool({ name, arguments: args as Record<string, unknown> })) as unknown as Answer;
  expect(answer.content).toHaveLength(1);
  expect(answer.isError, answer.content[0]!.text).toBeFalsy();
  const body = JSON.parse(answer.content[0]!.text);
  expect(answer.structuredContent).toEqual(body);
  return body;
}

async function refusal(name: string, args: object, by = client): Promise<string> {
  const answer = (await by.callTool({ name, arguments: args as Record<string, unknown> })) as unknown as Answer;
  expect(answer.isError).toBe(true);
  return answer.content[0]!.text;
}

const WORKFLOW = {
  ref: 'examples.talk',
  pack_ref: 'examples',
  label: 'Talk',
  version: '1.0.0',
  tags: ['mcp'],
  definition: {
    tasks: [
      { name: 'ask', action: 'core.wait_signal', input: { name: 'go' } },
      { name: 'each', action: 'core.transform', with_items: [1, 2], input: { data: { item: '{{ item }}' } } },
      { name: 'boom', action: 'core.fail', input: { message: 'no luck', type: 'E_LUCK' }, retry: { count: 1 } },
    ],
  },
};

it('offers the tools, each with schemas of what it takes and gives', async () => {
  const { tools } = await client.listTools();
  // A client asks a person before it calls what destroys, and may call again what is idempotent.
  const hints = (wanted: (hint: ToolAnnotations) => boolean | undefined) =>
    tools.flatMap(({ name, annotations }) => (wanted(annotations!) ? [name] : [])).sort();
  expect(hints(({ readOnlyHint }) => readOnlyHint)).toEqual([
    ...[
      'draw_execution',
      'draw_workflow',
      'explain_execution',
      'get_action',
      'get_bulk_job',
      'get_event',
      'get_execution',
      'get_execution_at',
      'get_execution_logs',
    ],
    ...['get_schedule', 'get_workflow'],
    ...[
      'list_actions',
      'list_events',
      'list_executions',
      'list_inquiries',
      'list_rules',
      'list_schedules',
      'list_workflows',
    ],
    ...['simulate_workflow', 'test_rule', 'validate_workflow', 'wait_for_execution'],
  ]);
  expect(hints(({ destructiveHint }) => destructiveHint)).toEqual([
    ...['answer_inquiry', 'cancel_execution', 'delete_execution', 'delete_schedule', 'replace_schedule', 'skip_task'],
    ...['start_bulk_job', 'terminate_execution'],
  ]);
  expect(hints(({ readOnlyHint, destructiveHint }) => !readOnlyHint && !destructiveHint)).toEqual([
    ...['abort_bulk_job', 'backfill_schedule', 'create_rule', 'create_schedule', 'create_workflow', 'delegate_inquiry'],
    ...['pause_execution', 'pause_schedule', 'replay_event', 'resume_execution'],
    ...['resume_schedule', 'retry_execution', 'signal_execution', 'start_execution', 'trigger_schedule'],
    'update_workflow',
  ]);
  expect(hints(({ idempotentHint }) => !idempotentHint)).toEqual([
    ...[
      'backfill_schedule',
      'replay_event',
      'retry_execution',
      'signal_execution',
      'start_bulk_job',
      'trigger_schedule',
    ],
  ]);
  expect(client.getInstructions()).toContain('start_execution');
  for (const [name] of client.getInstructions()!.matchAll(/\b[a-z]+_(?:executions?|workflows?|actions?|logs)\b/g)) {
    if (name !== 'execution_logs') expect(tools.map((tool) => tool.name)).toContain(name);
  }
  for (const { name, inputSchema, outputSchema, description } of tools) {
    expect([inputSchema.type, outputSchema?.type, typeof description], name).toEqual(['object', 'object', 'string']);
  }
  const list = tools.find(({ name }) => name === 'list_executions')!;
  expect(Object.keys(list.inputSchema.properties!).sort()).toEqual([
    'cursor',
    'finished',
    'includeData',
    'instance',
    'limit',
    'status',
    'workflowId',
  ]);
});

describe('a workflow', () => {
  it('is validated, created, started, signalled, waited for, and shown with what each task did', async () => {
    const { valid, issues } = await call('validate_workflow', {
      definition: { tasks: [{ name: 'a', action: 'core.htp' }] },
    });
    expect([valid, issues[0].code]).toEqual([false, 'unknown_action']);
    const unknown = await call('validate_workflow', { ...WORKFLOW, lable: 'Talk' });
    expect(unknown.issues).toMatchObject([{ code: 'unknown_field', path: '/lable' }]);
    const created = await call('create_workflow', WORKFLOW);
    expect(await call('get_workflow', { ref: 'examples.talk' })).toEqual(created);
    const { data } = await call('list_workflows', { tags: ['mcp'] });
    expect(data.map(({ ref }: { ref: string }) => ref)).toEqual(['examples.talk']);

    const started = await call('start_execution', { workflow: 'examples.talk', idempotencyKey: 'one' });
    expect(started).toMatchObject({ workflowId: created.id, finished: false, mode: 'manual' });
    expect((await call('start_execution', { workflow: 'examples.talk', idempotencyKey: 'one' })).id).toBe(started.id);
    await call('signal_execution', { id: started.id, name: 'go', payload: { by: 'me' } });
    const ended = await call('wait_for_execution', { id: String(started.id), timeoutSeconds: 50 });
    expect(ended.finished).toBe(true);
    const { resultData, workflowData } = ended.data;
    expect(Object.keys(resultData.runData)).toEqual(['ask', 'each', 'boom']);
    expect(resultData.runData.ask[0].data.main).toEqual([[{ json: { by: 'me' } }]]);
    expect(resultData.runData.each[0].data.main).toEqual([[{ json: { item: 1 } }, { json: { item: 2 } }]]);
    expect(resultData.runData.boom[0]).toMatchObject({
      error: { message: 'no luck', description: 'E_LUCK' },
      data: { main: [[]] },
    });
    expect(resultData).toMatchObject({
      lastNodeExecuted: 'boom',
      error: { message: 'no luck', context: { type: 'E_LUCK' } },
    });
    expect(workflowData).toMatchObject({ id: created.id, name: 'examples.talk' });
    expect(workflowData.nodes[0]).toEqual({ name: 'ask', type: 'core.wait_signal', parameters: { name: 'go' } });
    expect(workflowData.connections.ask).toEqual({ main: [[{ node: 'each', type: 'main', index: 0 }]] });
    for (const form of [started.id, String(started.id)]) {
      expect(await call('get_execution', { id: form })).toEqual(ended);
    }
    const bare = await call('get_execution', { id: started.id, includeData: false });
    expect(Object.keys(bare).sort()).toEqual([
      ...['finished', 'id', 'mode', 'ref', 'startedAt', 'state', 'stoppedAt', 'workflowId'],
    ]);
    expect(bare).toMatchObject({ ref: 'examples.talk', state: 'failed' });
  });

  it('can be cancelled, and progress is told to who asks for it', async () => {
    const { id } = await call('start_execution', { workflow: 'examples.talk', idempotencyKey: 'two' });
    const told: number[] = [];
    const waiting = await client.callTool(
      { name: 'wait_for_execution', arguments: { id, timeoutSeconds: 1 } },
      undefined,
      { onprogress: ({ progress }) => told.push(progress) },
    );
    expect([JSON.parse((waiting as unknown as Answer).content[0]!.text).finished, told]).toEqual([false, [1]]);
    expect(JSON.parse(await refusal('delete_execution', { id })).error.code).toBe('execution_open');
    await call('cancel_execution', { id, reason: 'enough' });
    expect((await call('wait_for_execution', { id, timeoutSeconds: 50 })).finished).toBe(true);
    expect(await call('delete_execution', { id })).toEqual({ success: true, id });
    expect(JSON.parse(await refusal('get_execution', { id })).error.code).toBe('execution_not_found');
  });
});

describe('list_executions', () => {
  it('filters and pages as the document says', async () => {
    const ids: number[] = [];
    for (const key of ['a', 'b', 'c']) {
      ids.unshift((await call('start_execution', { workflow: 'core.noop', idempotencyKey: key, wait: 60 })).id);
    }
    await until(
      () => call('list_executions', { status: 'success' }),
      ({ data }) => data.length === 3,
    );
    const first = await call('list_executions', { workflowId: 'core.noop', finished: true, limit: 2 });
    const rest = await call('list_executions', {
      workflowId: 'core.noop',
      finished: true,
      limit: 2,
      cursor: first.nextCursor,
    });
    expect([...first.data, ...rest.data].map(({ id }: { id: number }) => id)).toEqual(ids);
    expect(rest).not.toHaveProperty('nextCursor');
    const failed = await call('list_executions', { status: 'error', includeData: true });
    expect(failed.data).toHaveLength(1);
    expect(failed.data[0].data.resultData.error.message).toBe('no luck');
    const { workflowId } = failed.data[0];
    const ofOne = await call('list_executions', { workflowId: String(workflowId) });
    expect(ofOne.data.every((each: { workflowId: number }) => each.workflowId === workflowId)).toBe(true);
    expect((await call('list_executions', { finished: false })).data).toEqual([]);
  });
});

describe('what REST controls', () => {
  it('has a tool: pause, resume, skip, explain, logs, terminate', async () => {
    const start = { workflow: 'examples.talk', idempotencyKey: 'controlled' };
    const { id } = await call('start_execution', start);
    const waits = async () =>
      (await call('explain_execution', { id })).waitingFor.map(({ kind }: { kind: string }) => kind);
    await until(waits, (kinds) => kinds.includes('signal'));
    expect((await call('pause_execution', { id, reason: 'wait' })).state).toBe('paused');
    expect(JSON.parse(await refusal('pause_execution', { id })).error.code).toBe('execution_paused');
    expect((await call('list_executions', { status: 'paused' })).data).toMatchObject([{ id, ref: 'examples.talk' }]);
    expect((await call('resume_execution', { id })).state).not.toBe('paused');
    const [advice] = (await call('explain_execution', { id })).advice;
    expect(advice).toMatchObject({ tool: 'signal_execution', arguments: { id, name: 'go' } });
    const begun = await call('get_execution_at', { id, event: 1 });
    expect(begun).toMatchObject({ event: 1, execution: { id, finished: false }, variables: {}, blockedBy: [] });
    expect(JSON.parse(await refusal('get_execution_at', { id, event: 999_999 })).error.code).toBe('event_not_found');
    await call('skip_task', { id, task: 'ask', output: { by: 'nobody' } });
    const ended = await call('wait_for_execution', { id, timeoutSeconds: 50 });
    expect(ended.data.resultData.runData.ask[0].data.main).toEqual([[{ json: { by: 'nobody' } }]]);
    const { data, total } = await call('get_execution_logs', { id, limit: 2 });
    expect([data.length, total > 2]).toEqual([2, true]);
    const retried = await call('retry_execution', { id, from: 'start', idempotencyKey: 'again' });
    expect((await call('retry_execution', { id, from: 'start', idempotencyKey: 'again' })).id).toBe(retried.id);
    expect((await call('terminate_execution', { id: retried.id, reason: 'enough' })).state).toBe('terminated');
  });

  it('writes workflows: actions are listed, a definition is simulated and changed', async () => {
    const { data } = await call('list_actions', { packRef: 'core' });
    expect(data.map(({ ref }: { ref: string }) => ref)).toContain('core.http');
    expect((await call('get_action', { ref: 'core.http' })).paramSchema.required).toContain('url');
    const outcomes = { ask: { output: 1 }, boom: { output: 2 } };
    const { transitionsTotal, waitingFor, ...simulated } = await call('simulate_workflow', {
      ref: 'examples.talk',
      outcomes,
    });
    expect([simulated.order, simulated.status]).toEqual([['ask', 'each', 'boom'], 'completed']);
    expect([waitingFor, transitionsTotal]).toEqual([[], simulated.transitions.length]);
    expect(simulated.transitions[0]).toMatchObject({ from: 'ask', fired: true, reason: 'fired' });
    const overRest = await harness.call('POST', '/api/v1/workflows/examples.talk/simulate', { outcomes });
    expect({ ...simulated, waiting_for: [] }).toEqual(overRest.body.data);
    const drawn = await call('draw_workflow', { ref: 'examples.talk' });
    expect([drawn.title, drawn.mimeType]).toEqual(['examples.talk', 'image/svg+xml']);
    expect(drawn.svg).toMatch(/^<svg .*<title id="fermata-title">examples\.talk<.*>boom</s);
    const changed = await call('update_workflow', { ref: 'examples.talk', label: 'Talked' });
    expect(changed).toMatchObject({ label: 'Talked', revision: 1 });
    const { issues } = await call('validate_workflow', { definition: { tasks: [{ name: 'a', action: 'http.get' }] } });
    expect(issues[0].message).toBe('unknown action "http.get". Did you mean "core.http"?');
  });

  it('creates, lists, pauses, resumes, triggers, replaces, backfills and deletes schedules', async () => {
    const schedule = { id: 'by_agent', workflow: 'core.transform', input: { data: 1 }, spec: { every: 86_400 } };
    expect(await call('create_schedule', schedule)).toMatchObject({ ...schedule, paused: false, catchupWindow: null });
    expect(JSON.parse(await refusal('create_schedule', schedule)).error.code).toBe('schedule_exists');
    expect((await call('pause_schedule', { id: 'by_agent', note: 'not now' })).paused).toBe(true);
    expect((await call('resume_schedule', { id: 'by_agent' })).paused).toBe(false);
    const first = await call('trigger_schedule', { id: 'by_agent', idempotencyKey: 'now' });
    const again = await call('trigger_schedule', { id: 'by_agent', idempotencyKey: 'now' });
    expect(again.triggered).toEqual(first.triggered);
    expect(
      JSON.parse(await refusal('trigger_schedule', { id: 'by_agent', overlap: 'skip', idempotencyKey: 'now' })).error
        .code,
    ).toBe('idempotency_mismatch');
    const { recent } = await until(
      () => call('get_schedule', { id: 'by_agent' }),
      (found) => found.recent.length === 1,
    );
    expect(recent[0]).toMatchObject(first.triggered);
    const { data: schedules } = await until(
      () => call('list_schedules'),
      ({ data }) => data.length > 0,
    );
    expect(schedules).toMatchObject([{ id: 'by_agent', workflow: 'core.transform' }]);
    // A run that a schedule has started has an id of another form, and is read like any other.
    const listed = await until(
      () => call('list_executions', { workflowId: 'core.transform', includeData: true }),
      ({ data }) => data.some(({ id }: { id: number }) => id === recent[0].executionId),
    );
    const scheduled = listed.data.find(({ id }: { id: number }) => id === recent[0].executionId);
    expect(scheduled).toMatchObject({ mode: 'internal', data: { workflowData: { name: 'core.transform' } } });
    const { body } = await harness.call('GET', `/api/v1/executions/${recent[0].executionId}`);
    expect(body.data.workflow_id).toMatch(/^sch_/);
    for (const id of [body.data.workflow_id, body.data.uuid]) {
      expect((await call('get_execution', { id })).id).toBe(recent[0].executionId);
    }
    const below = async (parent: string) =>
      (await harness.call('GET', `/api/v1/executions?parent=${parent}`)).body.data;
    expect(await below(body.data.workflow_id)).toMatchObject([{ action_ref: 'core.transform', parent: body.data.id }]);
    const count = async (body_: object) =>
      (await harness.call('POST', '/api/v1/executions/bulk/delete?dry_run=true', body_)).body;
    expect(await count({ ids: [body.data.workflow_id, body.data.id] })).toEqual({ data: { matched: 1 } });
    const inbox = await harness.call('GET', `/api/v1/inquiries?execution=${body.data.workflow_id}`);
    expect([inbox.status, inbox.body.data]).toEqual([200, []]);
    const hourly = { ...schedule, spec: { every: 3600 }, paused: true, note: 'hourly' };
    expect(await call('replace_schedule', hourly)).toMatchObject(hourly);
    const range = { start: '2026-11-01T00:30:00Z', end: '2026-11-01T01:30:00+00:00' };
    await call('backfill_schedule', { id: 'by_agent', ...range, idempotencyKey: 'missed' });
    await until(
      () => call('get_schedule', { id: 'by_agent' }),
      (found) =>
        found.recent.some(({ scheduledAt }: { scheduledAt: string }) => scheduledAt === '2026-11-01T01:00:00.000Z'),
    );
    expect(await call('delete_schedule', { id: 'by_agent' })).toEqual({ success: true, id: 'by_agent' });
    expect(JSON.parse(await refusal('get_schedule', { id: 'by_agent' })).error.code).toBe('schedule_not_found');
  });
});

it('events are listed, and read with their payloads', async () => {
  const posted = { type: 'com.example.mcp', payload: { a: [1] } };
  const { body } = await harness.call('POST', '/api/v1/events', posted);
  const { data, total } = await call('list_events', { type: 'com.example.*', matched: false });
  expect([data.map(({ id }: { id: number }) => id), total]).toEqual([[body.data.id], 1]);
  expect(data[0].payload).toBeUndefined();
  // It may have been matched against the rules meanwhile.
  const state = expect.stringMatching(/^(received|planned)$/);
  expect(await call('get_event', { id: body.data.id })).toMatchObject({ ...posted, state, webhook: null });
  expect(JSON.parse(await refusal('get_event', { id: 1_999_999 })).error.code).toBe('event_not_found');
  const replay = { id: body.data.id, reason: 'again', idempotencyKey: 'replay-by-agent' };
  const replayed = await call('replay_event', replay);
  expect(await call('replay_event', replay)).toEqual(replayed);
  expect(await call('get_event', { id: replayed.id })).toMatchObject({ ...posted, replayOf: body.data.id });
});

it('bulk jobs are counted, started once for a key, read and aborted', async () => {
  const start = (n: number) =>
    call('start_execution', { workflow: 'core.wait_signal', input: { name: 'never' }, idempotencyKey: `bulk-${n}` });
  const [one, two] = await Promise.all([start(1), start(2)]);
  const ids = [one.id, String(two.id)];
  const job = { verb: 'cancel', ids, reason: 'enough', idempotencyKey: 'all' };
  expect(await call('start_bulk_job', { ...job, dryRun: true })).toEqual({ jobId: null, matched: 2 });
  const { jobId, matched } = await call('start_bulk_job', job);
  expect(matched).toBe(2);
  expect(await call('start_bulk_job', job)).toEqual({ jobId, matched });
  const done = await until(
    () => call('get_bulk_job', { id: jobId }),
    ({ status }) => status !== 'running',
  );
  expect(done).toMatchObject({ id: jobId, verb: 'cancel', status: 'completed', succeeded: 2, failed: 0, errors: [] });
  expect((await call('abort_bulk_job', { id: jobId })).status).toBe('completed');
  for (const { id } of [one, two]) {
    expect((await call('wait_for_execution', { id, timeoutSeconds: 50 })).state).toBe('cancelled');
  }
  const filter = { action_ref: 'core.wait_signal', created_after: '2026-01-01T00:00:00Z' };
  const counted = await call('start_bulk_job', { verb: 'delete', filter, dryRun: true });
  expect(counted).toMatchObject({ jobId: null });
  for (const [args, code, path] of [
    [{ ...job, ids: [one.id] }, 'idempotency_mismatch'],
    [{ verb: 'cancel' }, 'request_invalid', '/ids'],
    [{ verb: 'cancel', ids, filter }, 'request_invalid', '/ids'],
    [{ verb: 'cancel', filter: {} }, 'request_invalid', '/filter'],
    [{ verb: 'cancel', filter: { parent: 'nothing' } }, 'request_invalid', '/filter/parent'],
    [{ verb: 'explode', ids }, 'request_invalid', '/verb'],
  ] as [object, string, string?][]) {
    const { error } = JSON.parse(await refusal('start_bulk_job', args));
    expect([error.code, error.issues?.[0].path]).toEqual([code, path]);
  }
});

describe('refused', () => {
  it('is what REST refuses, with its code', async () => {
    expect(JSON.parse(await refusal('get_execution', { id: 1024 })).error.code).toBe('execution_not_found');
    expect(JSON.parse(await refusal('get_workflow', { ref: 'no.such' })).error.code).toBe('workflow_not_found');
    const instance = JSON.parse(await refusal('list_executions', { instance: 'production' })).error;
    expect(instance.message).toBe('unknown instance "production": the only instance is "default"');
    expect(JSON.parse(await refusal('list_executions', { cursor: 'x' })).error.issues[0].path).toBe('/cursor');
    const wrong = async (name: string, args: object) => {
      const { code, issues } = JSON.parse(await refusal(name, args)).error;
      return [
        code,
        issues.map((issue: { path: string; message: string }) => `${issue.path} ${issue.message}`).join('; '),
      ];
    };
    expect(await wrong('list_executions', { limit: 251 })).toEqual([
      'request_invalid',
      expect.stringContaining('/limit'),
    ]);
    expect(await wrong('get_execution', { id: 1, includedata: true })).toEqual([
      ...['request_invalid', expect.stringContaining('Did you mean "includeData"')],
    ]);
    const status = JSON.parse(await refusal('list_executions', { status: 'faild' })).error;
    expect([status.code, status.message]).toEqual([
      ...['status_invalid', 'Invalid execution status: faild. Did you mean "failed"?'],
    ]);
    await expect(client.callTool({ name: 'list_execution', arguments: {} })).rejects.toThrow('list_executions');
  });

  it('is who has not the permission, and who has no key', async () => {
    const body = { subject: 'agent', permissions: ['execution:read'] };
    const { key } = (await harness.call('POST', '/api/v1/keys', body)).body.data;
    const agent = await connect(key);
    expect((await call('list_executions', {}, agent)).data.length).toBeGreaterThan(0);
    const { tools } = await agent.listTools();
    for (const { name } of tools.filter(
      (tool) =>
        !/^(list_(events|executions|inquiries|schedules)|get_(event|execution|execution_at|execution_logs|bulk_job|schedule)|(wait|explain)_.*|draw_execution)$/.test(
          tool.name,
        ),
    )) {
      // Whatever the arguments are: without the permission nobody is told what is wrong with them.
      for (const given of [{}, { unknown: true }]) {
        expect(JSON.parse(await refusal(name, given, agent)).error.code, name).toBe('forbidden');
      }
    }
    const response = await fetch(`${harness.api.url}/mcp`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(401);
    await expect(connect('fmt_wrong')).rejects.toThrow(/401|Unauthorized/i);
  });
});

it('offers no stream of its own, and no request of a client keeps the API from stopping', async () => {
  const response = await fetch(`${harness.api.url}/mcp`, {
    headers: { 'x-api-key': DEV_KEY, accept: 'text/event-stream' },
  });
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([405, 'method_not_allowed']);
  const other = await createApiHarness('mcp', { worker: false });
  const agent = await connect(DEV_KEY, other);
  const input = { name: 'never' };
  const { id } = await call('start_execution', { workflow: 'core.wait_signal', input, idempotencyKey: 'last' }, agent);
  const waiting = agent.callTool({ name: 'wait_for_execution', arguments: { id, timeoutSeconds: 300 } });
  waiting.catch(() => undefined);
  await other.close();
});
