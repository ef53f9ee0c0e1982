import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@temporalio/client';
import type proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSealer } from '../../../service/access/sealer.ts';
import { type ApiHarness, createApiHarness, SECRET_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// Any text that is allowed enters through every interface; then the run ends as it should, it can be read, listed, explained and
// deleted, and the index goes on.

const NAMESPACE = 'texts';
const EXECUTIONS = '/api/v1/executions';
const WORKFLOWS = '/api/v1/workflows';

let harness: ApiHarness;
let client: Client;
let vendor: Server;
let vendorSays = '';
beforeAll(async () => {
  harness = await createApiHarness(NAMESPACE);
  client = new Client({ connection: harness.connection, namespace: NAMESPACE });
  vendor = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end(vendorSays);
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  const settings = { base_url: url, email: 'ann@example.com' };
  const connected = await call('PUT', '/api/v1/connections/jira/default', { settings, secrets: { token: 'secret' } });
  expect([connected.status, connected.body.error]).toEqual([200, undefined]);
  await define('ask', {
    tasks: [
      {
        name: 'ask',
        action: 'core.inquiry',
        input: { prompt: 'Go?', allow_self: true, approvers: ['dev', 'ann@example.com'] },
      },
    ],
  });
  await define('wait', { tasks: [{ name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }] });
  await define('fail', {
    tasks: [{ name: 'break', action: 'core.fail', input: { message: '{{ parameters.json | from_json }}' } }],
  });
  await define('missing', {
    tasks: [
      {
        name: 'get',
        action: 'core.transform',
        input: { data: '{{ parameters.json | from_json }}' },
        on_success: 'use',
      },
      { name: 'use', action: 'core.transform', input: { data: '{{ get.output.missing }}' } },
    ],
  });
});
afterAll(async () => {
  vendor.close();
  await harness.close();
});

const call: ApiHarness['call'] = (...request) => harness.call(...request);

async function define(name: string, definition: object): Promise<void> {
  const body = { ref: `examples.${name}`, pack_ref: 'examples', label: name, version: '1.0.0', definition };
  const { status, body: answer } = await call('POST', WORKFLOWS, body);
  expect([status, answer.error]).toEqual([201, undefined]);
}

/** Starts a run, and gives its body. */
async function start(ref: string, parameters: object = {}, wait = 0) {
  const { status, body } = await call('POST', EXECUTIONS, { action_ref: ref, parameters, wait });
  expect([status, body.error]).toEqual([201, undefined]);
  return body.data;
}

const statusOf = (id: number) =>
  until(
    async () => (await call('GET', `${EXECUTIONS}/${id}`)).body.data,
    ({ status }) => !['requested', 'scheduled', 'running', 'canceling'].includes(status),
  );

/** Demands that a run has ended so, that everything can be said of it, that lists know, and that it can be deleted. */
async function demandClosed(id: number, status: string): Promise<void> {
  expect((await statusOf(id)).status).toBe(status);
  await until(
    async () => (await call('GET', `${EXECUTIONS}?limit=20`)).body.data,
    (rows: { id: number; status: string }[]) => rows.some((row) => row.id === id && row.status === status),
  );
  for (const path of ['', '/logs', '/history', '/explain', '/inquiries']) {
    expect([path, (await call('GET', `${EXECUTIONS}/${id}${path}`)).status]).toEqual([path, 200]);
  }
  expect((await call('DELETE', `${EXECUTIONS}/${id}`)).status).toBe(200);
}

/** Demands that other runs go on, and that lists follow. */
async function demandHealthy(): Promise<void> {
  const { id } = await start('core.noop', {}, 60);
  await demandClosed(id, 'completed');
  const { status, body } = await call('GET', '/readyz');
  expect([status, body.checks, body.index.status]).toEqual([200, { temporal: 'ok', database: 'ok' }, 'ok']);
}

/** Code units by chance, from a seed: every kind that there is, each often. */
function randomText(seed: number, length = 40): string {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const kinds = [
    () => next(0x20),
    () => 0,
    () => 0xd800 + next(0x400),
    () => 0xdc00 + next(0x400),
    () => 0x202a + next(5),
    () => 0xfffe + next(2),
    () => 0x61 + next(26),
    () => next(0x1_0000),
  ];
  return Array.from({ length }, () => String.fromCharCode(kinds[next(kinds.length)]!())).join('');
}

const TEXTS: [what: string, text: string][] = [
  // Each door refuses it for its halves, and takes it without them, with U+0000 in it.
  ['half an emoji, U+0000 and code units by chance', `bad \ud83d name, a\0b, ${randomText(1)}`],
  // Well-formed, and yet no text that Postgres stores.
  ['U+0000', 'a\0b'],
  // More than a failure may say, so that it is cut.
  ['40,000 halves', '\ud83d'.repeat(40_000)],
];

/** Demands that a request whose body holds half of a character is refused, and gives the text without halves; any other as it is. */
async function withoutHalves(text: string, method: string, path: string, bodyOf: (text: string) => object) {
  if (text.isWellFormed()) return text;
  const { status, body } = await call(method, path, bodyOf(text));
  expect([path, status, body.issues?.[0].code]).toEqual([path, 400, 'text_malformed']);
  return text.toWellFormed();
}

/** Every door through which a text comes. */
const DOORS: Record<string, (text: string) => Promise<void>> = {
  'in a failure of the workflow': async (text) => {
    await withoutHalves(text, 'POST', EXECUTIONS, (message) => ({ action_ref: 'core.fail', parameters: { message } }));
    const { id } = await start('examples.fail', { json: JSON.stringify(text) });
    await demandClosed(id, 'failed');
  },

  'in the answer of a system': async (text) => {
    vendorSays = JSON.stringify({ errorMessages: [text] });
    const { id } = await start('jira.create_issue', { project: 'P', summary: 'S' });
    await demandClosed(id, 'failed');
  },

  'in a key that an error of a template names': async (text) => {
    const { id } = await start('examples.missing', { json: JSON.stringify({ [text.slice(0, 1_000)]: 1 }) });
    await demandClosed(id, 'failed');
  },

  'in reasons': async (text) => {
    const [cancelled, terminated] = await Promise.all([start('examples.wait'), start('examples.wait')]);
    const pathOf = (verb: string, { id } = cancelled) => `${EXECUTIONS}/${id}/${verb}`;
    const bodyOf = (reason: string) => ({ reason });
    let reason = text.slice(0, 1_000);
    for (const path of [pathOf('cancel'), pathOf('terminate', terminated), pathOf('pause')]) {
      await withoutHalves(reason, 'POST', path, bodyOf);
    }
    reason = reason.toWellFormed();
    expect((await call('POST', pathOf('pause'), { reason })).status).toBe(202);
    expect((await call('POST', pathOf('cancel'), { reason })).status).toBe(202);
    expect((await call('POST', pathOf('terminate', terminated), { reason })).status).toBe(202);
    await demandClosed(cancelled.id, 'cancelled');
    await demandClosed(terminated.id, 'cancelled');
  },

  'in signals and outputs': async (text) => {
    const [signalled, skipped] = await Promise.all([start('examples.wait'), start('examples.wait')]);
    const signal = `${EXECUTIONS}/${signalled.id}/signal`;
    const payload = await withoutHalves(text.slice(0, 20_000), 'POST', signal, (said) => ({
      name: 'go',
      payload: said,
    }));
    expect((await call('POST', signal, { name: 'go', payload })).status).toBe(202);
    expect((await statusOf(signalled.id)).result).toBe(payload);
    await until(
      async () => (await call('GET', `${EXECUTIONS}/${skipped.id}`)).body.data.waiting_for,
      (waits: unknown[]) => waits.length > 0,
    );
    const skip = `${EXECUTIONS}/${skipped.id}/tasks/wait/skip`;
    await withoutHalves(text.slice(0, 20_000), 'POST', skip, (output) => ({ output }));
    const reason = await withoutHalves(text.slice(0, 1_000), 'POST', skip, (said) => ({ output: 1, reason: said }));
    expect((await call('POST', skip, { output: payload, reason })).status).toBe(202);
    await demandClosed(signalled.id, 'completed');
    await demandClosed(skipped.id, 'completed');
  },

  'in comments, by REST and by the page of a mail': async (text) => {
    const asked = async () => {
      const { id } = await start('examples.ask');
      const { body } = await until(
        () => call('GET', `${EXECUTIONS}/${id}/inquiries`),
        (answer) => answer.body.data.length > 0,
      );
      return { run: id as number, inquiry: body.data[0] };
    };
    const [rest, page] = await Promise.all([asked(), asked()]);
    const respond = `/api/v1/inquiries/${rest.inquiry.id}/respond`;
    const denial = (comment: string) => ({ option: 'deny', comment });
    const comment = await withoutHalves(text.slice(0, 4_000), 'POST', respond, denial);
    expect((await call('POST', respond, denial(comment))).status).toBe(200);
    const claims = {
      kind: 'link',
      inquiry: page.inquiry.id,
      address: 'ann@example.com',
      expires: Date.now() + 3_600_000,
    };
    const { tenant } = (await harness.api.principals.authenticate('fmt_test-key-of-the-developer'))!;
    const token = await createSealer([SECRET_KEY], 'link').seal({ ...claims, tenant });
    const opened = await fetch(`${harness.api.url}/inquiry?token=${token}`, { redirect: 'manual' });
    const address = harness.api.url + opened.headers.get('location');
    const headers = { cookie: opened.headers.get('set-cookie')!.split(';')[0]! };
    const shown = await (await fetch(address, { headers })).text();
    const sealed = /name="form" value="([^"]+)"/.exec(shown)?.[1] ?? '';
    const form = new URLSearchParams({ option: 'deny', comment, form: sealed });
    const decided = await fetch(address, { method: 'POST', headers, body: form });
    expect([decided.status, (await decided.text()).includes('Denied')]).toEqual([200, true]);
    await demandClosed(rest.run, 'failed');
    await demandClosed(page.run, 'failed');
  },
};

