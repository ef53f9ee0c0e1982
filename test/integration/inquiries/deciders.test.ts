import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLedger } from '../../../interpreter/ledger.ts';
import type { Ledger, LedgerKey } from '../../../model/ledger.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { callTool } from '../faces/mcp-call.ts';
import { type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { click, type SlackServer, signed, startSlackServer } from './slack-server.ts';
import { installed, pressed, startTeamsServer, type TeamsServer, tokenFor } from './teams-server.ts';

// Who may decide: every channel asks the same service, so that a rule holds through each of them.

let harness: ApiHarness;
let slack: SlackServer;
let teams: TeamsServer;
let smtp: SMTPServer;
const mails: { to: string; text: string }[] = [];
const keys: Record<string, string> = { dev: DEV_KEY };
const sealer = createSealer([SECRET_KEY], 'signal');

const TEAM = '19:team@thread.tacv2';

const TOKEN_SECRET = 'a secret that is long enough for HS256';

/** Everybody has an address, a Slack user and a Teams user made of their name, and a key as it says here. */
const PEOPLE: Record<string, object> = {
  ann: { roles: ['operator'] },
  bot: { roles: ['operator'], kind: 'service' },
  helper: { roles: ['admin'], kind: 'agent', on_behalf_of: 'ann' },
  looker: { roles: ['viewer'] },
  starter: { roles: ['operator'] },
  other: { roles: ['operator'] },
  gone: { roles: ['operator'] },
  barred: { roles: ['operator'] },
  'Cleo@Example.com': { roles: ['operator'] },
  'cleo-ci': { roles: ['operator'] },
};
const addressOf = (name: string) => (name.includes('@') ? name.toLowerCase() : `${name}@example.com`);
const chatUserOf = (name: string) => `U${name.toUpperCase().replaceAll(/[^A-Z]/g, '')}`;

beforeAll(async () => {
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => {
        const plain = text.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
        for (const { address } of session.envelope.rcptTo) mails.push({ to: address, text: plain });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  slack = await startSlackServer();
  teams = await startTeamsServer();
  const url = `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`;
  const chat = { slack: slack.settings, mail: { url, from: 'Fermata <fermata@example.com>' } };
  harness = await createApiHarness('deciders', { access: { chat, tokens: { secret: TOKEN_SECRET } } });
  await harness.call('PUT', '/api/v1/connections/teams/default', teams.connection);
  expect(await sendToTeams(installed(teams, TEAM))).toBe(200);
  for (const [subject, grants] of Object.entries(PEOPLE)) {
    const { data } = (await harness.call('POST', '/api/v1/keys', { subject, ...grants })).body;
    keys[subject] = data.key;
    slack.people[chatUserOf(subject)] = {};
    teams.members[chatUserOf(subject)] = { email: addressOf(subject) };
    const names = [
      ['slack', `T0TEAM/${chatUserOf(subject)}`],
      ...(subject.includes('@') ? [] : [['email', addressOf(subject)]]),
    ];
    for (const [kind, value] of names) {
      expect((await harness.call('POST', '/api/v1/aliases', { subject, kind, value })).status).toBe(201);
    }
    if (subject === 'gone') await harness.call('DELETE', `/api/v1/keys/${data.id}`);
  }
  await harness.call('POST', '/api/v1/aliases', { subject: 'Cleo@Example.com', kind: 'subject', value: 'cleo-ci' });
  await harness.call('POST', '/api/v1/principals/barred/disable');
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.ask',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: '{{ parameters }}', on_success: 'deploy' },
        { name: 'deploy', action: 'core.transform', input: { data: 'deployed' } },
      ],
    },
  });
});
afterAll(async () => {
  await harness.close();
  await slack.close();
  await teams.close();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
});

