import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHistoryReader } from '../../../console/debugger/history-file.ts';
import { createStepper } from '../../../console/debugger/stepper.ts';
import type { TemporalServer } from '../../../dev/temporal-server.ts';
import type { Evaluation } from '../../../interpreter/evaluations.ts';
import type { Json } from '../../../model/json.ts';
import { createCodec } from '../../../temporal/codec/codec.ts';
import { startChainServer } from '../interpreter/chain-server.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

// Files from which a run can be replayed: of a chain of runs with encrypted payloads and a write-only parameter.

const BASE = '/api/v1/executions';
const SECRET = 'correct horse battery';

/** A number, which is hidden by its place in the input of the sub-workflow. */
const PIN = '{{ (secret | length) + 4711 }}';
let server: TemporalServer;
let harness: ApiHarness;
let id: number;

interface ExportFile {
  execution: { id: number; state: string };
  masked: boolean;
  replayable: boolean;
  reason: string | null;
  evaluations: Evaluation[];
  runs: { index: number; first_event: number; first_evaluation: number | null; events: Json[] }[];
}

beforeAll(async () => {
  server = await startChainServer(12);
  const codec = createCodec(['the key of payloads, long enough for one']);
  harness = await createApiHarness('chains', { address: server.address, access: { codec } });
  const paid = await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.paid',
    pack_ref: 'examples',
    label: 'paid',
    version: '1.0.0',
    param_schema: { type: 'object', properties: { pin: { type: 'integer', writeOnly: true } } },
    definition: { tasks: [{ name: 'pay', action: 'core.noop' }] },
  });
  expect(paid.status, JSON.stringify(paid.body)).toBe(201);
  const made = await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.exported',
    pack_ref: 'examples',
    label: 'exported',
    version: '1.0.0',
    param_schema: { type: 'object', properties: { secret: { type: 'string', writeOnly: true } } },
    definition: {
      start: ['pay'],
      variables: { round: 0, size: '{{ secret | length }}' },
      tasks: [
        { name: 'pay', action: 'examples.paid', input: { pin: PIN }, next: [{ do: 'pause' }] },
        {
          name: 'pause',
          action: 'core.delay',
          input: { seconds: '{{ 0.01 * (secret | length) }}' },
          publish: { round: '{{ round + 1 }}', said: 'it is {{ secret }}' },
          next: [
            { when: '{{ succeeded() and round < 5 and (secret | length) > 20 }}', do: 'pause' },
            { when: '{{ succeeded() and round >= 5 }}', do: 'end' },
          ],
        },
        { name: 'end', action: 'core.log', input: { message: '{{ said }}' } },
      ],
      output: { size: '{{ size }}', said: '{{ said }}' },
    },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const parameters = { secret: SECRET };
  const { body } = await harness.call('POST', BASE, { action_ref: 'examples.exported', parameters, wait: 60 });
  expect(body.data).toMatchObject({ status: 'completed', result: { size: SECRET.length } });
  id = body.data.id;
});
afterAll(async () => {
  await harness.close();
  await server.stop();
});

async function read(query = '', key = DEV_KEY) {
  const path = `${BASE}/${id}/history/export${query}`;
  const response = await fetch(harness.api.url + path, { headers: { 'x-api-key': key, connection: 'close' } });
  const text = await response.text();
  return { response, text, file: JSON.parse(text) as ExportFile };
}

/** Opens the texts of files in the debugger, which computes the run again. */
function debug(...texts: string[]) {
  const reader = createHistoryReader();
  for (const text of texts) reader.read(text);
  const stepper = createStepper(reader.end(), { spacing: 10, most: 4 });
  const stop = (event: number, selected: string | null = null) =>
    stepper.stop({ event, selected, rows: { offset: 0, limit: 1_000 } });
  return { opened: stepper.opened, stop };
}

