import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger, LedgerFinding } from '../../../model/ledger.ts';
import { showHistory } from '../runs/shown-history.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { runFermata } from '../support/fermata.ts';
import { until } from '../support/until.ts';
import {
  installed,
  ORGANIZATION,
  pressed,
  startTeamsServer,
  type TeamsMessage,
  type TeamsServer,
  type TokenOptions,
  tokenFor,
} from './teams-server.ts';

let harness: ApiHarness;
let teams: TeamsServer;
const ANN = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const TEAM = '19:team@thread.tacv2';

beforeAll(async () => {
  teams = await startTeamsServer();
  harness = await createApiHarness('teams');
  const call = (method: string, path: string, body: unknown) => harness.call(method, `/api/v1/${path}`, body);
  for (const subject of ['ann', 'bob@example.com', 'looker@example.com']) {
    await call('POST', 'keys', { subject, roles: [subject.startsWith('looker') ? 'viewer' : 'operator'] });
  }
  await call('POST', 'aliases', { subject: 'ann', kind: 'teams', value: `${ORGANIZATION}/${ANN}` });
  await call('POST', 'aliases', { subject: 'dev', kind: 'email', value: 'dev@example.com' });
  await call('PUT', 'connections/teams/default', teams.connection);
  Object.assign(teams.members, {
    [ANN]: {},
    bob: { email: 'Bob@Example.com' },
    named: { userPrincipalName: 'bob@example.com' },
    guest: { email: 'bob@example.com', userRole: 'guest' },
    outside: { email: 'bob@example.com', userPrincipalName: 'bob_example.com#EXT#@other.onmicrosoft.com' },
    foreign: { email: 'bob@example.com', tenantId: '33333333-3333-4333-8333-333333333333' },
    looker: { email: 'looker@example.com' },
    dev: { email: 'dev@example.com' },
    nobody: { email: 'nobody@example.com' },
  });
  await call('POST', 'workflows', {
    ref: 'examples.ask',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: '{{ parameters }}', on_success: 'deploy', on_failure: 'noop' },
        { name: 'deploy', action: 'core.transform', input: { data: { version: '{{ details | default("none") }}' } } },
      ],
    },
  });
  teams.listed.push('19:ops@thread.tacv2');
  expect((await send(installed(teams, TEAM))).status).toBe(200);
});
afterAll(async () => {
  await harness.close();
  await teams.close();
});
beforeEach(() => {
  teams.messages.length = 0;
});