const as = (who: string, method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': keys[who]! });
const inquiryOf = async (run: number) => (await as('dev', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data[0];

interface Asked {
  run: number;
  workflow: string;
  id: string;
  key: string;
  bound: string;
  channel: string;
  /** Whom it asks. */
  names: string[];
}

let channels = 0;

/** Sends an activity as the Bot Framework does; returns the status of the answer. */
async function sendToTeams(activity: object): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await tokenFor(teams)}` };
  const url = `${harness.api.url}/api/v1/chat/teams/messages`;
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(activity) })).status;
}

/** A run that asks some people, in Slack, in Teams and by mail. */
async function ask(starter: string, names: string[], input: object = {}): Promise<Asked> {
  channels += 1;
  const channel = `#deciders${channels}`;
  const started = await as(starter, 'POST', '/api/v1/executions', {
    workflow: 'examples.ask',
    parameters: {
      prompt: `Deploy ${channels}?`,
      approvers: names.map(addressOf),
      notify: { slack: { channel }, teams: { channel: TEAM }, email: names.map(addressOf) },
      ...input,
    },
  });
  const { id: run, workflow_id: workflow } = started.body.data;
  const inquiry = await until(
    () => inquiryOf(run),
    (found) => found !== undefined,
  );
  return { run, workflow, id: inquiry.id, key: 'ask', bound: inquiry.bound_to, channel, names };
}

/** Reads the results of somebody's decisions through a channel from the audit log. */
async function audited({ id }: Asked, subject: string, channel: string): Promise<{ result: string }[]> {
  const { data } = (await harness.call('GET', '/api/v1/audit?limit=250')).body;
  type Row = { operation: string; target: string; subject: string; details: { channel: string; result: string } };
  return (data as Row[])
    .filter((row) => row.operation === 'inquiry.respond' && row.target === id && row.subject === subject)
    .map(({ details }) => details)
    .filter((details) => details.channel === channel);
}

async function decideByLink(asked: Asked, who: string, bound: string): Promise<void> {
  const mail = await until(
    async () =>
      mails.find(
        ({ to, text }) => to === addressOf(who) && text.includes(`Subject: Deploy ${asked.channel.slice(9)}?`),
      ),
    (found) => found !== undefined,
  );
  const link = /http:\/\/\S+\/inquiry\?token=\S+/.exec(mail!.text)![0];
  const opened = await fetch(link, { redirect: 'manual' });
  const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
  // The page of somebody who may not decide has no form: this one is what it would have been.
  const claims = {
    kind: 'form',
    inquiry: asked.id,
    tenant: await tenantOf(),
    address: addressOf(who),
    expires: Date.now() + 60_000,
    decision: randomUUID(),
    bound_to: bound,
    shown: { asked: '', plan: {} },
  };
  const form = await createSealer([SECRET_KEY], 'link').seal(claims);
  await fetch(new URL(opened.headers.get('location')!, harness.api.url), {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ form, option: 'approve' }).toString(),
  });
}

const tenantOf = async () => (await harness.api.principals.authenticate(DEV_KEY)).tenant;

type Way = 'api' | 'mcp' | 'token' | 'link' | 'slack' | 'teams';

/** Approves through each channel; returns `decided`, `counted`, or the code of the refusal. */
const WAYS: Record<Way, (asked: Asked, who: string, bound?: string) => Promise<string>> = {
  async api({ id }, who, bound_to) {
    const { body } = await as(who, 'POST', `/api/v1/inquiries/${id}/respond`, {
      option: 'approve',
      ...(bound_to && { bound_to }),
    });
    return body.code ?? body.result;
  },
  async mcp({ id }, who, boundTo) {
    const answer = await callTool(harness.api.url, keys[who]!, 'answer_inquiry', {
      id,
      option: 'approve',
      ...(boundTo && { boundTo }),
    });
    return answer.error?.code ?? answer.structuredContent?.result ?? answer.code;
  },
  async token({ workflow, key, bound }, who, boundTo = bound) {
    const token = await sealer.seal({
      specversion: '1.0',
      id: `token ${who} ${workflow} ${boundTo}`,
      type: 'io.fermata.inquiry.decision',
      subject: key,
      data: { option: 'approve' },
      source: `/executions/${workflow}`,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      fermatarun: workflow,
      fermataaudience: who,
      fermatabound: boundTo,
      fermatatenant: await tenantOf(),
      fermataexpires: new Date(Date.now() + 60_000).toISOString(),
    } as never);
    const { body } = await as(who, 'POST', `/execution/${workflow}/signal?input=${encodeURIComponent(token)}`);
    return body.code ?? (await audited({ id: await idOf(workflow) } as Asked, who, 'token'))[0]!.result;
  },
  async link(asked, who, bound = asked.bound) {
    await decideByLink(asked, who, bound);
    return (await audited(asked, who, 'link'))[0]!.result;
  },
  async slack(asked, who) {
    const message = await until(
      async () => slack.messages.find((each) => each.channel === `C${asked.channel}`),
      (found) => found !== undefined,
    );
    const { body, headers } = signed(click(message!, 'approve', chatUserOf(who)));
    await fetch(`${harness.api.url}/api/v1/chat/slack/interactions`, { method: 'POST', body, headers });
    const rows = await until(
      () => audited(asked, who, 'slack'),
      (found) => found.length > 0,
    );
    return rows[0]!.result;
  },
  async teams(asked, who) {
    const prompt = `Deploy ${asked.channel.slice(9)}?`;
    const message = await until(
      async () => teams.messages.find(({ card }) => JSON.stringify(card).includes(prompt)),
      (found) => found !== undefined,
    );
    expect(await sendToTeams(pressed(teams, message!, 'Approve', chatUserOf(who)))).toBe(200);
    return (await audited(asked, who, 'teams'))[0]!.result;
  },
};