it.each(TEXTS)('%s, through every door', async (_, text) => {
  const done = await Promise.allSettled(Object.values(DOORS).map((door) => door(text)));
  const names = Object.keys(DOORS);
  expect(done.map((end, at) => [names[at], end.status === 'fulfilled' ? null : end.reason])).toEqual(
    names.map((name) => [name, null]),
  );
});

describe('what other clients of Temporal leave', () => {
  it.each([
    ['a text', 'x'],
    ['a number that is too large', { n: 1e300, tenant: '00000000-0000-7000-8000-000000000001', ref: 'p.w' }],
    ['no tenant', { n: 5, tenant: 'nobody', ref: 'p.w', actions: null }],
    ['U+0000', { n: 5, tenant: 'a\0b', ref: '\0', tags: ['\0'], actions: ['\0'] }],
  ])('a memo of another kind: %s', async (_, memo) => {
    const workflowId = `foreign-${Math.random()}`;
    await client.workflow.start('nobody.knows', { workflowId, taskQueue: 'nobody', memo: { fermata: memo } });
    await demandHealthy();
    await client.workflow.getHandle(workflowId).terminate('a\0b');
    await demandHealthy();
  });

  it('a type and an id that no index of the database takes', async () => {
    const long = Array.from({ length: 300 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7_919) % 20_000)));
    const options = { workflowId: long.join(''), taskQueue: 'nobody' };
    await client.workflow.start(long.join(''), options);
    await demandHealthy();
    await client.workflow.getHandle(options.workflowId).terminate();
  });

  const raw = (encoding: string, data: string): proto.temporal.api.common.v1.IPayloads => ({
    payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data, 'latin1') }],
  });
  const broken: [what: string, payloads: proto.temporal.api.common.v1.IPayloads][] = [
    ['JSON that is cut', raw('json/plain', '{"a":')],
    ["Python's NaN", raw('json/plain', 'NaN')],
    ['bytes that are not UTF-8', raw('json/plain', '"\xff"')],
    ['protobuf', raw('json/protobuf', '{}')],
  ];

  it.each(broken)('a signal with %s is refused, and the next one is taken', async (_, input) => {
    const { id, workflow_id: workflowId } = await start('examples.wait');
    const signal = { namespace: NAMESPACE, workflowExecution: { workflowId }, signalName: 'go', input };
    await client.workflowService.signalWorkflowExecution(signal);
    const refused = await until(
      async () => (await call('GET', `${EXECUTIONS}/${id}`)).body.data.signals_refused,
      (signals: unknown[]) => signals.length > 0,
    );
    expect(refused).toMatchObject([{ name: 'go' }]);
    expect((await call('POST', `${EXECUTIONS}/${id}/signal`, { name: 'go', payload: 1 })).status).toBe(202);
    expect((await statusOf(id)).result).toBe(1);
    await demandClosed(id, 'completed');
  });

  it.each(broken)('an output with %s fails its task with output_invalid', async (what, result) => {
    const ref = `examples.do_${what.length}`;
    const action = { ref, pack_ref: 'examples', label: 'Do', task_queue: `do-${what.length}` };
    expect((await call('POST', '/api/v1/actions', action)).status).toBe(201);
    const { id } = await start(ref);
    const polled = await client.withDeadline(Date.now() + 120_000, () =>
      client.workflowService.pollActivityTaskQueue({
        namespace: NAMESPACE,
        taskQueue: { name: action.task_queue },
      }),
    );
    const { taskToken } = polled;
    await client.workflowService.respondActivityTaskCompleted({ namespace: NAMESPACE, taskToken, result });
    expect((await statusOf(id)).result).toMatchObject({ error_code: 'OUTPUT_INVALID' });
    await demandClosed(id, 'failed');
  });
});

it('after all of that other runs go on, and lists follow', demandHealthy);
