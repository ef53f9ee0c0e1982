import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as TemporalClient } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REST_PURPOSE } from '../../../composition/reach.ts';
import { verifyLedger } from '../../../interpreter/ledger.ts';
import { CONTROL_SIGNAL } from '../../../model/control.ts';
import { DELEGATE_SIGNAL } from '../../../model/delegation.ts';
import { integerId, workflowIdOf } from '../../../model/execution-id.ts';
import { DECISION_SIGNAL } from '../../../model/inquiry.ts';
import type { Ledger } from '../../../model/ledger.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { createBell } from '../../../service/background/bell.ts';
import { openEntry } from '../../../service/index/entries.ts';
import { createIndexKeeper } from '../../../service/index/reconciler.ts';
import { createInquiryInbox } from '../../../service/inquiries/inbox.ts';
import { loadSigningKeys } from '../../../service/statements/signing-keys.ts';
import { createSigningKeyStore } from '../../../store/access/signing-keys.ts';
import { createExecutionStore } from '../../../store/executions/executions.ts';
import { createInquiryStore } from '../../../store/inquiries/inquiries.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { callTool } from '../faces/mcp-call.ts';
import { createReader } from '../index/projection-reader.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';
import { openPrepared } from '../support/prepared.ts';
import { until } from '../support/until.ts';

let harness: ApiHarness;
const keys: Record<string, string> = { dev: DEV_KEY, approver: APPROVER_KEY };
beforeAll(async () => {
  harness = await createApiHarness('inquiries');
  for (const [subject, body] of Object.entries({
    ann: { roles: ['operator'], groups: ['ops'] },
    bob: { roles: ['operator'] },
    looker: { roles: ['viewer'] },
  })) {
    keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, ...body })).body.data.key;
  }
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.approve',
    pack_ref: 'examples',
    label: 'Approve',
    version: '1.0.0',
    definition: {
      tasks: [
        {
          name: 'ask',
          action: 'core.inquiry',
          input: '{{ parameters }}',
          on_success: 'go',
          on_failure: 'no',
        },
        { name: 'go', action: 'core.transform', input: { data: '{{ ask.output }}' } },
        { name: 'no', action: 'core.transform', input: { data: '{{ error }}' } },
      ],
    },
  });
});
afterAll(() => harness.close());

