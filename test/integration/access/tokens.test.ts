import { CompactEncrypt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSealer } from '../../../service/access/sealer.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// Signal tokens of the Management API, and attacks on them.

let harness: ApiHarness;
const keys: Record<string, string> = { dev: DEV_KEY, approver: APPROVER_KEY };
const sealer = createSealer([SECRET_KEY], 'signal');
beforeAll(async () => {
  harness = await createApiHarness('tokens');
  for (const subject of ['ann', 'bob']) {
    keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, roles: ['operator'] })).body.data.key;
  }
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.twice',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      start: ['ask'],
      tasks: [
        {
          name: 'ask',
          action: 'core.inquiry',
          input: { approvers: ['ann', 'bob'] },
          next: [
            { when: "succeeded() and result().option == 'approve'", do: 'ask' },
            { when: 'failed()', do: 'noop' },
          ],
        },
      ],
    },
  });
});
afterAll(() => harness.close());

const as = (who: string, method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': keys[who]! });

interface Asked {
  workflow: string;
  id: string;
  token: string;
}

/** A run that asks, with ann's token to approve it. */
async function asked(option = 'approve'): Promise<Asked> {
  const { id: run, workflow_id: workflow } = (
    await as('dev', 'POST', '/api/v1/executions', { workflow: 'examples.twice' })
  ).body.data;
  const { body } = await until(
    () => as('ann', 'GET', `/api/v1/executions/${run}/inquiries`),
    (answer) => answer.body.data.length > 0,
  );
  const { id } = body.data[0];
  const issued = await as('ann', 'GET', `/api/v1/inquiries/${id}/token?option=${option}`);
  expect(issued.status).toBe(200);
  return { workflow, id, token: issued.body.data.token };
}

const present = (who: string, workflow: string, token: string, method = 'GET') =>
  as(who, method, `/execution/${workflow}/signal?input=${encodeURIComponent(token)}`);

/** A token of ours with something else in it. */
async function altered({ token }: Asked, change: Record<string, unknown>): Promise<string> {
  return sealer.seal({ ...(await sealer.open(token)), ...change } as never);
}

describe('a token', () => {
  it('decides for whom it names, without owning the run, once', async () => {
    const { workflow, token } = await asked();
    const done = await present('ann', workflow, token);
    expect([done.status, done.body]).toEqual([200, { message: 'Signal sent successfully', workflow_id: workflow }]);
    const [first, second] = (await as('dev', 'GET', `/api/v1/executions/${workflow}/inquiries`)).body.data;
    expect([first.status, first.votes[0].by, first.votes[0].channel, second.status]).toEqual([
      ...['approved', 'ann', 'token', 'pending'],
    ]);
    const replayed = await present('ann', workflow, token);
    expect([replayed.status, replayed.body.code]).toEqual([409, 'token_used']);
  });

  it('is good for POST and below /api/v1 too, and at the address that comes with it', async () => {
    const { workflow, id } = await asked();
    const { url } = (await as('bob', 'GET', `/api/v1/inquiries/${id}/token?option=deny`)).body.data;
    const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${keys.bob}` } });
    expect([response.status, await response.json()]).toEqual([
      ...[200, { message: 'Signal sent successfully', workflow_id: workflow }],
    ]);
  });

  it('is a double click away from nothing: of two at once one decides', async () => {
    const { workflow, token } = await asked();
    const both = await Promise.all([present('ann', workflow, token), present('ann', workflow, token)]);
    // Both are told of the one decision, or the later one that the token is used.
    for (const { status } of both) expect([200, 409]).toContain(status);
    const [first] = (await as('dev', 'GET', `/api/v1/executions/${workflow}/inquiries`)).body.data;
    expect(first.votes).toHaveLength(1);
  });

  it('is refused to who may not decide', async () => {
    const { id } = await asked();
    const issue = (who: string) => as(who, 'GET', `/api/v1/inquiries/${id}/token?option=approve`);
    expect((await issue('approver')).body.code).toBe('not_an_approver');
    expect((await issue('dev')).body.code).toBe('not_an_approver');
    const none = await as('ann', 'GET', `/api/v1/inquiries/${id}/token?option=perhaps`);
    expect([none.status, none.body.code]).toEqual([422, 'option_unknown']);
  });

  it('of a signal that a task waits for travels the same way', async () => {
    const run = (
      await as('dev', 'POST', '/api/v1/executions', { action_ref: 'core.wait_signal', parameters: { name: 'go' } })
    ).body.data;
    const issued = await as('dev', 'POST', `/api/v1/executions/${run.id}/signal/token`, { name: 'go', payload: [7] });
    expect(issued.status).toBe(200);
    expect((await present('ann', run.workflow_id, issued.body.data.token)).body.code).toBe('token_not_yours');
    expect((await present('dev', run.workflow_id, issued.body.data.token)).status).toBe(200);
    const closed = await until(
      () => as('dev', 'GET', `/api/v1/executions/${run.id}`),
      ({ body }) => body.data.status === 'completed',
    );
    expect(closed.body.data.result).toEqual([7]);
    expect((await present('dev', run.workflow_id, issued.body.data.token)).body.code).toBe('execution_closed');
  });
});

describe('against a token', () => {
  const now = () => new Date().toISOString();
  const attacks: [
    string,
    number,
    string,
    (asked: Asked) => Promise<string> | string,
    { by?: string; at?: 'other' }?,
  ][] = [
    ['nothing at all', 400, 'request_invalid', () => ''],
    ['a plain word', 400, 'token_invalid', () => 'approve'],
    [
      'a byte changed',
      400,
      'token_invalid',
      ({ token }) => `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1)}`,
    ],
    [
      'another ciphertext',
      400,
      'token_invalid',
      ({ token }) =>
        token
          .split('.')
          .map((part, index) => (index === 3 ? `${part.startsWith('A') ? 'B' : 'A'}${part.slice(1)}` : part))
          .join('.'),
    ],
    ['its end cut off', 400, 'token_invalid', ({ token }) => token.slice(0, token.length / 2)],
    ['its tag taken away', 400, 'token_invalid', ({ token }) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['the event in the clear', 400, 'token_invalid', ({ id }) => btoa(JSON.stringify({ specversion: '1.0', id }))],
    ['an unsigned JWT', 400, 'token_invalid', () => `${btoa('{"alg":"none"}')}.${btoa('{"option":"approve"}')}.`],
    [
      'a JWT signed with the master key',
      400,
      'token_invalid',
      () =>
        new SignJWT({ option: 'approve' })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(SECRET_KEY)),
    ],
    [
      'another key',
      400,
      'token_invalid',
      () => createSealer(['another master key, just as long as ours'], 'signal').seal({ specversion: '1.0' }),
    ],
    [
      'a key of the future',
      400,
      'token_invalid',
      () => createSealer(['a master key that comes next year or so'], 'signal').seal({}),
    ],
    [
      'our key for another purpose',
      400,
      'token_invalid',
      () => createSealer([SECRET_KEY], 'link').seal({ specversion: '1.0' }),
    ],
    [
      'another algorithm for keys',
      400,
      'token_invalid',
      async () =>
        new CompactEncrypt(new TextEncoder().encode('{}'))
          .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM' })
          .encrypt(new Uint8Array(32)),
    ],
    [
      'another content encryption',
      400,
      'token_invalid',
      async () =>
        new CompactEncrypt(new TextEncoder().encode('{}'))
          .setProtectedHeader({ alg: 'dir', enc: 'A128GCM' })
          .encrypt(new Uint8Array(16)),
    ],
    ['no CloudEvent in it', 400, 'token_invalid', () => sealer.seal({ option: 'approve' })],
    ['a CloudEvent of another version', 400, 'token_invalid', (of) => altered(of, { specversion: '0.3' })],
    ['a CloudEvent of another type', 400, 'token_invalid', (of) => altered(of, { type: 'com.example.approved' })],
    ['a CloudEvent without an id', 400, 'token_invalid', (of) => altered(of, { id: null })],
    ['no audience', 400, 'token_invalid', (of) => altered(of, { fermataaudience: undefined })],
    ['no end', 400, 'token_invalid', (of) => altered(of, { fermataexpires: undefined })],
    ['another run', 400, 'token_wrong_execution', ({ token }) => token, { at: 'other' }],
    ['another tenant', 400, 'token_wrong_execution', (of) => altered(of, { fermatatenant: 'x' })],
    ['another person', 403, 'token_not_yours', ({ token }) => token, { by: 'bob' }],
    ['the owner of the run', 403, 'token_not_yours', ({ token }) => token, { by: 'dev' }],
    [
      'a name that is no approver',
      403,
      'not_an_approver',
      (of) => altered(of, { fermataaudience: 'approver' }),
      { by: 'approver' },
    ],
    ['another task', 404, 'inquiry_not_found', (of) => altered(of, { subject: 'deploy' })],
    ['another visit', 404, 'inquiry_not_found', (of) => altered(of, { subject: 'ask#2' })],
    ['an item', 404, 'inquiry_not_found', (of) => altered(of, { subject: 'ask[0]' })],
    ['a prototype for a task', 404, 'inquiry_not_found', (of) => altered(of, { subject: '__proto__' })],
    ['another option', 422, 'option_unknown', (of) => altered(of, { data: { option: 'everything' } })],
    ['something else to be bound to', 409, 'binding_changed', (of) => altered(of, { fermatabound: 'f'.repeat(64) })],
    ['its time over', 410, 'token_expired', (of) => altered(of, { fermataexpires: now() })],
    ['7,900 characters', 400, 'token_invalid', () => 'a'.repeat(7_900)],
    ['8,100 characters', 400, 'request_invalid', () => 'a'.repeat(8_100)],
  ];

  // Nothing that is refused changes the run that all of them are about.
  let of: Asked;
  let other: Asked;
  beforeAll(async () => {
    [of, other] = await Promise.all([asked(), asked()]);
  });

  it.each(attacks)('%s is answered %i %s', async (_, status, code, make, { by = 'ann', at } = {}) => {
    const { workflow } = at === 'other' ? other : of;
    const refused = await present(by, workflow, await make(of));
    expect([refused.status, refused.body.code]).toEqual([status, code]);
    for (const each of new Set([of.workflow, workflow])) {
      const [inquiry] = (await as('dev', 'GET', `/api/v1/executions/${each}/inquiries`)).body.data;
      expect([inquiry.status, inquiry.decisions]).toEqual(['pending', []]);
    }
  });

  it('no credentials are answered 401, and a run of nobody 404', async () => {
    const { workflow, token } = of;
    const nobody = await fetch(`${harness.api.url}/execution/${workflow}/signal?input=${token}`);
    expect(nobody.status).toBe(401);
    expect((await present('ann', 'wf_nothing', token)).status).toBe(404);
    const cookie = { headers: { cookie: `session=${keys.ann}` } };
    expect((await fetch(`${harness.api.url}/execution/${workflow}/signal?input=${token}`, cookie)).status).toBe(401);
  });

  it('after all of them the token decides', async () => {
    expect((await present('ann', of.workflow, of.token)).status).toBe(200);
  });
});

it('keys rotate: what an earlier key has sealed is opened, what is new is sealed with the first', async () => {
  const before = createSealer(['the master key of last year, of enough length'], 'signal');
  const after = createSealer(
    ['the master key of this year, of enough length', 'the master key of last year, of enough length'],
    'signal',
  );
  expect(await after.open(await before.seal({ a: 1 }))).toEqual({ a: 1 });
  await expect(before.open(await after.seal({ a: 1 }))).rejects.toThrow('was not issued by this service');
});
