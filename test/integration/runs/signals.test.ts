import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await createApiHarness('signals');
  const definition = {
    tasks: [
      { name: 'go', action: 'core.wait_signal', input: { name: 'go', timeout: 3600 } },
      { name: 'again', action: 'core.wait_signal', input: { name: 'go' } },
      { name: 'both', action: 'core.transform', input: { data: ['{{ go.output }}', '{{ again.output }}'] } },
    ],
  };
  const body = { ref: 'examples.waits', pack_ref: 'examples', label: 'Waits', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
});
afterAll(() => harness.close());

const start = async (): Promise<string> => {
  const { body } = await harness.call('POST', '/api/v1/executions', { workflow: 'examples.waits' });
  return `/api/v1/executions/${body.data.id}`;
};
const waiting = (path: string) =>
  until(
    async () => (await harness.call('GET', path)).body.data,
    ({ waiting_for }) => waiting_for.length > 0,
  );

it('a run says what signal it waits for and until when, takes it, and gives its payload', async () => {
  const path = await start();
  const open = await waiting(path);
  expect(open).toMatchObject({ status: 'running', signals: [], signals_dropped: 0 });
  expect(open.waiting_for).toMatchObject([{ kind: 'signal', task: 'go', detail: 'go' }]);
  expect(Date.parse(open.waiting_for[0].until)).toBeGreaterThan(Date.now() + 3_000_000);
  const first = await harness.call('POST', `${path}/signal`, { name: 'go', payload: { n: 1 } });
  expect(first.status).toBe(202);
  expect((await harness.call('POST', `${path}/signal`, { name: 'go' })).status).toBe(202);
  const closed = await until(
    async () => (await harness.call('GET', path)).body.data,
    ({ status }) => status === 'completed',
  );
  expect(closed.result).toEqual([{ n: 1 }, null]);
});

it('the same Idempotency-Key is one signal', async () => {
  const path = await start();
  await waiting(path);
  const headers = { 'idempotency-key': 'once' };
  for (const payload of [1, 1]) await harness.call('POST', `${path}/signal`, { name: 'go', payload }, headers);
  const open = await until(
    async () => (await harness.call('GET', path)).body.data,
    ({ waiting_for }) => waiting_for[0]?.task === 'again',
  );
  expect(open.signals).toEqual([]);
  const send = (payload: number, key: object, to = path) =>
    harness.call('POST', `${to}/signal`, { name: 'go', payload }, { ...key });
  expect((await send(2, headers)).body.code).toBe('idempotency_mismatch');
  // The signals of another run have other keys.
  const other = await start();
  expect((await send(2, headers, other)).status).toBe(202);
  for (const run of [path, other]) await harness.call('POST', `${run}/terminate`);
  const repeated = await send(1, headers);
  expect([repeated.status, repeated.body.data.status]).toEqual([202, 'cancelled']);
  expect((await send(2, headers)).body.code).toBe('idempotency_mismatch');
  expect((await send(1, { 'idempotency-key': 'twice' })).body.code).toBe('execution_closed');
});

it('refuses a name that no task can wait for, an unknown and a closed run, and a malformed signal', async () => {
  const path = await start();
  const refused = async (to: string, body: object) => {
    const answer = await harness.call('POST', `${to}/signal`, body);
    return [answer.status, answer.body.code];
  };
  expect(await refused(path, { name: 'og' })).toEqual([409, 'signal_not_expected']);
  expect(await refused(path, { name: '__temporal' })).toEqual([400, 'request_invalid']);
  expect(await refused(path, { nam: 'go' })).toEqual([400, 'request_invalid']);
  expect(await refused('/api/v1/executions/1024', { name: 'go' })).toEqual([404, 'execution_not_found']);
  await harness.call('POST', `${path}/terminate`);
  expect(await refused(path, { name: 'go' })).toEqual([409, 'execution_closed']);
});

it('keeps early signals up to a limit, and says so beyond it', async () => {
  const definition = {
    tasks: [
      { name: 'first', action: 'core.delay', input: { seconds: 3600 } },
      { name: 'go', action: 'core.wait_signal', input: { name: '{{ first.output.waited_ms }}' } },
    ],
  };
  const body = { ref: 'examples.late', pack_ref: 'examples', label: 'Late', version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
  const { body: started } = await harness.call('POST', '/api/v1/executions', { workflow: 'examples.late' });
  const path = `/api/v1/executions/${started.data.id}`;
  const large = 'x'.repeat(200_000);
  expect((await harness.call('POST', `${path}/signal`, { name: 'any', payload: large })).status).toBe(202);
  await until(
    async () => (await harness.call('GET', path)).body.data.signals,
    (signals) => signals.length === 1,
  );
  const full = await harness.call('POST', `${path}/signal`, { name: 'any', payload: large });
  expect([full.status, full.body.code]).toEqual([429, 'signals_full']);
  const kept = await harness.call('POST', `${path}/signal`, { name: 'other', payload: 1 });
  expect(kept.status).toBe(202);
  // A Temporal client is not asked first: what is too much is dropped, and counted.
  const { data } = (await harness.call('GET', path)).body;
  await harness.connection.workflowService.signalWorkflowExecution({
    namespace: 'signals',
    workflowExecution: { workflowId: data.workflow_id },
    signalName: 'any',
    input: {
      payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(large)) }],
    },
  });
  const open = await until(
    async () => (await harness.call('GET', path)).body.data,
    ({ signals_dropped }) => signals_dropped > 0,
  );
  expect(open.signals.map(({ name }: { name: string }) => name)).toEqual(['any', 'other']);
  await harness.call('POST', `${path}/terminate`);
});