async function idOf(workflow: string): Promise<string> {
  return (await as('dev', 'GET', `/api/v1/executions/${workflow}/inquiries`)).body.data[0].id;
}

interface Rule {
  rule: string;
  who: string;
  /** The starter of the run. */
  starter?: string;
  /** The answer of each channel, where it is not this one's. */
  refused: string;
  but?: Partial<Record<Way, string>>;
}

const RULES: Rule[] = [
  { rule: 'a service decides nothing', who: 'bot', refused: 'person_required' },
  { rule: 'an agent decides nothing, not even an admin', who: 'helper', refused: 'person_required' },
  {
    rule: 'who lacks the permission now decides nothing',
    who: 'looker',
    refused: 'forbidden',
    // The Management API says nothing of an execution to who may not present a token.
    but: { token: 'execution_not_found' },
  },
  {
    rule: 'who has no credential any more decides nothing',
    who: 'gone',
    refused: 'forbidden',
    but: { api: 'unauthenticated', mcp: 'unauthenticated', token: 'unauthenticated' },
  },
  {
    rule: 'who was disabled decides nothing',
    who: 'barred',
    refused: 'forbidden',
    but: { api: 'unauthenticated', mcp: 'unauthenticated', token: 'unauthenticated' },
  },
  { rule: 'who started the run does not decide', who: 'starter', starter: 'starter', refused: 'self_approval' },
  {
    rule: 'the owner of the agent that started the run does not decide',
    who: 'ann',
    starter: 'helper',
    refused: 'self_approval',
  },
  {
    rule: 'another subject of who started the run does not decide',
    who: 'cleo-ci',
    starter: 'Cleo@Example.com',
    refused: 'self_approval',
  },
  {
    rule: 'nor does the other way round, in another case of letters',
    who: 'Cleo@Example.com',
    starter: 'cleo-ci',
    refused: 'self_approval',
  },
];

describe('every channel', () => {
  /** One question of each starter to all whom the rules of that starter refuse: none of them moves its run. */
  const questions = new Map<string, Asked>();
  beforeAll(async () => {
    for (const starter of new Set(RULES.map((each) => each.starter ?? 'dev'))) {
      const refused = RULES.filter((each) => (each.starter ?? 'dev') === starter).map(({ who }) => who);
      questions.set(starter, await ask(starter, [...refused, 'other']));
    }
  });

  it.each(RULES)('$rule, and the run has not moved', async ({ who, starter = 'dev', refused, but = {} }) => {
    const asked = questions.get(starter)!;
    const answers: Partial<Record<Way, string>> = {};
    for (const way of Object.keys(WAYS) as Way[]) answers[way] = await WAYS[way](asked, who);
    const expected = Object.fromEntries(Object.keys(WAYS).map((way) => [way, but[way as Way] ?? refused]));
    expect(answers).toEqual(expected);
    const inquiry = await inquiryOf(asked.run);
    expect([inquiry.status, inquiry.decisions]).toEqual(['pending', []]);
  });

  it('decides for whoever may, where others were refused', async () => {
    for (const [starter, asked] of questions) {
      expect([starter, await WAYS.api(asked, 'other')]).toEqual([starter, 'decided']);
    }
  });

  it('takes one vote of a person, by whatever channel and name it comes', async () => {
    const asked = await ask('dev', ['Cleo@Example.com', 'cleo-ci', 'other'], { quorum: 2 });
    expect(await WAYS.mcp(asked, 'cleo-ci')).toBe('counted');
    for (const way of Object.keys(WAYS) as Way[]) {
      expect([way, await WAYS[way](asked, 'Cleo@Example.com')]).toEqual([way, 'already_voted']);
    }
    expect((await inquiryOf(asked.run)).votes).toHaveLength(1);
    expect(await WAYS.slack(asked, 'other')).toBe('decided');
  });

  it('decides for who may, and refuses what was shown otherwise', async () => {
    for (const way of Object.keys(WAYS) as Way[]) {
      const asked = await ask('dev', ['ann']);
      if (way !== 'slack' && way !== 'teams')
        expect(await WAYS[way](asked, 'ann', '0'.repeat(64))).toBe('binding_changed');
      expect([way, await WAYS[way](asked, 'ann')]).toEqual([way, 'decided']);
      expect((await audited(asked, 'ann', way))[0]).toEqual({
        kind: 'person',
        channel: way,
        option: 'approve',
        bound_to: asked.bound,
        result: 'decided',
      });
    }
  });
});

