import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCodec } from '../../../temporal/codec/codec.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// The whole product with sealed payloads: everything works as ever, and Temporal sees nothing of it.

const BASE = '/api/v1/executions';
const CANARY = 'canary-of-the-payloads-4f1d';
const KEY = 'the key of payloads, long enough for one';
const UI = 'http://127.0.0.1:8233';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await createApiHarness('codec', { access: { codec: createCodec([KEY]), codecOrigins: [UI] } });
});
afterAll(() => harness.close());

type Payload = proto.temporal.api.common.v1.IPayload;

const start = async (action_ref: string, parameters: object, wait = 15) =>
  (await harness.call('POST', BASE, { action_ref, parameters, wait })).body.data;

/** The payloads of a run as Temporal has them: what it was started with, its memo, and its signals. */
async function payloadsOf(workflowId: string): Promise<Record<'input' | 'memo' | 'signal', Payload>> {
  const found: Partial<Record<'input' | 'memo' | 'signal', Payload | null | undefined>> = {};
  for await (const events of createTemporal({ connection: harness.connection, namespace: 'codec' }).history(
    workflowId,
  )) {
    for (const event of events) {
      const { workflowExecutionStartedEventAttributes: started } = event;
      if (started) [found.input, found.memo] = [started.input?.payloads?.[0], started.memo?.fields?.fermata];
      found.signal ??= event.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0];
    }
  }
  return found as Record<'input' | 'memo' | 'signal', Payload>;
}

/** All that Temporal has of a run, as bytes that anybody may read. */
async function stored(workflowId: string): Promise<string> {
  const parts: string[] = [];
  for await (const events of createTemporal({ connection: harness.connection, namespace: 'codec' }).history(
    workflowId,
  )) {
    for (const event of events) {
      const bytes = proto.temporal.api.history.v1.HistoryEvent.encode(event).finish();
      parts.push(Buffer.from(bytes).toString('latin1'));
    }
  }
  return parts.join('\n');
}

it('runs, fails, asks people, signals, goes on in sub-workflows, is listed, read, streamed and tried again; Temporal sees none of it', async () => {
  const say = `${CANARY} {{ x }}`;
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.sealed_below',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: { tasks: [{ name: 'a', action: 'core.transform', input: { data: say } }] },
  });
  const stored201 = await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.sealed',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'call', action: 'core.http', input: { url: `${harness.api.url}/healthz?${CANARY}` } },
        { name: 'below', action: 'examples.sealed_below', input: { x: '{{ parameters.x }}' } },
        { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
        { name: 'ask', action: 'core.inquiry', input: { prompt: say, approvers: ['approver'] } },
        { name: 'broken', action: 'core.http', input: { url: `${harness.api.url}/api/v1/${CANARY}` } },
      ],
    },
  });
  expect(stored201.status).toBe(201);
  const { id } = await start('examples.sealed', { x: CANARY }, 0);
  const waiting = (kind: string) =>
    until(
      () => harness.call('GET', `${BASE}/${id}`),
      ({ body }) => body.data.waiting_for.some((wait: { kind: string }) => wait.kind === kind),
    );
  await waiting('signal');
  await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go', payload: { say: CANARY } });
  await waiting('inquiry');
  const { body: asked } = await harness.call('GET', `/api/v1/inquiries?execution=${id}`);
  expect(asked.data[0].prompt).toBe(`${CANARY} ${CANARY}`);
  await harness.call(
    'POST',
    `/api/v1/inquiries/${asked.data[0].id}/respond`,
    { option: 'approve' },
    {
      'x-api-key': 'fmt_test-key-of-the-approver',
    },
  );
  const { body } = await until(
    () => harness.call('GET', `${BASE}/${id}`),
    (answer) => answer.body.data.status === 'failed',
  );
  const { data } = body;
  expect(data).toMatchObject({ config: { x: CANARY }, projection: 'complete', result: { task: 'broken' } });
  expect(data.tasks.map(({ status }: { status: string }) => status)).toEqual([
    ...['completed', 'completed', 'completed', 'completed', 'failed'],
  ]);
  expect(data.tasks[4].error).toMatchObject({ type: 'http_error', message: expect.stringContaining('401') });
  expect(data.tasks[1].output).toBe(`${CANARY} ${CANARY}`);
  const listed = await until(
    () => harness.call('GET', `${BASE}?action_ref=examples.sealed&status=failed&result_contains=401`),
    (answer) => answer.body.data.length === 1,
  );
  expect(listed.status).toBe(200);
  const again = (await harness.call('POST', `${BASE}/${id}/retry`, {})).body.data;
  await until(
    () => harness.call('GET', `${BASE}/${again.id}`),
    (answer) => answer.body.data.status === 'failed',
  );
  const below = (await harness.call('GET', `${BASE}/${data.tasks[1].child}`)).body.data;
  const bytes = await Promise.all([data, again, below].map((run) => stored(run.workflow_id)));
  for (const part of bytes) {
    expect(part).toContain('binary/encrypted');
    expect(part).not.toContain(CANARY);
    expect(part).not.toContain('"definition"');
  }
  // A failure's words are sealed with it.
  expect(bytes[0]).toContain('Encoded failure');
});