async function send(activity: object, options: TokenOptions & { token?: string | null } = {}) {
  const token = options.token === undefined ? await tokenFor(teams, options) : options.token;
  const response = await fetch(`${harness.api.url}/api/v1/chat/teams/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(activity),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

async function start(parameters: object = {}, channel = TEAM): Promise<number> {
  const started = await harness.call('POST', '/api/v1/executions', {
    workflow: 'examples.ask',
    parameters: { prompt: 'Deploy?', notify: { teams: { channel } }, ...parameters },
  });
  return started.body.data.id;
}

/** A run that asks in Teams, and its message. */
async function ask(parameters: object = {}): Promise<{ run: number; message: TeamsMessage }> {
  const before = teams.messages.length;
  const run = await start(parameters);
  const message = await until(
    async () => teams.messages[before],
    (found) => found !== undefined,
  );
  return { run, message: message! };
}

const inquiryOf = async (run: number) =>
  (await harness.call('GET', `/api/v1/executions/${run}/inquiries`)).body.data[0];
const asked = (run: number) =>
  until(
    () => inquiryOf(run),
    (inquiry) => inquiry !== undefined,
  );
const textsOf = (card: unknown) => JSON.stringify(card);

describe('a question in Teams', () => {
  it('shows what is asked and what will run; a button decides, and the card says so everywhere', async () => {
    const { run, message } = await ask({ details: 'v1.2 [click](https://evil.example) **now**' });
    expect(message.channel).toBe(TEAM);
    for (const text of ['Deploy?', 'Approval runs deploy (core.transform)', 'examples.ask · started by dev']) {
      expect(textsOf(message.card)).toContain(text);
    }
    // Nothing that others have written is rendered as markup.
    for (const { type } of message.card.body) expect(['RichTextBlock', 'Input.Text']).toContain(type);
    const { status, body } = await send(pressed(teams, message, 'Approve', ANN));
    expect([status, body.statusCode, body.type]).toEqual([200, 200, 'application/vnd.microsoft.card.adaptive']);
    expect(body.value.actions).toEqual([]);
    expect(textsOf(body.value)).toContain('approve by ann');
    const inquiry = await inquiryOf(run);
    expect([inquiry.status, inquiry.votes[0].by, inquiry.votes[0].channel]).toEqual(['approved', 'ann', 'teams']);
    await until(
      async () => message.edits,
      (edits) => edits > 0,
    );
    expect([message.card.actions, textsOf(message.card).includes('Approved at')]).toEqual([[], true]);
  });

  it('is followed from the click through the run to a check without a server', async () => {
    const { run, message } = await ask({ approvers: ['ann'] });
    expect(textsOf((await send(pressed(teams, message, 'Approve', ANN))).body)).toContain('approve by ann');
    const closed = await until(
      () => harness.call('GET', `/api/v1/executions/${run}`),
      (answer) => answer.body.data.status === 'completed',
    );
    expect(closed.body.data).toMatchObject({ authentic: true, statements: { accepted: 1, refused: 0 } });
    const folder = await mkdtemp(join(tmpdir(), 'fermata-teams-'));
    const get = async (path: string) =>
      (await fetch(`${harness.api.url}${path}`, { headers: { 'x-api-key': DEV_KEY } })).text();
    const exported = await get(`/api/v1/executions/${run}/decisions/export`);
    const { uuid } = (JSON.parse(exported) as Ledger).execution;
    const files = {
      'keys.json': await get('/.well-known/fermata-keys.json'),
      'decisions.json': exported,
      'history.json': await showHistory('teams', uuid),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const checked = ['decisions.json', 'history.json'];
    const found = await runFermata(folder, ['verify', ...checked, '--keys', 'keys.json', '--json'], {});
    await rm(folder, { recursive: true });
    const said = found.json().map(({ subject, by, result }: LedgerFinding) => `${subject} ${by} ${result}`);
    const [start, statement, question] = ['start dev verified', 'statement ann verified', 'question null verified'];
    expect([found.code, said]).toEqual([
      0,
      [...[start, statement, question], ...[start, 'course null verified', statement, question]],
    ]);
  });

  it('has its form on the card, says there what is wrong, and keeps what was entered', async () => {
    const properties = { count: { type: 'integer', maximum: 10 }, size: { enum: ['small', 'large'] } };
    const schema = { type: 'object', required: ['count', 'size'], properties };
    const { run, message } = await ask({ response_schema: schema });
    const wrong = { 'field:count': '99', 'field:size': '"large"', comment: 'as agreed' };
    const { body } = await send(pressed(teams, message, 'Approve', 'bob', wrong));
    const inputs = body.value.body.filter(({ id }: { id?: string }) => id !== undefined);
    expect(inputs.map(({ id, value }: { id: string; value: string }) => [id, value])).toEqual(Object.entries(wrong));
    expect(textsOf(body.value)).toContain('This was not counted yet');
    expect((await inquiryOf(run)).decisions).toEqual([]);
    const right = { ...wrong, 'field:count': '9' };
    await send(pressed(teams, { ...message, card: body.value }, 'Approve', 'bob', right));
    expect((await inquiryOf(run)).votes).toMatchObject([
      { by: 'bob@example.com', response: { count: 9, size: 'large' }, comment: 'as agreed' },
    ]);
  });

  it('is answered by a message where a client knows no better', async () => {
    const { run, message } = await ask();
    const { value, name: _, ...invoke } = pressed(teams, message, 'Deny', 'named');
    const activity = { ...invoke, type: 'message', value: { ...value.action.data, comment: 'not now' } };
    expect(await send(activity)).toEqual({ status: 200, body: null });
    await until(
      () => inquiryOf(run),
      ({ status }) => status === 'denied',
    );
    expect((await inquiryOf(run)).votes).toMatchObject([{ by: 'bob@example.com', comment: 'not now' }]);
  });

  it('tells who presses before the place of the message is stored, in its conversation', async () => {
    const { run, message } = await ask();
    await until(
      () => inquiryOf(run),
      ({ delivery }) => delivery[0]?.state === 'delivered',
    );
    await harness.database.db.execute(
      sql`update notice_events set place = null where place->>'conversation' = ${message.conversation}`,
    );
    const { value, name: _, ...invoke } = pressed(teams, message, 'Approve', 'guest');
    expect((await send({ ...invoke, type: 'message', value: value.action.data })).status).toBe(200);
    const told = await until(
      async () => teams.messages.find(({ text }) => text.includes('Guests')),
      (found) => found !== undefined,
    );
    expect(told!.conversation).toBe(message.conversation);
    // The run stays open: that it was withdrawn would be a new message, which the next test could take for its own.
  });

  it('decides what was shown: a card of before a change does not count, and is replaced', async () => {
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.moving',
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition: {
        start: ['ask', 'other'],
        tasks: [
          { name: 'ask', action: 'core.inquiry', input: '{{ parameters }}', on_success: 'deploy' },
          { name: 'other', action: 'core.wait_signal', input: { name: 'go' } },
          {
            name: 'deploy',
            action: 'core.transform',
            input: { data: '{{ (other.output if other is defined else "nothing") | default("nothing") }}' },
          },
        ],
      },
    });
    const started = await harness.call('POST', '/api/v1/executions', {
      workflow: 'examples.moving',
      parameters: { notify: { teams: { channel: TEAM } } },
    });
    const run = started.body.data.id;
    const message = (await until(
      async () => teams.messages[0],
      (found) => found !== undefined,
    ))!;
    const old = { ...message };
    expect(textsOf(old.card)).not.toContain('DROP PROD');
    await harness.call('POST', `/api/v1/executions/${run}/signal`, { name: 'go', payload: 'DROP PROD' });
    // Nobody reads the run: the message changes by itself.
    await until(
      async () => textsOf(message.card),
      (card) => card.includes('DROP PROD'),
    );
    const { body } = await send(pressed(teams, old, 'Approve', ANN));
    expect(textsOf(body.value)).toContain('This was not counted');
    expect(textsOf(body.value)).toContain('DROP PROD');
    expect((await inquiryOf(run)).votes).toEqual([]);
    await send(pressed(teams, { ...message, card: body.value }, 'Approve', ANN));
    expect((await inquiryOf(run)).status).toBe('approved');
  });

  describe('that nobody of these decides', () => {
    let question: Awaited<ReturnType<typeof ask>>;
    beforeAll(async () => {
      question = await ask();
    });

    it.each([
      ['guest', 'Guests'],
      ['outside', 'Guests'],
      ['foreign', 'Guests'],
      ['stranger', 'Guests'],
      ['nobody', 'do not belong to anyone who can decide here'],
      ['looker', 'inquiry:respond'],
      ['dev', 'dev has started the run'],
    ])('is refused to %s, on a card that they alone see: %s', async (user, words) => {
      const { run, message } = question;
      const { body } = await send(pressed(teams, message, 'Approve', user));
      expect(textsOf(body.value)).toContain(words);
      expect((await inquiryOf(run)).votes).toEqual([]);
      expect(message.edits).toBe(0);
    });

    it('and then the one who may decides', async () => {
      await send(pressed(teams, question.message, 'Approve', ANN));
      const { status, votes } = await inquiryOf(question.run);
      expect([status, votes.map(({ by }: { by: string }) => by)]).toEqual(['approved', ['ann']]);
    });
  });

  it('is one decision however often one act arrives', async () => {
    const { run, message } = await ask({ quorum: 2 });
    const activity = pressed(teams, message, 'Approve', ANN);
    const answers = await Promise.all([send(activity), send(activity)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await send(activity);
    const { decisions, votes } = await inquiryOf(run);
    expect([decisions.length, votes.length]).toEqual([1, 1]);
  });
});

describe('an activity that decides nothing', () => {
  let question: Awaited<ReturnType<typeof ask>>;
  beforeAll(async () => {
    question = await ask();
  });

  type Changes = TokenOptions & { activity?: (activity: ReturnType<typeof pressed>) => object; token?: string | null };
  it.each<[string, Changes, number?]>([
    ['has no token', { token: null }],
    ['has a token that is none', { token: 'x.y.z' }],
    ['is of another issuer', { issuer: 'https://sts.windows.net/x/' }],
    ['is for another app', { audience: '44444444-4444-4444-8444-444444444444' }],
    ['is signed by a key that is not endorsed for Teams', { key: 'other' }],
    ['is signed by a key that nobody publishes', { key: 'unknown' }],
    ['is signed by another key than it names', { key: 'unknown', kid: 'endorsed' }],
    ['is stale', { issuedIn: -7_200 }],
    ['is from the future', { issuedIn: 600 }],
    ['has a token for another service', { serviceUrl: 'https://evil.example/' }],
    [
      'names another service than its token',
      { activity: (activity) => ({ ...activity, serviceUrl: 'https://evil.example/' }) },
    ],
    [
      'is of a channel that the key is not endorsed for',
      { activity: (activity) => ({ ...activity, channelId: 'webchat' }) },
    ],
    [
      'is of another organization',
      {
        activity: (activity) => ({
          ...activity,
          channelData: { tenant: { id: '33333333-3333-4333-8333-333333333333' } },
        }),
      },
    ],
    ['is no activity', { activity: () => [] }],
  ])('%s: 403', async (_, { activity = (same) => same, ...token }) => {
    const { run, message } = question;
    const { status, body } = await send(activity(pressed(teams, message, 'Approve', ANN)), token);
    expect([status, body.code]).toEqual([403, 'forbidden']);
    expect((await inquiryOf(run)).decisions).toEqual([]);
  });

  it.each(['none', 'HS256'])('is signed with %s', async (alg) => {
    const { run, message } = question;
    const real = await tokenFor(teams);
    const [, payload] = real.split('.');
    const secret = new TextEncoder().encode(JSON.stringify(teams.publicKey));
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString());
    const token =
      alg === 'none'
        ? `${Buffer.from('{"alg":"none","kid":"endorsed"}').toString('base64url')}.${payload}.`
        : await new SignJWT(claims).setProtectedHeader({ alg, kid: 'endorsed' }).sign(secret);
    expect((await send(pressed(teams, message, 'Approve', ANN), { token })).status).toBe(403);
    expect((await inquiryOf(run)).decisions).toEqual([]);
  });

  it('carries a handle that is not ours', async () => {
    const { run, message } = question;
    const activity = pressed(teams, message, 'Approve', ANN);
    activity.value.action.data.sealed = 'e30.e30.e30';
    const { status, body } = await send(activity);
    expect([status, body.code]).toEqual([400, 'token_invalid']);
    expect((await inquiryOf(run)).decisions).toEqual([]);
  });

  it('and then the one who may decides', async () => {
    await send(pressed(teams, question.message, 'Approve', ANN));
    const { status, votes } = await inquiryOf(question.run);
    expect([status, votes.map(({ by }: { by: string }) => by)]).toEqual(['approved', ['ann']]);
  });

  it('cannot make a channel known for which its token does not speak', async () => {
    const team = '19:elsewhere@thread.tacv2';
    const activity = { ...installed(teams, team), serviceUrl: 'http://169.254.169.254/' };
    expect((await send(activity)).status).toBe(403);
    const run = await start({}, team);
    await asked(run);
    const { delivery } = await until(
      () => inquiryOf(run),
      (inquiry) => inquiry.delivery[0]?.state === 'retrying',
    );
    expect(delivery[0].error).toBe(
      'the Teams app is not in this channel: install it in the team or mention it there once',
    );
  });
});

describe('who was told', () => {
  it('stands in the inquiry: delivered, and refused in our words', async () => {
    const { run } = await ask();
    // Teams has the message before its answer is noted.
    const told = await until(
      () => inquiryOf(run),
      (inquiry) => inquiry.delivery[0]?.state === 'delivered',
    );
    expect(told.delivery).toMatchObject([
      { channel: 'teams', target: TEAM, event: 'opened', number: 1, state: 'delivered', attempts: 1, error: null },
    ]);
    teams.listed.push('19:gone@thread.tacv2');
    await send(installed(teams, TEAM));
    const lost = await start({}, '19:gone@thread.tacv2');
    await asked(lost);
    const { delivery } = await until(
      () => inquiryOf(lost),
      (inquiry) => inquiry.delivery[0]?.state === 'given_up',
    );
    expect(delivery).toMatchObject([{ error: 'Teams responded with status 404', next_at: null, delivered_at: null }]);
    const { advice } = (await harness.call('GET', `/api/v1/executions/${lost}/explain`)).body.data;
    expect(advice).toContainEqual({
      code: 'nobody_was_told',
      text: 'Nobody was notified that "ask" waits for a decision: teams 19:gone@thread.tacv2: Teams responded with status 404.',
      method: null,
      href: null,
      body: null,
    });
  });

  it('is nobody where a channel is not set up, which validation says before', async () => {
    const notify = { slack: { channel: '#ops' }, teams: { channel: TEAM }, webhook: 'https://hooks.example/a-secret' };
    const tasks = [{ name: 'ask', action: 'core.inquiry', input: { notify } }];
    const { data } = (await harness.call('POST', '/api/v1/workflows/validate', { definition: { tasks } })).body;
    expect(data.warnings.map(({ code, path }: { code: string; path: string }) => [code, path])).toEqual([
      ['channel_not_set_up', '/definition/tasks/0/input/notify/slack'],
      ['channel_not_set_up', '/definition/tasks/0/input/notify/webhook'],
    ]);
    const run = await start({ notify: { slack: { channel: '#ops' }, webhook: 'https://hooks.example/a-secret' } });
    await asked(run);
    const { delivery } = await until(
      () => inquiryOf(run),
      (inquiry) => inquiry.delivery.filter(({ state }: { state: string }) => state === 'not_set_up').length === 2,
    );
    expect(delivery).toMatchObject([
      { channel: 'slack', error: expect.stringContaining('the connection slack/default') },
      { channel: 'webhook', target: 'https://hooks.example' },
    ]);
  });
});