describe('a delegation', () => {
  const delegate = (who: string, id: string, to: string) =>
    as(who, 'POST', `/api/v1/inquiries/${id}/delegate`, { to, reason: 'on holiday' });
  const mine = async (who: string, run: number) =>
    (await as(who, 'GET', `/api/v1/inquiries?assigned=me&execution=${run}`)).body.data.length;
  const notes = async (id: string) =>
    (await harness.call('GET', '/api/v1/audit?limit=250')).body.data
      .filter((row: { operation: string; target: string }) => row.operation === 'inquiry.delegate' && row.target === id)
      .map(({ subject, details }: { subject: string; details: { to: string; result: string } }) => {
        return [subject, details.to, details.result];
      });

  it('is refused for whom and to whom it may not be, and the run has not moved', async () => {
    const asked = await ask('starter', ['ann', 'starter', 'cleo-ci', 'looker'], { delegable: true, quorum: 2 });
    const rows: [string, string, number, string][] = [
      ['other', 'cleo-ci', 403, 'not_an_approver'],
      ['starter', 'other', 403, 'self_approval'],
      ['looker', 'other', 403, 'forbidden'],
      ['bot', 'other', 403, 'person_required'],
      ['helper', 'other', 403, 'person_required'],
      ['ann', 'ann', 422, 'delegate_unsuitable'],
      ['ann', 'ann@example.com', 422, 'delegate_unsuitable'],
      ['ann', 'starter', 422, 'delegate_unsuitable'],
      ['ann', 'cleo@example.com', 422, 'delegate_unsuitable'],
      ['ann', 'nobody', 422, 'delegate_unsuitable'],
      ['ann', 'bot', 422, 'delegate_unsuitable'],
      ['ann', 'helper', 422, 'delegate_unsuitable'],
      ['ann', 'looker', 422, 'delegate_unsuitable'],
      ['ann', 'gone', 422, 'delegate_unsuitable'],
      ['ann', 'barred', 422, 'delegate_unsuitable'],
      ['ann', '', 400, 'request_invalid'],
    ];
    for (const [who, to, status, code] of rows) {
      const refused = await delegate(who, asked.id, to);
      expect([who, to, refused.status, refused.body.code]).toEqual([who, to, status, code]);
    }
    const plain = await ask('dev', ['ann']);
    expect((await delegate('ann', plain.id, 'other')).body.code).toBe('not_delegable');
    expect((await inquiryOf(asked.run)).delegations).toEqual([]);
    expect((await inquiryOf(asked.run)).approvers).toHaveLength(4);
    const written = (await notes(asked.id)).map((note: string[]) => note.join(' '));
    expect(written).toContain('ann barred delegate_unsuitable');
    expect(written).toContain('other cleo-ci not_an_approver');
    expect(written).toHaveLength(rows.length - 2);
  });

  it.each(Object.keys(WAYS) as Way[])(
    'moves a question by %s to the other person, who decides for the first',
    async (way) => {
      const asked = await ask('dev', ['ann'], { delegable: true });
      const subject = `Subject: Deploy ${asked.channel.slice(9)}?`;
      const mailTo = (who: string) => mails.find(({ to, text }) => to === addressOf(who) && text.includes(subject));
      // Whoever has delegated gets no link any more.
      await until(
        async () => mailTo('ann'),
        (found) => found !== undefined,
      );
      const { status, body } = await delegate('ann', asked.id, 'other@example.com');
      expect([status, body.result, body.data.bound_to]).toEqual([200, 'delegated', asked.bound]);
      expect(body.data.delegations).toMatchObject([{ by: 'ann', to: 'other', reason: 'on holiday' }]);
      await until(
        () => mine('other', asked.run),
        (count) => count === 1,
      );
      expect(await mine('ann', asked.run)).toBe(0);
      const mail = await until(
        async () => mailTo('other'),
        (found) => found !== undefined,
      );
      expect(mail?.text).toContain('You decide on behalf of ann: on holiday');
      expect(await WAYS[way](asked, 'ann')).toBe('not_an_approver');
      expect((await delegate('other', asked.id, 'cleo-ci')).body.code).toBe('not_an_approver');
      expect(await WAYS[way](asked, 'other')).toBe('decided');
      expect((await inquiryOf(asked.run)).votes).toMatchObject([{ by: 'other', on_behalf_of: 'ann', verified: true }]);
      expect(await notes(asked.id)).toContainEqual(['ann', 'other', 'delegated']);
    },
  );

  const give = async (subject: string, role = 'operator') => {
    keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, roles: [role] })).body.data.key;
  };
  /** A question to one person, who has delegated it to another one, with an inbox that knows. */
  const delegated = async () => {
    await give('absent');
    await give('proxy');
    const asked = await ask('dev', [], { approvers: ['absent'], notify: {}, delegable: true });
    expect((await delegate('absent', asked.id, 'proxy')).status).toBe(200);
    await until(
      () => mine('proxy', asked.run),
      (count) => count === 1,
    );
    return asked;
  };
  const withdraw = (who: string, id: string) => as(who, 'POST', `/api/v1/inquiries/${id}/delegate/withdraw`, {});
  const verified = async (run: number) => {
    const url = `${harness.api.url}/api/v1/executions/${run}/decisions/export`;
    const ledger = await (await fetch(url, { headers: { 'x-api-key': DEV_KEY } })).json();
    const { keys: published } = (await harness.call('GET', '/.well-known/fermata-keys.json', undefined, {})).body;
    return verifyLedger(ledger as Ledger, published as LedgerKey[]).every(({ result }) => result === 'verified');
  };

  it.each(['absent', 'proxy'])('ends for good when %s is disabled, and the question goes back', async (disabled) => {
    const asked = await delegated();
    for (const verb of ['disable', 'enable']) await harness.call('POST', `/api/v1/principals/${disabled}/${verb}`);
    await give(disabled);
    await until(
      () => mine('absent', asked.run),
      (count) => count === 1,
    );
    expect(await mine('proxy', asked.run)).toBe(0);
    expect(await WAYS.api(asked, 'proxy')).toBe('not_an_approver');
    expect(await WAYS.api(asked, 'absent')).toBe('decided');
    const { votes, delegations } = await inquiryOf(asked.run);
    expect([votes.map(({ by }: { by: string }) => by), delegations, await verified(asked.run)]).toEqual([
      ['absent'],
      [],
      true,
    ]);
  });

  it.each<[string, string, string]>([
    ['proxy', 'absent', 'decided'],
    ['absent', 'proxy', 'not_an_approver'],
  ])('ends where %s is given a key that does not let them decide', async (demoted, who, code) => {
    const asked = await delegated();
    await give(demoted, 'viewer');
    // Nobody decides: it ends by itself, and the inboxes know.
    await until(
      async () => (await inquiryOf(asked.run)).delegations.length,
      (count) => count === 0,
    );
    await until(
      () => mine('proxy', asked.run),
      (count) => count === 0,
    );
    if (who === 'absent') {
      await until(
        () => mine('absent', asked.run),
        (count) => count === 1,
      );
    }
    expect(await WAYS.api(asked, who)).toBe(code);
    expect(await verified(asked.run)).toBe(true);
    await as('dev', 'POST', `/api/v1/executions/${asked.run}/cancel`);
  });

  it('is taken back by whoever has made it, as long as the other person has not decided', async () => {
    const asked = await delegated();
    expect((await withdraw('proxy', asked.id)).body.code).toBe('not_an_approver');
    expect((await withdraw('looker', asked.id)).status).toBe(403);
    const { status, body } = await withdraw('absent', asked.id);
    expect([status, body.result, body.data.delegations]).toEqual([200, 'delegated', []]);
    expect((await withdraw('absent', asked.id)).body.code).toBe('not_an_approver');
    expect(await WAYS.api(asked, 'proxy')).toBe('not_an_approver');
    const byTool = async (args: object) => {
      const said = await callTool(harness.api.url, keys.absent!, 'delegate_inquiry', { id: asked.id, ...args });
      return said.error?.code ?? said.structuredContent?.inquiry.delegations.length;
    };
    expect(await byTool({ to: 'proxy', withdraw: false })).toBe(1);
    for (const args of [{}, { withdraw: false }, { to: 'proxy', withdraw: true }]) {
      expect([args, await byTool(args)]).toEqual([args, 'request_invalid']);
    }
    expect(await byTool({ withdraw: true, reason: 'back again' })).toBe(0);
    expect(await byTool({ withdraw: true })).toBe('not_an_approver');
    expect((await delegate('absent', asked.id, 'proxy')).status).toBe(200);
    expect(await WAYS.api(asked, 'proxy')).toBe('decided');
    expect(['already_decided', 'inquiry_withdrawn']).toContain((await withdraw('absent', asked.id)).body.code);
    expect(await verified(asked.run)).toBe(true);
  });

  it('says nothing about who there is to somebody who is not asked', async () => {
    const asked = await ask('dev', ['ann'], { delegable: true });
    const answers = await Promise.all(['cleo-ci', 'nobody', 'barred'].map((to) => delegate('other', asked.id, to)));
    const [first, ...others] = answers.map(({ status, body }) => [status, body.code, body.error]);
    expect(first).toEqual([403, 'not_an_approver', expect.any(String)]);
    expect(others).toEqual([first, first]);
  });
});