it('opens payloads for Temporal’s UI, in the browser of somebody who may, and for nobody else', async () => {
  const url = `${harness.api.url}/codec`;
  const preflight = await fetch(`${url}/decode`, {
    method: 'OPTIONS',
    headers: {
      origin: UI,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-namespace',
    },
  });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, UI]);
  const ask = (what: string, payloads: object[], key = DEV_KEY, origin = UI) =>
    fetch(`${url}/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-namespace': 'codec', origin },
      body: JSON.stringify({ payloads }),
    });
  const plain = { metadata: { encoding: btoa('json/plain') }, data: btoa(JSON.stringify({ say: CANARY })) };
  const sealed = await ask('encode', [plain]);
  const { payloads } = (await sealed.json()) as { payloads: (typeof plain)[] };
  expect(atob(payloads[0]!.metadata.encoding)).toBe('binary/encrypted');
  expect(atob(payloads[0]!.data)).not.toContain(CANARY);
  const opened = await ask('decode', [payloads[0]!, plain]);
  expect([opened.headers.get('access-control-allow-origin'), await opened.json()]).toEqual([
    UI,
    { payloads: [plain, plain] },
  ]);
  // Another key's, or a changed one, stays as it is.
  const foreign = createCodec(['another key of payloads, long enough for one']);
  const other = foreign.seal({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('1') }, undefined);
  const changed = Buffer.from(payloads[0]!.data, 'base64');
  changed[20]! ^= 1;
  const left = [
    {
      metadata: Object.fromEntries(
        Object.entries(other.metadata!).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
      ),
      data: Buffer.from(other.data!).toString('base64'),
    },
    { ...payloads[0]!, data: changed.toString('base64') },
  ];
  expect(await (await ask('decode', left)).json()).toEqual({ payloads: left });
  expect((await ask('decode', payloads, 'nobody')).status).toBe(401);
  expect((await ask('decode', payloads, 'fmt_test-key-of-the-approver')).status).toBe(403);
  const elsewhere = await ask('decode', payloads, DEV_KEY, 'https://evil.example.com');
  expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
});

it('takes nothing in the clear, and nothing that was sealed for another run, however it comes', async () => {
  const define = (ref: string, tasks: object[]) =>
    harness.call('POST', '/api/v1/workflows', {
      ref,
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition: { tasks },
    });
  await define('examples.waits', [{ name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }]);
  const read = async (id: number) => (await harness.call('GET', `${BASE}/${id}`)).body.data;
  const [mine, other] = await Promise.all([start('examples.waits', {}, 0), start('examples.waits', {}, 0)]);
  for (const { id } of [mine, other])
    await until(
      () => read(id),
      (run) => run.waiting_for.length === 1,
    );
  await harness.call('POST', `${BASE}/${other.id}/signal`, { name: 'go', payload: 'for the other' });
  await until(
    () => read(other.id),
    (run) => run.status === 'completed',
  );

  const { workflowService } = harness.connection;
  const clear = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"in the clear"') };
  const forged = [clear, (await payloadsOf(other.workflow_id)).signal, (await payloadsOf(mine.workflow_id)).memo];
  for (const payload of forged.slice(0, 2)) {
    await workflowService.signalWorkflowExecution({
      namespace: 'codec',
      workflowExecution: { workflowId: mine.workflow_id },
      signalName: 'go',
      input: { payloads: [payload] },
    });
  }
  const refused = await until(
    () => read(mine.id),
    (run) => run.signals_refused.length === 2,
  );
  expect([refused.status, refused.projection]).toEqual(['running', 'complete']);
  // A worker that begins anew reads all of it again.
  await harness.stopWorker();
  await harness.startWorker();
  await harness.call('POST', `${BASE}/${mine.id}/signal`, { name: 'go', payload: 'for mine' });
  const done = await until(
    () => read(mine.id),
    (run) => run.status === 'completed',
  );
  expect([done.tasks[0].output, done.projection, done.authentic]).toEqual(['for mine', 'complete', true]);

  const queue = 'default.in-the-clear';
  await harness.call('POST', '/api/v1/actions', {
    ref: 'examples.outside',
    pack_ref: 'examples',
    label: 'x',
    task_queue: queue,
  });
  const { id } = await start('examples.outside', {}, 0);
  const task = await harness.connection.withDeadline(Date.now() + 60_000, () =>
    workflowService.pollActivityTaskQueue({ namespace: 'codec', taskQueue: { name: queue } }),
  );
  await workflowService.respondActivityTaskCompleted({ taskToken: task.taskToken, result: { payloads: [clear] } });
  const failed = await until(
    () => read(id),
    (run) => run.status === 'failed',
  );
  expect(failed.tasks[0].error).toMatchObject({
    type: 'output_invalid',
    message: expect.stringContaining('binary/unsealed'),
  });
  expect(failed.projection).toBe('complete');
});

it('opens payloads for whoever looks after the tenant whose run it is, and for no other; what a schedule starts too', async () => {
  await harness.call('POST', '/api/v1/tenants', { ref: 'acme', label: 'Acme' });
  const made = await harness.call('POST', '/api/v1/keys', { subject: 'boss', tenant: 'acme', roles: ['admin'] });
  const keys = { default: DEV_KEY, acme: made.body.data.key as string };
  const as = (tenant: keyof typeof keys, method: string, path: string, body?: object) =>
    harness.call(method, path, body, { 'x-api-key': keys[tenant] });
  const say = (tenant: string) => ({ say: `${CANARY} of ${tenant}` });
  const json = ({ metadata, data }: Payload) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata!).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    ),
    data: Buffer.from(data!).toString('base64'),
  });
  const sealed: Record<string, ReturnType<typeof json>> = {};
  for (const tenant of ['default', 'acme'] as const) {
    const body = { action_ref: 'core.noop', parameters: say(tenant), wait: 60 };
    const run = (await as(tenant, 'POST', BASE, body)).body.data;
    sealed[tenant] = json((await payloadsOf(run.workflow_id)).input);
    const spec = { every: 86_400 };
    const schedule = { id: 'nightly', workflow: 'core.noop', input: say(tenant), spec, paused: true };
    expect((await as(tenant, 'POST', '/api/v1/schedules', schedule)).status).toBe(201);
    await as(tenant, 'POST', '/api/v1/schedules/nightly/trigger', {});
    const [started] = await until(
      async () => (await as(tenant, 'GET', `${BASE}?action_ref=core.noop&status=completed`)).body.data,
      (rows) => rows.length === 2,
    );
    const scheduled = (await as(tenant, 'GET', `${BASE}/${started.id}`)).body.data;
    expect([scheduled.config, scheduled.authentic, scheduled.projection]).toEqual([say(tenant), true, 'complete']);
    sealed[`${tenant}'s schedule`] = json((await payloadsOf(scheduled.workflow_id)).input);
  }
  for (const tenant of ['default', 'acme'] as const) {
    const asked = Object.values(sealed);
    const { payloads } = (await as(tenant, 'POST', '/codec/decode', { payloads: asked })).body;
    const shown = Object.keys(sealed).map((of, index) => [
      of,
      JSON.stringify(payloads[index]) !== JSON.stringify(asked[index]),
    ]);
    expect(shown).toEqual(Object.keys(sealed).map((of) => [of, of.startsWith(tenant)]));
    const opened = payloads.flatMap(
      ({ data }: { data: string }) =>
        Buffer.from(data, 'base64')
          .toString()
          .match(/canary[^"]*/g) ?? [],
    );
    expect(opened).toEqual([say(tenant).say, say(tenant).say]);
  }
  const plain = (run?: string) => ({
    metadata: { encoding: btoa('json/plain'), ...(run === undefined ? {} : { 'fermata-run': btoa(run) }) },
    data: btoa('1'),
  });
  const theirs = (await as('acme', 'POST', BASE, { action_ref: 'core.noop', wait: 60 })).body.data.workflow_id;
  const encode = async (tenant: keyof typeof keys, run?: string) => {
    const { status, body } = await as(tenant, 'POST', '/codec/encode', { payloads: [plain(run)] });
    return status === 200 ? atob(body.payloads[0].metadata['fermata-run'] ?? '') : `${status} ${body.issues[0].path}`;
  };
  const refused = '400 /payloads/0/metadata/fermata-run';
  expect([await encode('acme', theirs), await encode('default', theirs)]).toEqual([theirs, refused]);
  expect([await encode('acme'), await encode('default'), await encode('default', 'wf_nobody')]).toEqual([
    refused,
    '',
    refused,
  ]);
});