const as = (who: string, method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': keys[who]! });

/** Starts a run that asks, and gives its id and that of the inquiry. */
async function ask(parameters: object = {}, who = 'dev'): Promise<{ run: number; id: string; workflow: string }> {
  const started = await as(who, 'POST', '/api/v1/executions', { workflow: 'examples.approve', parameters });
  const { id: run, workflow_id: workflow } = started.body.data;
  const { body } = await until(
    () => as(who, 'GET', `/api/v1/executions/${run}/inquiries`),
    (answer) => answer.body.data.length > 0,
  );
  return { run, id: body.data[0].id, workflow };
}

const temporalClient = () => new TemporalClient({ connection: harness.connection, namespace: 'inquiries' }).workflow;
const respond = (who: string, id: string, body: object) => as(who, 'POST', `/api/v1/inquiries/${id}/respond`, body);
const ended = async (run: number) =>
  (
    await until(
      () => as('dev', 'GET', `/api/v1/executions/${run}`),
      ({ body }) => !['requested', 'running', 'canceling'].includes(body.data.status),
    )
  ).body.data;

describe('an inquiry', () => {
  it('stands in the inbox of who may decide it, and of nobody else, and is decided there', async () => {
    const { run, id } = await ask({ prompt: 'Go?', details: '**now**', approvers: ['ann', 'dev'], groups: ['ops'] });
    const inbox = async (who: string) => (await as(who, 'GET', '/api/v1/inquiries?assigned=me')).body.data;
    const [mine] = await until(
      () => inbox('ann'),
      (rows) => rows.length > 0,
    );
    expect(mine).toMatchObject({
      id,
      execution: run,
      action_ref: 'examples.approve',
      requested_by: 'dev',
      task: 'ask',
      status: 'pending',
      prompt: 'Go?',
      details: '**now**',
      approvers: ['ann', 'dev'],
      groups: ['ops'],
      quorum: 1,
      bind: true,
      votes: [],
      options: [
        { ref: 'approve', label: 'Approve', style: 'primary', outcome: 'approve' },
        { ref: 'deny', label: 'Deny', style: 'danger', outcome: 'deny' },
      ],
    });
    expect(mine.will_run.map(({ task }: { task: string }) => task)).toEqual(['go']);
    expect(await inbox('bob')).toEqual([]);
    // Who started the run may not decide, though asked.
    expect(await inbox('dev')).toEqual([]);
    const run2 = await as('dev', 'GET', `/api/v1/executions/${run}`);
    expect(run2.body.data.waiting_for).toMatchObject([{ kind: 'inquiry', task: 'ask', detail: 'Go?' }]);
    const { status, body } = await respond('ann', id, { option: 'approve', comment: 'fine', response: { a: 1 } });
    expect([status, body.result, body.data.status]).toEqual([200, 'decided', 'approved']);
    expect(body.data.votes).toMatchObject([{ by: 'ann', option: 'approve', comment: 'fine', channel: 'api' }]);
    expect((await ended(run)).result.go).toMatchObject({
      outcome: 'approve',
      option: 'approve',
      decided_by: ['ann'],
      response: { a: 1 },
      comment: 'fine',
    });
    expect(await inbox('ann')).toEqual([]);
    const listed = await as('looker', 'GET', `/api/v1/inquiries?execution=${run}&status=approved`);
    expect(listed.body.data.map((row: { id: string }) => row.id)).toEqual([id]);
  });

  it('refuses before anything is sent what cannot be, and says why', async () => {
    const { run, id } = await ask({
      approvers: ['ann', 'dev', 'bob'],
      quorum: 2,
      response_schema: { type: 'object', required: ['why'], properties: { why: { type: 'string' } } },
    });
    const response = { why: 'so' };
    const rows: [string, object, number, string][] = [
      ['approver', { option: 'approve', response }, 403, 'not_an_approver'],
      ['dev', { option: 'approve', response }, 403, 'self_approval'],
      ['looker', { option: 'approve', response }, 403, 'forbidden'],
      ['ann', { option: 'perhaps', response }, 422, 'option_unknown'],
      ['ann', { option: 'approve', response: { why: 1 } }, 422, 'response_invalid'],
      ['ann', { option: 'approve' }, 422, 'response_invalid'],
      ['ann', { option: 'approve', response, bound_to: '0'.repeat(64) }, 409, 'binding_changed'],
      ['ann', { option: 'approve', response, vote: 2 }, 400, 'request_invalid'],
      ['ann', { option: 'approve', response: 'x'.repeat(300_000) }, 413, 'body_too_large'],
    ];
    for (const [who, body, status, code] of rows) {
      const refused = await respond(who, id, body);
      expect([who, refused.status, refused.body.code]).toEqual([who, status, code]);
    }
    const history = (await as('dev', 'GET', `/api/v1/executions/${run}/history`)).body.data;
    expect(history.some(({ event_type }: { event_type: string }) => event_type.includes('Signaled'))).toBe(false);
    const counted = await respond('ann', id, { option: 'approve', response });
    expect([counted.status, counted.body.result]).toEqual([202, 'counted']);
    const twice = await respond('ann', id, { option: 'approve', response });
    expect([twice.status, twice.body.code]).toEqual([409, 'already_voted']);
    expect((await respond('bob', id, { option: 'approve', response })).body.result).toBe('decided');
    const late = await respond('bob', id, { option: 'approve', response });
    expect([late.status, late.body.code, late.body.error]).toEqual([
      409,
      'already_decided',
      'approved already, by ann, bob',
    ]);
    for (const nothing of ['12', '5000000001', 'x', `${run}`, `${id}[0]`, `${id}~2`]) {
      const missing = await respond('ann', nothing, { option: 'approve' });
      expect([missing.status, missing.body.code], nothing).toEqual([404, 'inquiry_not_found']);
    }
  });

  it('expires, and is withdrawn with its run', async () => {
    const short = await ask({ timeout: 0.2 });
    expect((await ended(short.run)).result.no).toMatchObject({ type: 'expired' });
    const late = await respond('ann', short.id, { option: 'approve' });
    expect([late.status, late.body.code]).toEqual([410, 'inquiry_expired']);
    const cancelled = await ask();
    await as('dev', 'POST', `/api/v1/executions/${cancelled.run}/cancel`);
    await ended(cancelled.run);
    const gone = await respond('ann', cancelled.id, { option: 'approve' });
    expect([gone.status, gone.body.code]).toEqual([410, 'inquiry_withdrawn']);
    const rows = await until(
      () => as('dev', 'GET', `/api/v1/inquiries?execution=${cancelled.run}`),
      ({ body }) => body.data[0]?.status === 'cancelled',
    );
    expect(rows.body.data).toHaveLength(1);
    await as('dev', 'DELETE', `/api/v1/executions/${cancelled.run}`);
    expect((await as('dev', 'GET', `/api/v1/inquiries?execution=${cancelled.run}`)).body.data).toEqual([]);
  });

  it.each<[string, (run: number, workflow: string) => Promise<unknown>]>([
    ['is terminated by the API', (run) => as('dev', 'POST', `/api/v1/executions/${run}/terminate`, { reason: 'no' })],
    [
      'is terminated in bulk',
      (run) => as('dev', 'POST', '/api/v1/executions/bulk/terminate', { ids: [run], reason: 'no' }),
    ],
    ["is terminated in Temporal's UI", (_, workflow) => temporalClient().getHandle(workflow).terminate()],
    [
      'is one that Temporal no longer has',
      async (run, workflow) => {
        await createTemporal({ connection: harness.connection, namespace: 'inquiries' }).remove(workflow);
        const gone = await until(
          () => as('dev', 'GET', `/api/v1/executions/${run}`),
          ({ body }) => body.data.expired,
        );
        // Temporal terminates an open run before it deletes it, which the index may have read.
        const lost = 'Temporal no longer has this run';
        const ways: Record<string, string> = { [lost]: lost, 'Delete workflow execution': 'it is terminated' };
        const { error } = gone.body.data.result;
        expect(Object.keys(ways)).toContain(error);
        for (const verb of ['cancel', 'terminate']) {
          const { status, body } = await as('dev', 'POST', `/api/v1/executions/${run}/${verb}`);
          expect([status, body.code, body.error]).toEqual([
            409,
            'execution_closed',
            `Execution with ID ${run} has already ended: ${ways[error]}`,
          ]);
        }
      },
    ],
  ])('is withdrawn when its run %s: it leaves every inbox, and nobody can decide it', async (_, stop) => {
    const { run, id, workflow } = await ask({ approvers: ['ann'] });
    const inbox = async () =>
      (await as('ann', 'GET', '/api/v1/inquiries?assigned=me')).body.data.map((row: { id: string }) => row.id);
    await until(inbox, (ids) => ids.includes(id));
    await stop(run, workflow);
    await until(inbox, (ids) => !ids.includes(id));
    expect((await as('ann', 'GET', `/api/v1/inquiries/${id}`)).body.data.status).toBe('cancelled');
    const listed = await as('dev', 'GET', `/api/v1/inquiries?execution=${run}`);
    expect(listed.body.data.map((row: { status: string }) => row.status)).toEqual(['cancelled']);
    const { status, body } = await respond('ann', id, { option: 'approve' });
    expect([status, body.code]).toEqual([410, 'inquiry_withdrawn']);
    expect((await as('dev', 'DELETE', `/api/v1/executions/${run}`)).status).toBeLessThan(300);
  });

  it('of a sub-workflow is withdrawn when the run above it is terminated', async () => {
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.terminated_above',
      pack_ref: 'examples',
      label: 'Above',
      version: '1.0.0',
      definition: {
        tasks: [{ name: 'below', action: 'examples.approve', input: { approvers: ['ann'], prompt: 'Below?' } }],
      },
    });
    const { body } = await as('dev', 'POST', '/api/v1/executions', { workflow: 'examples.terminated_above' });
    const asked = await until(
      async () => (await as('ann', 'GET', '/api/v1/inquiries?assigned=me')).body.data,
      (rows) => rows.some(({ prompt }: { prompt: string }) => prompt === 'Below?'),
    );
    const { id } = asked.find(({ prompt }: { prompt: string }) => prompt === 'Below?');
    expect((await as('dev', 'POST', `/api/v1/executions/${body.data.id}/terminate`)).status).toBe(202);
    await until(
      async () => (await as('ann', 'GET', '/api/v1/inquiries?assigned=me')).body.data,
      (rows) => rows.every((row: { id: string }) => row.id !== id),
    );
    expect((await as('ann', 'GET', `/api/v1/inquiries/${id}`)).body.data.status).toBe('cancelled');
  });

  it('is decided once when many decide in one moment, and every loser is told', async () => {
    const { id, run } = await ask();
    const answers = await Promise.all(
      ['ann', 'bob', 'approver', 'ann', 'bob'].map((who, index) =>
        respond(who, id, { option: index % 2 === 0 ? 'approve' : 'deny' }),
      ),
    );
    const codes = answers.map(({ status, body }) => (status === 200 ? body.result : body.code));
    expect(codes.filter((code) => code === 'decided')).toHaveLength(1);
    expect(codes.filter((code) => code === 'already_decided')).toHaveLength(4);
    const [record] = (await as('dev', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data;
    expect(record.decisions[0]).toMatchObject({
      result: 'decided',
      reason: null,
      channel: 'api',
      bound_to: record.bound_to,
    });
  });

  it('is received while no worker is there, and decided when one is back', async () => {
    const { id, run } = await ask();
    await harness.stopWorker();
    const { status, body } = await respond('ann', id, { option: 'approve' });
    expect([status, body.result, body.data.status]).toEqual([202, 'received', 'pending']);
    await harness.startWorker();
    expect((await ended(run)).status).toBe('completed');
    const [record] = (await as('dev', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data;
    expect([record.status, record.votes[0].by]).toEqual(['approved', 'ann']);
  });

  it('is not missed when its worker tells of it before Temporal has it', async () => {
    await harness.stopWorker();
    const started = await as('dev', 'POST', '/api/v1/executions', { workflow: 'examples.approve' });
    const { id: run, workflow_id: workflowId } = started.body.data;
    const temporal = createTemporal({ connection: harness.connection, namespace: 'inquiries' });
    const { info } = (await temporal.describe(workflowId))!;
    const store = createExecutionStore(harness.database.db);
    await store.write([{ ...openEntry('inquiries', info), asked: 1 }]);
    const inquiries = createInquiryStore(harness.database.db);
    await createInquiryInbox({
      temporal,
      projections: createReader(temporal),
      store: inquiries,
      bell: createBell(),
      clock: Date.now,
      log: pino({ level: 'silent' }),
    }).tick();
    await harness.startWorker();
    await until(
      () => as('ann', 'GET', `/api/v1/inquiries?assigned=me&execution=${run}`),
      ({ body }) => body.data.length === 1,
    );
  });

  it('cannot be decided by the signals that anybody may send', async () => {
    const { run } = await ask();
    const forged = await as('dev', 'POST', `/api/v1/executions/${run}/signal`, { name: DECISION_SIGNAL, payload: {} });
    expect([forged.status, forged.body.code]).toEqual([400, 'request_invalid']);
  });

  it('cannot be decided past the API: a signal that it has not signed is refused, shown, and advised about', async () => {
    const { run, id, workflow } = await ask({ approvers: ['ann'] });
    const handle = new TemporalClient({ connection: harness.connection, namespace: 'inquiries' }).workflow.getHandle(
      workflow,
    );
    const forged = {
      id: 'forged',
      inquiry: 'ask',
      option: 'approve',
      response: null,
      comment: null,
      by: 'ann',
      names: ['ann'],
      groups: ['ops'],
      channel: 'api',
      at: new Date().toISOString(),
      bound_to: null,
    };
    const statement = {
      ...forged,
      v: 1,
      type: 'decision',
      subject: 'ann',
      execution: 'any',
      chain: 'any',
      tenant: 'any',
    };
    await handle.signal(DECISION_SIGNAL, forged);
    await handle.signal(DECISION_SIGNAL, { statement, kid: 'mine', sig: 'mine', given: { salt: '' } });
    await handle.signal(CONTROL_SIGNAL, { id: 'c', by: 'ann', what: 'skip', key: 'ask', output: {} });
    const { body } = await until(
      () => as('dev', 'GET', `/api/v1/executions/${run}`),
      ({ body: { data } }) => data.statements.refused === 3,
    );
    expect([body.data.status, body.data.statements]).toEqual(['running', { accepted: 0, refused: 3 }]);
    const [asked] = (await as('dev', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data;
    expect([asked.status, asked.votes, asked.decisions]).toMatchObject([
      ...['pending', []],
      [{ id: 'forged', by: 'ann', verified: false, result: 'refused', reason: 'unknown_key' }],
    ]);
    const { advice } = (await as('dev', 'GET', `/api/v1/executions/${run}/explain`)).body.data;
    expect(advice[0].text).toContain('statements_refused');
    const answer = await respond('ann', id, { option: 'approve', bound_to: asked.bound_to, comment: 'fine' });
    expect([answer.status, answer.body.data.votes[0].verified]).toEqual([200, true]);
    const done = await ended(run);
    expect([done.status, done.statements]).toEqual(['completed', { accepted: 1, refused: 3 }]);
  });

  it('is asked by a run that is shown as authentic only where the API has started it as it is', async () => {
    const { run, workflow } = await ask();
    const shown = (await as('dev', 'GET', `/api/v1/executions/${run}`)).body.data;
    expect([shown.authentic, shown.projection]).toEqual([true, 'complete']);
    const client = new TemporalClient({ connection: harness.connection, namespace: 'inquiries' }).workflow;
    const described = await client.getHandle(workflow).describe();
    const events = (await client.getHandle(workflow).fetchHistory()).events ?? [];
    const payloads = events[0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
    const [input, started] = payloads.map(({ data }) => JSON.parse(Buffer.from(data!).toString()));
    const forge = async (n: number, change: object, memo: object) => {
      const workflowId = workflowIdOf(n);
      const args = [input, { ...started, ...change }];
      await client.start('examples.approve', { workflowId, taskQueue: 'fermata', args, memo: { fermata: memo } });
      return until(
        () => as('dev', 'GET', `/api/v1/executions/${integerId(n)}`),
        ({ status }) => status === 200,
      );
    };
    const memo = described.memo!.fermata as { n: number };
    const forged: [object, object][] = [
      [{ starters: ['nobody'] }, memo],
      [{}, memo],
      [{}, { ...memo, warrant: undefined }],
      [{ trust: undefined }, memo],
      [{ depth: 1 }, { ...memo, warrant: undefined }],
    ];
    for (const [at, [change, kept]] of forged.entries()) {
      const n = memo.n + 1_000 + at;
      const { body } = await forge(n, { n, ...change }, { ...kept, n });
      expect(body.data.authentic).toBe(false);
      const { advice } = (await as('dev', 'GET', `/api/v1/executions/${integerId(n)}/explain`)).body.data;
      expect(advice[0].text).toContain('not_authentic');
      await client.getHandle(workflowIdOf(n)).terminate();
      const again = await as('dev', 'POST', `/api/v1/executions/${integerId(n)}/retry`, {});
      expect([again.status, again.body.code]).toEqual([409, 'history_unusable']);
    }
  });

  it('is signed by a key that is published, and that each process of the API loads again', async () => {
    const { keys: published } = (await harness.call('GET', '/.well-known/fermata-keys.json', undefined, {})).body;
    expect(published).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', status: 'active', revoked_at: null }]);
    const store = createSigningKeyStore(harness.database.db);
    const sealer = createSealer([SECRET_KEY], REST_PURPOSE);
    const [one, two] = await Promise.all([loadSigningKeys(store, sealer), loadSigningKeys(store, sealer)]);
    expect([one, two].map((loaded) => loaded.map(({ kid }) => kid))).toEqual([[published[0].kid], [published[0].kid]]);
    await expect(
      loadSigningKeys(store, createSealer(['another master key, long enough'], REST_PURPOSE)),
    ).rejects.toThrow(/sealed by none of the keys in FERMATA_SECRET_KEY/);
  });

  it('is signed by the key that its run trusts, also after that was rotated or revoked', async () => {
    const [before, older] = [await ask(), await ask()];
    expect((await as('bob', 'POST', '/api/v1/signing-keys/rotate')).status).toBe(403);
    const { status, body } = await as('dev', 'POST', '/api/v1/signing-keys/rotate');
    expect([status, body.keys.map((key: { status: string }) => key.status)]).toEqual([201, ['retired', 'active']]);
    const after = await ask();
    for (const { id, run } of [before, after]) {
      expect((await respond('ann', id, { option: 'approve' })).status).toBe(200);
      const { authentic, statements } = await ended(run);
      expect([authentic, statements]).toEqual([true, { accepted: 1, refused: 0 }]);
    }
    // A run that trusts no other key than the one that is revoked is told of the new one first.
    const revoke = (kid: string) => as('dev', 'POST', `/api/v1/signing-keys/${kid}/revoke`);
    const [old, active] = body.keys.map((key: { kid: string }) => key.kid);
    const { data } = (await revoke(old)).body;
    expect([data.told > 0, data.failed]).toEqual([true, 0]);
    await until(
      () => as('dev', 'GET', `/api/v1/executions/${older.run}`),
      (answer) => answer.body.data.statements.accepted === 2,
    );
    expect((await respond('ann', older.id, { option: 'approve' })).status).toBe(200);
    expect(await ended(older.run)).toMatchObject({ authentic: true, statements: { accepted: 3, refused: 0 } });
    const exported = `${harness.api.url}/api/v1/executions/${older.run}/decisions/export`;
    const ledger = (await (await fetch(exported, { headers: { 'x-api-key': DEV_KEY } })).json()) as Ledger;
    const refused = await Promise.all([revoke('nobody'), revoke(active)]);
    expect(refused.map((answer) => answer.body.code)).toEqual(['key_not_found', 'last_key']);
    const { keys: published } = (await harness.call('GET', '/.well-known/fermata-keys.json', undefined, {})).body;
    expect(published.map((key: { status: string }) => key.status)).toEqual(['revoked', 'active']);
    expect(verifyLedger(ledger, published).map(({ result }) => result)).toEqual(Array(3).fill('verified'));
  });

  it('of an item has the index behind its id', async () => {
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.items',
      pack_ref: 'examples',
      label: 'Items',
      version: '1.0.0',
      definition: {
        tasks: [{ name: 'ask', action: 'core.inquiry', with_items: ['a', 'b'], input: { prompt: '{{ item }}?' } }],
      },
    });
    const run = (await as('dev', 'POST', '/api/v1/executions', { workflow: 'examples.items' })).body.data.id;
    const { body } = await until(
      () => as('ann', 'GET', `/api/v1/executions/${run}/inquiries`),
      (answer) => answer.body.data.length === 2,
    );
    expect(body.data.map(({ id, prompt }: { id: string; prompt: string }) => [id, prompt])).toEqual([
      [`${run + 1}[0]`, 'a?'],
      [`${run + 1}[1]`, 'b?'],
    ]);
    for (const { id } of body.data) {
      expect((await respond('ann', encodeURIComponent(id), { option: 'approve' })).status).toBe(200);
    }
    expect((await ended(run)).status).toBe('completed');
  });

  it('is answered by a sub-workflow too, but not by who started the run above', async () => {
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.above',
      pack_ref: 'examples',
      label: 'Above',
      version: '1.0.0',
      definition: { tasks: [{ name: 'below', action: 'examples.approve' }] },
    });
    const run = (await as('ann', 'POST', '/api/v1/executions', { workflow: 'examples.above' })).body.data.id;
    const child = await until(
      async () => (await as('ann', 'GET', `/api/v1/executions/${run}`)).body.data.tasks[0]?.child as number | null,
      (id) => id !== null && id !== undefined,
    );
    const [{ id }] = (
      await until(
        () => as('ann', 'GET', `/api/v1/executions/${child}/inquiries`),
        ({ body }) => body.data?.length > 0,
      )
    ).body.data;
    expect((await respond('ann', id, { option: 'approve' })).body.code).toBe('self_approval');
    expect((await respond('bob', id, { option: 'approve' })).status).toBe(200);
    expect((await ended(run)).status).toBe('completed');
  });

  it('belongs to its tenant', async () => {
    const { id, run } = await ask();
    await harness.call('POST', '/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    const { key } = (await harness.call('POST', '/api/v1/keys', { subject: 'eve', tenant: 'acme', roles: ['admin'] }))
      .body.data;
    keys.eve = key;
    expect((await respond('eve', id, { option: 'approve' })).body.code).toBe('inquiry_not_found');
    expect((await as('eve', 'GET', '/api/v1/inquiries')).body.data).toEqual([]);
    expect((await as('eve', 'GET', `/api/v1/executions/${run}/inquiries`)).status).toBe(404);
  });
});

describe('the inbox', () => {
  it('comes back out of histories when the database is new, and follows them, without a word of a worker', async () => {
    const { run } = await ask({ prompt: 'Lost?' });
    const lost = await openPrepared();
    const [index, store] = [createExecutionStore(lost.db), createInquiryStore(lost.db)];
    const temporal = createTemporal({ connection: harness.connection, namespace: 'inquiries' });
    const log = pino({ level: 'silent' });
    const projections = createReader(temporal);
    const bell = createBell();
    const inbox = createInquiryInbox({ temporal, projections, store, bell, clock: Date.now, log });
    const keeper = createIndexKeeper({
      temporal,
      projections,
      store: index,
      log,
      clock: Date.now,
      onRead: inbox.take,
      alarm: bell,
      bell,
    });
    const { tenant } = await harness.api.principals.authenticate(DEV_KEY);
    const pending = async () => {
      await keeper.tick();
      await inbox.tick();
      const { rows } = await store.list(tenant, { statuses: ['pending'] }, { offset: 0, limit: 100 });
      return rows.filter(({ n }) => integerId(n) === run);
    };
    const [found] = await until(pending, (rows) => rows.length > 0);
    expect(found!.inquiry.request.prompt).toBe('Lost?');
    expect((await as('dev', 'POST', `/api/v1/executions/${run}/terminate`)).status).toBe(202);
    await until(pending, (rows) => rows.length === 0);
    await lost.close();
  });
});

describe('over MCP', () => {
  it('is listed and answered by the principal that the caller is', async () => {
    const { id, run } = await ask({ prompt: 'Agent?' });
    const connect = async (who: string) => {
      const client = new Client({ name: who, version: '1.0.0' });
      const headers = { 'x-api-key': keys[who]! };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(`${harness.api.url}/mcp`), { requestInit: { headers } }),
      );
      return client;
    };
    const [ann, dev] = [await connect('ann'), await connect('dev')];
    await until(
      () => ann.callTool({ name: 'list_inquiries', arguments: { assigned: true, executionId: run } }),
      ({ structuredContent }) => (structuredContent as { total: number }).total === 1,
    );
    const own = await dev.callTool({ name: 'answer_inquiry', arguments: { id, option: 'approve' } });
    expect([own.isError, JSON.stringify(own.content)]).toEqual([true, expect.stringContaining('self_approval')]);
    const answered = await ann.callTool({ name: 'answer_inquiry', arguments: { id, option: 'deny', comment: 'no' } });
    expect(answered.structuredContent).toMatchObject({
      result: 'decided',
      inquiry: { status: 'denied', votes: [{ by: 'ann', option: 'deny', comment: 'no' }] },
    });
    await Promise.all([ann.close(), dev.close()]);
    expect((await ended(run)).result.no.type).toBe('denied');
  });
});

describe('a delegated decision', () => {
  it('is verified from its export, which fails without the delegation; one that is forged does not count', async () => {
    const { run, id, workflow } = await ask({ approvers: ['ann'], delegable: true });
    const temporal = new TemporalClient({ connection: harness.connection, namespace: 'inquiries' });
    const people = { by: 'ann', names: ['ann'], groups: [], to: 'bob', to_names: ['bob'], to_groups: [] };
    const forged = { id: 'forged', inquiry: 'ask', ...people, reason: null, at: new Date().toISOString() };
    await temporal.workflow.getHandle(workflow).signal(DELEGATE_SIGNAL, forged);
    await until(
      () => as('dev', 'GET', `/api/v1/executions/${run}`),
      ({ body }) => body.data.statements.refused === 1,
    );
    expect((await as('bob', 'GET', `/api/v1/inquiries/${id}`)).body.data.delegations).toEqual([]);
    expect((await respond('bob', id, { option: 'approve' })).body.code).toBe('not_an_approver');
    const mcp = await callTool(harness.api.url, keys.ann!, 'delegate_inquiry', { id, to: 'bob', reason: 'away' });
    expect(mcp.structuredContent).toMatchObject({
      result: 'delegated',
      inquiry: { delegable: true, delegations: [{ by: 'ann', to: 'bob', reason: 'away' }] },
    });
    expect((await respond('bob', id, { option: 'approve' })).body.result).toBe('decided');
    expect((await ended(run)).statements).toEqual({ accepted: 2, refused: 1 });
    const exported = `${harness.api.url}/api/v1/executions/${run}/decisions/export`;
    const ledger = (await (await fetch(exported, { headers: { 'x-api-key': DEV_KEY } })).json()) as Ledger;
    const { keys: published } = (await harness.call('GET', '/.well-known/fermata-keys.json', undefined, {})).body;
    const results = () => verifyLedger(ledger, published).map(({ by, result, reason }) => [by, reason ?? result]);
    expect(results()).toEqual([
      ['dev', 'verified'],
      ['ann', 'verified'],
      ['bob', 'verified'],
      [null, 'verified'],
    ]);
    ledger.statements.shift();
    expect(results()).toEqual([
      ['dev', 'verified'],
      ['bob', 'verified'],
      [null, 'not_allowed'],
    ]);
  });
});

describe('other names', () => {
  it('of a person are the person: asked by one, barred by another', async () => {
    const alias = { subject: 'bob', kind: 'email', value: 'Bob@Example.com' };
    const made = await harness.call('POST', '/api/v1/aliases', alias);
    expect([made.status, made.body.data.value]).toEqual([201, 'bob@example.com']);
    const again = await harness.call('POST', '/api/v1/aliases', { ...alias, subject: 'ann' });
    expect([again.status, again.body.code]).toEqual([409, 'alias_exists']);
    const { id } = await ask({ approvers: ['bob@example.com'] });
    expect((await respond('ann', id, { option: 'approve' })).body.code).toBe('not_an_approver');
    expect((await respond('bob', id, { option: 'approve' })).status).toBe(200);
    const listed = (await harness.call('GET', '/api/v1/aliases')).body.data;
    expect(listed).toMatchObject([{ subject: 'bob', kind: 'email', value: 'bob@example.com' }]);
    expect((await harness.call('DELETE', `/api/v1/aliases/${listed[0].id}`)).status).toBe(200);
    expect((await harness.call('DELETE', `/api/v1/aliases/${listed[0].id}`)).body.code).toBe('alias_not_found');
    const wrong = await harness.call('POST', '/api/v1/aliases', { subject: 'bob', kind: 'slack', value: 'bob' });
    expect([wrong.status, wrong.body.issues[0].path]).toEqual([400, '/value']);
  });
});