it('computes the whole chain again without the value that is hidden in it', async () => {
  const { response, text, file } = await read('?download=1');
  expect(response.headers.get('content-type')).toBe('application/vnd.fermata.history+json');
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${id}-history.json"`);
  expect(file).toMatchObject({
    fermata_history: 1,
    execution: { id, ref: 'examples.exported', version: '1.0.0', revision: 1, state: 'completed' },
    masked: true,
    replayable: true,
    reason: null,
  });
  expect(file.runs.length).toBeGreaterThan(1);
  const decoded = text.replaceAll(/"data":"([^"]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
  expect(decoded).toContain('it is ***');
  expect(decoded).not.toContain(SECRET);
  expect(decoded).toContain('"pin":"***"');
  expect(decoded).not.toMatch(/"pin":\d/);
  const history = JSON.stringify((await harness.call('GET', `${BASE}/${id}/history?limit=1000`)).body);
  expect(history).toContain('"pin":"***"');
  expect(history).not.toMatch(/"pin":\d/);
  expect(decoded).not.toMatch(/"blind":"[0-9a-f]/);
  const { opened, stop } = debug(text);
  expect(opened).toMatchObject({ id, masked: true, runs: file.runs.map(({ index }) => ({ index })) });
  expect(opened.verification).toMatchObject({ state: 'verified', difference: null });
  expect(stop(opened.lastEvent)).toMatchObject({
    status: 'completed',
    output: { size: SECRET.length, said: 'it is ***' },
  });
});

it('is debugged run by run: at its events it stands as the API shows it there', async () => {
  const { runs } = (await read()).file;
  const texts: string[] = [];
  for (const { index } of runs) texts.push((await read(`?run=${index}`)).text);
  const { opened, stop } = debug(...texts);
  const at = async (event: number) => (await harness.call('GET', `${BASE}/${id}/at/${event}?trace=1`)).body.data;
  for (let event = opened.lastEvent; event > 0; event -= 3) {
    const { status, variables, joins, transitions, inputs } = await at(event);
    const [key = null] = Object.keys(inputs).reverse();
    const there = stop(event, key);
    const values = Object.fromEntries(there.variables.map(({ name, value }) => [name, value]));
    const input = there.selected?.task.input;
    // The API does not say which values were read by a run that hides some.
    const decided = there.transitions.map(({ read: _, ...rest }) => rest);
    expect({ event, status: there.status, values, input, joins: there.joins, transitions: decided }).toEqual({
      ...{ event, status, values: variables, input: key === null ? undefined : inputs[key] },
      ...{ joins, transitions },
    });
    expect(there.tasks.total).toBe(Object.keys(inputs).length);
  }
  // A later run begins with the state that it carries, and with the values that were computed before it.
  expect(debug(...texts.slice(1)).opened).toMatchObject({
    firstEvent: runs[1]!.first_event,
    verification: { state: 'verified' },
  });
});

it('is read run by run, too, each with the numbers at which its events and its values begin', async () => {
  const whole = (await read()).file;
  const parts: ExportFile[] = [];
  for (const { index } of whole.runs) parts.push((await read(`?run=${index}`)).file);
  expect(parts.flatMap(({ runs }) => runs)).toEqual(whole.runs);
  expect(parts.flatMap(({ evaluations }) => evaluations)).toEqual(whole.evaluations);
  const [first, second] = whole.runs;
  expect(whole.evaluations.length).toBeGreaterThan(0);
  expect([first!.first_event, second!.first_event]).toEqual([1, first!.events.length + 1]);
  expect([first!.first_evaluation, second!.first_evaluation! > 1]).toEqual([1, true]);
  const { response, text } = await read(`?run=${whole.runs.length}`);
  expect([response.status, JSON.parse(text)]).toMatchObject([
    400,
    { code: 'request_invalid', issues: [{ path: '/run' }] },
  ]);
});

it('is not there for another tenant, nor for a key that may not read executions', async () => {
  await harness.call('POST', '/api/v1/tenants', { ref: 'other', label: 'Other' });
  const keyOf = async (body: object) => (await harness.call('POST', '/api/v1/keys', body)).body.data.key;
  const other = await keyOf({ subject: 'eve', tenant: 'other', roles: ['admin'] });
  const blind = await keyOf({ subject: 'max', permissions: ['workflow:read'] });
  const refusals = [await read('', other), await read('', blind)];
  expect(refusals.map(({ response, text }) => [response.status, JSON.parse(text).code])).toEqual([
    [404, 'execution_not_found'],
    [403, 'forbidden'],
  ]);
});
