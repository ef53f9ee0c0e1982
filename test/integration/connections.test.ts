import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../model/json.ts';
import { createTemporal } from '../../service/temporal.ts';
import { type PostgresServer, startPostgres } from '../store/postgres-server.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness } from './api-harness.ts';
import { startVendors, type VendorServer } from './vendor-server.ts';

// Actions that speak to other systems, over their real protocols, by connections whose secrets are seen nowhere.

const SECRETS = {
  slack: 'xoxb-canary-slack-7f3a9d',
  jira: 'canary-jira-token-51c2e8',
  pagerduty: 'canary-routing-key-90b4f1',
  smtp: 'canary-mail-password-c3d7',
  postgres: 'canary-database-password-e8',
};
const BASE = '/api/v1/executions';

let harness: ApiHarness;
let vendors: VendorServer;
let postgres: PostgresServer;
let smtp: SMTPServer;
let databaseUrl: URL;
const mails: { from: string; to: string[]; text: string }[] = [];

beforeAll(async () => {
  smtp = new SMTPServer({
    ...{ disabledCommands: ['STARTTLS'], allowInsecureAuth: true, logger: false },
    onAuth: ({ username, password }, _, done) =>
      username === 'mailer' && password === SECRETS.smtp ? done(null, { user: username }) : done(new Error('no')),
    onRcptTo: ({ address }, _, done) =>
      address.startsWith('nobody') ? done(Object.assign(new Error('no such user'), { responseCode: 550 })) : done(),
    onData(stream, { envelope }, done) {
      let text = '';
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  await new Promise<void>((done) => smtp.listen(0, '127.0.0.1', done));
  [harness, vendors, postgres] = await Promise.all([
    createApiHarness('connections'),
    startVendors(SECRETS),
    startPostgres(),
  ]);
  const admin = new pg.Client(postgres.url);
  await admin.connect();
  await admin.query(`CREATE ROLE app LOGIN PASSWORD '${SECRETS.postgres}'`);
  await admin.query('CREATE SCHEMA shop AUTHORIZATION app');
  await admin.query('CREATE TABLE shop.orders (id serial PRIMARY KEY, name text NOT NULL, tags jsonb, at timestamptz)');
  await admin.query('GRANT ALL ON ALL TABLES IN SCHEMA shop TO app');
  await admin.query('GRANT ALL ON ALL SEQUENCES IN SCHEMA shop TO app');
  await admin.end();
  databaseUrl = new URL(postgres.url);
  databaseUrl.username = 'app';
  databaseUrl.password = SECRETS.postgres;
  const mailUrl = `smtp://mailer:${SECRETS.smtp}@127.0.0.1:${(smtp.server.address() as AddressInfo).port}`;
  for (const [place, settings, secrets] of [
    ['slack/default', { api_url: `${vendors.url}/slack` }, { bot_token: SECRETS.slack }],
    ['slack/wrong', { api_url: `${vendors.url}/slack` }, { bot_token: `${SECRETS.slack}-old` }],
    ['jira/default', { base_url: `${vendors.url}/jira/`, email: 'bot@example.com' }, { token: SECRETS.jira }],
    ['pagerduty/default', { base_url: `${vendors.url}/pagerduty` }, { routing_key: SECRETS.pagerduty }],
    ['email/default', { from: 'Ops <ops@example.com>' }, { url: mailUrl }],
    ['database/default', {}, { url: databaseUrl.href }],
    ['database/metadata', {}, { url: 'postgres://app:canary-database-password-e8@169.254.169.254/db' }],
  ] as const) {
    const answer = await harness.call('PUT', `/api/v1/connections/${place}`, { settings, secrets });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }
});
afterAll(async () => {
  await harness.close();
  await vendors.close();
  await postgres.stop();
  await new Promise<void>((done) => smtp.close(done));
});

async function run(action_ref: string, parameters: object) {
  const { body } = await harness.call('POST', BASE, { action_ref, parameters, wait: 20 });
  return body.data;
}

/** What a run of one task failed with. */
async function failureOf(action_ref: string, parameters: object) {
  const { status, result, tasks } = await run(action_ref, parameters);
  const { type, message } = tasks[0].error;
  return [status, type, result.error_code, message, tasks[0].attempts.length];
}

describe('a connection', () => {
  it('is set up, told without its secrets, and deleted', async () => {
    const { body } = await harness.call('GET', '/api/v1/connections');
    expect(body.data.map(({ pack, name }: { pack: string; name: string }) => `${pack}/${name}`)).toEqual([
      ...['database/default', 'database/metadata', 'email/default', 'jira/default', 'pagerduty/default'],
      ...['slack/default', 'slack/wrong'],
    ]);
    const one = await harness.call('GET', '/api/v1/connections/jira/default');
    expect(one.body.data).toMatchObject({ settings: { email: 'bot@example.com' }, secrets: ['token'] });
    await harness.call('PUT', '/api/v1/connections/slack/other', { secrets: { bot_token: 'x' } });
    expect((await harness.call('DELETE', '/api/v1/connections/slack/other')).status).toBe(200);
    const gone = await harness.call('GET', '/api/v1/connections/slack/other');
    expect([gone.status, gone.body.code]).toEqual([404, 'connection_not_found']);
  });

  it('is refused with every path that is wrong, and to whoever may not see secrets', async () => {
    const wrong = await harness.call('PUT', '/api/v1/connections/jira/default', {
      settings: { base_url: 'nowhere', email: 'bot@example.com', more: 1 },
      secrets: { password: SECRETS.jira },
    });
    const paths = wrong.body.issues.map(({ path }: { path: string }) => path);
    expect([wrong.status, wrong.body.code, paths.sort()]).toEqual([
      ...[400, 'input_invalid', ['/secrets/password', '/secrets/token', '/settings/base_url', '/settings/more']],
    ]);
    expect(JSON.stringify(wrong.body)).not.toContain(SECRETS.jira);
    for (const [method, path] of [
      ['GET', '/api/v1/connections'],
      ['GET', '/api/v1/connections/slack/default'],
      ['DELETE', '/api/v1/connections/slack/default'],
    ] as const) {
      expect((await harness.call(method, path, undefined, { 'x-api-key': APPROVER_KEY })).status).toBe(403);
    }
    expect((await harness.call('PUT', '/api/v1/connections/core/default', { secrets: {} })).status).toBe(400);
  });
});

describe('an action', () => {
  it('posts to Slack', async () => {
    const { result } = await run('slack.post_message', { channel: '#ops', message: 'hello', thread_ts: '1.2' });
    expect(result).toEqual({ ok: true, channel: 'C123', ts: expect.stringMatching(/^1700000000\.\d{6}$/) });
    expect(vendors.asked.at(-1)).toMatchObject({ body: { channel: '#ops', text: 'hello', thread_ts: '1.2' } });
  });

  it('creates an issue in Jira', async () => {
    const input = { project: 'INC', summary: 'It burns', description: 'a\n\nb', fields: { labels: ['x'] } };
    const { result } = await run('jira.create_issue', input);
    expect(result).toMatchObject({ id: '10001', key: 'INC-1', url: `${vendors.url}/jira/browse/INC-1` });
    expect(vendors.asked.at(-1)!.body.fields).toMatchObject({
      ...{ project: { key: 'INC' }, summary: 'It burns', issuetype: { name: 'Task' }, labels: ['x'] },
      description: {
        type: 'doc',
        version: 1,
        content: [{ content: [{ text: 'a' }] }, {}, { content: [{ text: 'b' }] }],
      },
    });
  });

  it('opens one incident in PagerDuty, however many attempts it takes, waiting as long as it is told', async () => {
    vendors.answer({ status: 429, headers: { 'retry-after': '1' } }, { status: 500 });
    const definition = {
      tasks: [
        {
          ...{ name: 'page', action: 'pagerduty.create_incident', retry: { count: 3, delay: 0 } },
          input: { summary: 'down', severity: 'critical', details: { host: 'a' } },
        },
      ],
    };
    await harness.call('POST', '/api/v1/workflows', {
      ...{ ref: 'examples.page', pack_ref: 'examples', label: 'x', version: '1.0.0', definition },
    });
    const { result, status, tasks } = await run('examples.page', {});
    expect([status, result]).toEqual(['completed', { status: 'success', dedup_key: expect.any(String) }]);
    const sent = vendors.asked.filter(({ path }) => path.startsWith('/pagerduty')).slice(-3);
    expect(new Set(sent.map(({ body }) => body.dedup_key))).toEqual(new Set([result.dedup_key]));
    expect(sent[0]!.body).toMatchObject({
      ...{ event_action: 'trigger', payload: { summary: 'down', severity: 'critical', source: 'fermata' } },
    });
    expect(Date.parse(tasks[0].ended) - Date.parse(tasks[0].created)).toBeGreaterThanOrEqual(1_000);
  });

  it('sends mail by SMTP', async () => {
    const input = { to: ['ann@example.com'], bcc: 'bob@example.com', subject: 'Hi ä', text: 'there' };
    const { result } = await run('email.send', input);
    expect(result).toEqual({
      ...{ message_id: expect.stringMatching(/^<[0-9a-f]{64}@example\.com>$/), rejected: [] },
      accepted: ['ann@example.com', 'bob@example.com'],
    });
    expect(mails.at(-1)).toMatchObject({ from: 'ops@example.com', to: ['ann@example.com', 'bob@example.com'] });
    expect(mails.at(-1)!.text).not.toContain('bob@example.com');
  });

  it('writes to and reads from PostgreSQL, with everything bound', async () => {
    const name = `Robert'); DROP TABLE shop.orders; --`;
    const data = [
      { name, tags: ['a', { b: 1 }] },
      { name: 'second', at: '2026-01-01T00:00:00Z' },
    ];
    const inserted = await run('database.insert', { table: 'shop.orders', data, returning: ['id', 'name'] });
    expect(inserted.result).toEqual({
      row_count: 2,
      rows: [
        { id: 1, name },
        { id: 2, name: 'second' },
      ],
    });
    const sql = 'SELECT id, name, tags, at FROM shop.orders WHERE name <> $1 ORDER BY id';
    const found = await run('database.query', { sql, params: ['nobody'], max_rows: 1 });
    expect(found.result).toEqual({
      ...{ rows: [{ id: 1, name, tags: ['a', { b: 1 }], at: null }], row_count: 1, truncated: true },
    });
    const times = await run('database.query', { sql: 'SELECT at FROM shop.orders WHERE id = $1', params: [2] });
    expect(times.result.rows).toEqual([{ at: '2026-01-01T00:00:00.000Z' }]);
    const changed = await run('database.query', { sql: 'UPDATE shop.orders SET name = $1', params: ['same'] });
    expect(changed.result).toEqual({ rows: [], row_count: 0, truncated: false });
  });

  it('runs with what its connection gives where the task gives nothing', async () => {
    const settings = {
      ...{ api_url: `${vendors.url}/slack` },
      defaults: { 'slack.post_message': { channel: '#alerts', message: 'from the connection' } },
    };
    const secrets = { bot_token: SECRETS.slack };
    await harness.call('PUT', '/api/v1/connections/slack/preset', { settings, secrets });
    const { status } = await run('slack.post_message', { connection: 'preset', message: 'own' } as JsonObject);
    expect(status).toBe('completed');
    expect(vendors.asked.at(-1)!.body).toMatchObject({ channel: '#alerts', text: 'own' });
  });

  it.each<[string, string, object, unknown[]]>([
    [
      'an unknown channel',
      'slack.post_message',
      { channel: '#nowhere', message: 'x' },
      ['slack_error', 'channel_not_found'],
    ],
    [
      'a wrong token',
      'slack.post_message',
      { channel: '#x', message: 'x', connection: 'wrong' },
      ['slack_error', 'invalid_auth'],
    ],
    ['a wrong project', 'jira.create_issue', { project: 'NONE', summary: 'x' }, ['jira_error', 'HTTP_400']],
    [
      'an address that is refused',
      'email.send',
      { to: 'nobody@example.com', subject: 'x', text: 'x' },
      ['email_error', 'SMTP_550'],
    ],
    ['SQL that is wrong', 'database.query', { sql: 'SELEC 1' }, ['database_error', '42601']],
    [
      'a name that is none',
      'database.insert',
      { table: 'a; DROP TABLE b', data: { x: 1 } },
      ['input_invalid', 'INPUT_INVALID'],
    ],
    [
      'a column that is none',
      'database.insert',
      { table: 'shop.orders', data: { 'a"b': 1 } },
      ['input_invalid', 'INPUT_INVALID'],
    ],
    [
      'a connection that is not there',
      'slack.post_message',
      { channel: '#x', message: 'x', connection: 'none' },
      ['connection_missing', 'CONNECTION_MISSING'],
    ],
    [
      'an address that may not be reached',
      'database.query',
      { sql: 'SELECT 1', connection: 'metadata' },
      ['egress_denied', 'EGRESS_DENIED'],
    ],
  ])('fails once, with a type and a code: %s', async (_, action, input, [type, code]) => {
    const [status, failed, errorCode, , attempts] = await failureOf(action, input);
    expect([status, failed, errorCode, attempts]).toEqual(['failed', type, code, 1]);
  });
});

it('no secret is seen anywhere: in histories, answers, lists, logs, the audit, exports', async () => {
  // A system that says what it was told.
  vendors.answer({
    status: 400,
    body: { errorMessages: [`bad token ${SECRETS.jira}`], errors: { [SECRETS.jira]: 'x' } },
  });
  const { id } = await run('jira.create_issue', { project: 'X', summary: 'x' });
  const told = (await harness.call('GET', `${BASE}/${id}`)).body.data;
  expect(told.tasks[0].error.message).toBe('Jira answered 400: bad token ********; ********: x');
  const texts: string[] = [];
  const rows = (await harness.call('GET', `${BASE}?per_page=100`)).body.data as { id: number; workflow_id: string }[];
  expect(rows.length).toBeGreaterThan(15);
  const temporal = createTemporal(harness.connection, 'connections');
  for (const row of rows) {
    for (const path of ['', '/history?limit=1000', '/logs', '/explain']) {
      texts.push(JSON.stringify((await harness.call('GET', `${BASE}/${row.id}${path}`)).body));
    }
    const workflowId = (await harness.call('GET', `${BASE}/${row.id}`)).body.data.workflow_id;
    for await (const page of temporal.history(workflowId)) texts.push(bytesOf(page));
  }
  for (const path of ['/api/v1/connections', '/api/v1/audit', `${BASE}/export?format=json`]) {
    texts.push(JSON.stringify((await harness.call('GET', path)).body));
  }
  const all = texts.join('\n');
  expect(all).toContain('shop.orders');
  for (const secret of Object.values(SECRETS)) {
    expect(all.includes(secret), secret).toBe(false);
    expect(all.includes(Buffer.from(secret).toString('base64').slice(0, -2)), secret).toBe(false);
  }
}, 60_000);

/** Everything in a history, payloads as the text that they are. */
function bytesOf(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    entry instanceof Uint8Array
      ? Buffer.from(entry).toString('utf8')
      : typeof entry === 'bigint'
        ? String(entry)
        : entry,
  );
}