describe('somebody who comes by token alone', () => {
  it('has behind a link what their last token granted as a person, and loses it with the next one', async () => {
    const signIn = async (claims: object) => {
      const payload = new SignJWT({ sub: 'tess@example.com', ...claims }).setProtectedHeader({ alg: 'HS256' });
      const token = await payload.setExpirationTime('1h').sign(new TextEncoder().encode(TOKEN_SECRET));
      const headers = { 'x-api-key': '', authorization: `Bearer ${token}` };
      await harness.call('GET', '/api/v1/executions', undefined, headers);
    };
    const answers: string[] = [];
    for (const claims of [
      { roles: ['viewer'] },
      { roles: ['operator'] },
      { roles: ['viewer'], act: { sub: 'helper' } },
      { roles: ['viewer'] },
    ]) {
      await signIn(claims);
      answers.push(await WAYS.link(await ask('dev', ['tess@example.com']), 'tess@example.com'));
    }
    expect(answers).toEqual(['forbidden', 'decided', 'decided', 'forbidden']);
  });
});

describe('an address that belongs to nobody', () => {
  it('decides where it is among the approvers, in whatever case, and not because it was told', async () => {
    const named = await ask('dev', ['nobody@example.com'], { approvers: ['Nobody@Example.com'] });
    expect(await WAYS.link(named, 'nobody@example.com')).toBe('decided');
    const told = await ask('dev', ['private@example.com'], { approvers: ['ann'] });
    const open = await ask('dev', ['private@example.com'], { approvers: [] });
    for (const asked of [told, open]) {
      const mail = await until(
        async () => mails.find(({ text }) => text.includes(`Subject: Deploy ${asked.channel.slice(9)}?`)),
        (found) => found !== undefined,
      );
      if (mail!.text.includes('/inquiry?token=')) {
        expect(await WAYS.link(asked, 'private@example.com')).toBe('not_an_approver');
      }
      expect((await inquiryOf(asked.run)).decisions).toEqual([]);
    }
  });
});

describe('the inbox', () => {
  it('has what somebody may decide now, and nothing for who may decide nothing', async () => {
    const asked = await ask('dev', ['ann', 'bot', 'looker']);
    const mine = async (who: string) =>
      (await as(who, 'GET', `/api/v1/inquiries?assigned=me&execution=${asked.run}`)).body.data.length;
    await until(
      () => mine('ann'),
      (count) => count === 1,
    );
    expect([await mine('bot'), await mine('looker'), await mine('other')]).toEqual([0, 0, 0]);
  });
});

describe('a principal who was disabled', () => {
  it('is let in again by a new key alone', async () => {
    const made = async () =>
      (await harness.call('POST', '/api/v1/keys', { subject: 'leaver', roles: ['operator'] })).body.data.key;
    keys.leaver = await made();
    expect((await as('leaver', 'GET', '/api/v1/executions')).status).toBe(200);
    for (const [verb, status] of [
      ['disable', 200],
      ['disable', 200],
      ['enable', 200],
    ] as const) {
      expect((await harness.call('POST', `/api/v1/principals/leaver/${verb}`)).status).toBe(status);
      expect((await as('leaver', 'GET', '/api/v1/executions')).status).toBe(401);
    }
    keys.leaver = await made();
    expect((await as('leaver', 'GET', '/api/v1/executions')).status).toBe(200);
    const unknown = await harness.call('POST', '/api/v1/principals/who/disable');
    expect([unknown.status, unknown.body.code]).toEqual([404, 'principal_not_found']);
  });
});
