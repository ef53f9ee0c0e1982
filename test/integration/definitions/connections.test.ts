import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createWorkerDesk, ownConnections } from '../../../composition/reach.ts';
import { readConfig } from '../../../model/config.ts';
import type { Definition } from '../../../model/definition.ts';
import { workflowIdOf } from '../../../model/execution-id.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { OWN_TASK_QUEUE, type RunInput, type RunMemo } from '../../../model/run-input.ts';
import { decodeArguments } from '../../../projection/payload.ts';
import { readMemo } from '../../../projection/runs/memo.ts';
import { createPrincipalStore } from '../../../store/access/principals.ts';
import { createTemporal } from '../../../temporal/gateway.ts';
import { nextNumber } from '../../run-numbers.ts';
import { APPROVAL, COMPLEX, PIPELINE, RESPONSE } from '../faces/workflow-examples.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';
import { settleAll } from '../support/settle-all.ts';
import { BUCKET, SECRETS, type Systems, startSystems } from '../support/systems.ts';
import { until } from '../support/until.ts';

// Actions that speak to other systems, over their real protocols, by connections whose secrets are seen nowhere.

const BASE = '/api/v1/executions';

let harness: ApiHarness;
let systems: Systems;
let vendors: Systems['vendors'];
let managerKey: string;
/** The lines that the process has logged. */
const logged: string[] = [];
const log = pino({ level: 'debug' }, { write: (line) => void logged.push(line) });

beforeAll(async () => {
  [harness, systems] = await Promise.all([createApiHarness('connections', { access: { log } }), startSystems()]);
  ({ vendors } = systems);
  await systems.sql(`
    CREATE TABLE shop.orders (id serial PRIMARY KEY, name text NOT NULL, tags jsonb, at timestamptz);
    GRANT ALL ON ALL TABLES IN SCHEMA shop TO ${systems.role};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA shop TO ${systems.role}`);
  const { slack } = systems.connections;
  const places = {
    ...Object.fromEntries(Object.entries(systems.connections).map(([pack, made]) => [`${pack}/default`, made])),
    'slack/wrong': { ...slack, secrets: { bot_token: `${SECRETS.slack}-old` } },
    'database/metadata': { settings: {}, secrets: { url: `postgres://app:${SECRETS.postgres}@169.254.169.254/db` } },
    's3/metadata': {
      settings: { region: 'eu-central-1', endpoint: 'http://169.254.169.254' },
      secrets: systems.connections.s3!.secrets,
    },
    's3/wrong': {
      settings: systems.connections.s3!.settings,
      secrets: { access_key_id: 'S3RVER', secret_access_key: SECRETS.aws },
    },
  };
  for (const [place, made] of Object.entries(places)) {
    const answer = await harness.call('PUT', `/api/v1/connections/${place}`, made);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }
  const manager = await harness.call('POST', '/api/v1/keys', { subject: 'manager@company.com', roles: ['operator'] });
  managerKey = manager.body.data.key;
});
afterAll(async () => {
  await harness.close();
  await systems.close();
});

async function run(action_ref: string, parameters: object) {
  const { body } = await harness.call('POST', BASE, { action_ref, parameters, wait: 60 });
  return body.data;
}

/** A run once it has closed. */
async function ended(id: number) {
  const { body } = await until(
    () => harness.call('GET', `${BASE}/${id}`),
    ({ body }) => ['completed', 'failed', 'cancelled', 'timeout'].includes(body.data.status),
  );
  return body.data;
}

/** Runs one task, and returns its failure. */
async function failureOf(action_ref: string, parameters: object) {
  const { status, result, tasks } = await run(action_ref, parameters);
  const { type, message } = tasks[0].error;
  return [status, type, result.error_code, message, tasks[0].attempts.length];
}

describe('a connection', () => {
  it('is set up, told without its secrets, and deleted', async () => {
    const { body } = await harness.call('GET', '/api/v1/connections');
    expect(body.data.map(({ pack, name }: { pack: string; name: string }) => `${pack}/${name}`)).toEqual([
      ...['aws/default', 'database/default', 'database/metadata', 'email/default', 'jira/default'],
      ...['pagerduty/default', 's3/default', 's3/metadata', 's3/wrong', 'slack/default', 'slack/wrong'],
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

  it('that says who decides is set up by admins alone', async () => {
    const { body } = await harness.call('POST', '/api/v1/keys', { subject: 'keeper', permissions: ['secret:write'] });
    const keeper = { 'x-api-key': body.data.key as string };
    const put = (pack: string) =>
      harness.call('PUT', `/api/v1/connections/${pack}/kept`, { settings: {}, secrets: {} }, keeper);
    for (const pack of ['slack', 'teams']) expect([pack, (await put(pack)).status]).toEqual([pack, 403]);
    expect((await put('jira')).status).toBe(400);
    const gone = await harness.call('DELETE', '/api/v1/connections/slack/kept', undefined, keeper);
    expect(gone.status).toBe(403);
  });
});

describe('what the settings of a process name', () => {
  it('is the connection of the first tenant alone, and only where it has none', async () => {
    const { config } = readConfig({
      FERMATA_SLACK_BOT_TOKEN: 'xoxb-own',
      FERMATA_SLACK_API_URL: 'http://127.0.0.1:1/api',
      FERMATA_SMTP_URL: 'smtp://mail.internal',
      FERMATA_SMTP_FROM: 'Fermata <fermata@example.com>',
    });
    const { db } = harness.database;
    const { connect } = createWorkerDesk(db, [SECRET_KEY], ownConnections(config));
    const home = await createPrincipalStore(db).homeTenant();
    const other = (await harness.call('POST', '/api/v1/tenants', { ref: 'beside', label: 'Beside' })).body.data.id;
    // The connection that the tests have stored takes precedence.
    expect(await connect(home, 'slack', 'default')).toMatchObject({ secrets: { bot_token: SECRETS.slack } });
    await harness.call('DELETE', '/api/v1/connections/slack/default');
    await harness.call('DELETE', '/api/v1/connections/email/default');
    expect(await connect(home, 'slack', 'default')).toEqual({
      settings: { api_url: 'http://127.0.0.1:1/api' },
      secrets: { bot_token: 'xoxb-own' },
      trusted: true,
    });
    expect(await connect(home, 'email', 'default')).toEqual({
      settings: { from: 'Fermata <fermata@example.com>' },
      secrets: { url: 'smtp://mail.internal' },
      trusted: true,
    });
    for (const [tenant, name] of [
      [home, 'another'],
      [other, 'default'],
    ] as const) {
      expect(await connect(tenant, 'slack', name), name).toBeNull();
    }
    expect(await connect(home, 'jira', 'another')).toBeNull();
    for (const pack of ['slack', 'email'] as const) {
      const put = await harness.call('PUT', `/api/v1/connections/${pack}/default`, systems.connections[pack]);
      expect(put.status).toBe(200);
    }
  });

  it.each([
    ['email', { settings: { from: 'No Address' }, secrets: { url: 'smtp://mail.internal' } }, '/settings/from'],
    ['database', { settings: {}, secrets: { url: 'postgres://a@b/c?options=-c%20search_path=x' } }, '/secrets/url'],
    ['database', { settings: {}, secrets: { url: 'postgres://a@b/c?sslmode=maybe' } }, '/secrets/url'],
    ['database', { settings: {}, secrets: { url: 'postgres://a@b/c?sslmode=require&a=b' } }, '/secrets/url'],
  ])('of %s %j is refused at %s', async (pack, given, path) => {
    const { status, body } = await harness.call('PUT', `/api/v1/connections/${pack}/refused`, given);
    expect([status, body.issues[0].path]).toEqual([400, path]);
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
      project: { key: 'INC' },
      summary: 'It burns',
      issuetype: { name: 'Task' },
      labels: ['x'],
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
          name: 'page',
          action: 'pagerduty.create_incident',
          retry: { count: 3, delay: 0 },
          input: { summary: 'down', severity: 'critical', details: { host: 'a' } },
        },
      ],
    };
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.page',
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition,
    });
    const { result, status, tasks } = await run('examples.page', {});
    expect([status, result]).toEqual(['completed', { status: 'success', dedup_key: expect.any(String) }]);
    const sent = vendors.asked.filter(({ path }) => path.startsWith('/pagerduty')).slice(-3);
    expect(new Set(sent.map(({ body }) => body.dedup_key))).toEqual(new Set([result.dedup_key]));
    expect(sent[0]!.body).toMatchObject({
      event_action: 'trigger',
      payload: { summary: 'down', severity: 'critical', source: 'fermata' },
    });
    expect(Date.parse(tasks[0].ended) - Date.parse(tasks[0].created)).toBeGreaterThanOrEqual(1_000);
  });

  it('sends mail by SMTP', async () => {
    const input = { to: ['ann@example.com'], bcc: 'bob@example.com', subject: 'Hi ä', text: 'there' };
    const { result } = await run('email.send', input);
    expect(result).toEqual({
      message_id: expect.stringMatching(/^<[0-9a-f]{64}@example\.com>$/),
      rejected: [],
      accepted: ['ann@example.com', 'bob@example.com'],
    });
    expect(systems.mails.at(-1)).toMatchObject({ from: 'ops@example.com', to: ['ann@example.com', 'bob@example.com'] });
    expect(systems.mails.at(-1)!.text).not.toContain('bob@example.com');
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
      rows: [{ id: 1, name, tags: ['a', { b: 1 }], at: null }],
      row_count: 1,
      truncated: true,
    });
    const times = await run('database.query', { sql: 'SELECT at FROM shop.orders WHERE id = $1', params: [2] });
    expect(times.result.rows).toEqual([{ at: '2026-01-01T00:00:00Z' }]);
    const changed = await run('database.query', { sql: 'UPDATE shop.orders SET name = $1', params: ['same'] });
    expect(changed.result).toEqual({ rows: [], row_count: 2, truncated: false });
  });

  it('has PostgreSQL leave a statement whose task is cancelled', async () => {
    const sql = 'SELECT pg_sleep(300)';
    const { id } = (await harness.call('POST', BASE, { action_ref: 'database.query', parameters: { sql } })).body.data;
    const asleep = async () =>
      (await systems.sql(`SELECT 1 FROM pg_stat_activity WHERE usename = '${systems.role}' AND state = 'active'`)).rows
        .length;
    await until(asleep, (sessions) => sessions === 1);
    await harness.call('POST', `${BASE}/${id}/cancel`, {});
    expect((await ended(id)).status).toBe('cancelled');
    await until(asleep, (sessions) => sessions === 0);
  });

  it('stores objects in S3 and what speaks its protocol', async () => {
    const upload = (key: string, data: unknown) => run('s3.upload', { bucket: BUCKET, key, data });
    const { result } = await upload('a/ä b.txt', 'hällo');
    expect(result).toEqual({ bucket: BUCKET, key: 'a/ä b.txt', etag: expect.any(String), version_id: null });
    expect(await systems.stored('a/ä b.txt')).toBe('hällo');
    await upload('list.json', [1, { a: null }]);
    expect(await systems.stored('list.json')).toBe('[1,{"a":null}]');
    await upload('bytes', { base64: Buffer.from('bytes').toString('base64') });
    expect(await systems.stored('bytes')).toBe('bytes');
  });

  it('begins one deployment, however many attempts it takes, and waits for its end without holding a worker', async () => {
    const definition = {
      tasks: [
        {
          name: 'deploy',
          action: 'aws.deploy',
          retry: { count: 1 },
          input: { application: 'shop', deployment_group: 'web', description: 'v7' },
        },
      ],
    };
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.deploy',
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition,
    });
    // It is listed and begun; what it is then is not told.
    vendors.answer(null, null, { status: 500, body: { __type: 'InternalError' } });
    const { body } = await harness.call('POST', BASE, { action_ref: 'examples.deploy' });
    const asked = () => vendors.asked.filter(({ target }) => target.endsWith('.GetDeployment')).length;
    await until(
      async () => asked(),
      (times) => times > 2,
    );
    // No slot of it is held: it ends at once.
    await harness.stopWorker();
    await harness.startWorker();
    const [id] = vendors.deployments.keys();
    vendors.deployments.get(id!)!.status = 'Succeeded';
    const done = await ended(body.data.id);
    expect(done).toMatchObject({ status: 'completed', result: { deployment_id: id, status: 'Succeeded' } });
    expect(done.tasks[0].attempts).toMatchObject([{ error: { code: 'InternalError' } }, { error: null }]);
    expect([...vendors.deployments.values()]).toEqual([
      { status: 'Succeeded', description: expect.stringMatching(/^v7 \(fermata:[0-9a-f]{32}\)$/) },
    ]);
  });

  it('fails with a deployment that fails, and stops one whose task is cancelled', async () => {
    const parameters = { application: 'shop', deployment_group: 'web', revision: { revisionType: 'S3' } };
    const start = async () => (await harness.call('POST', BASE, { action_ref: 'aws.deploy', parameters })).body.data.id;
    const before = vendors.deployments.size;
    const failing = await start();
    const ids = await until(
      async () => [...vendors.deployments.keys()].slice(before),
      (found) => found.length === 1,
    );
    vendors.deployments.get(ids[0]!)!.status = 'Failed';
    const failed = await ended(failing);
    expect([failed.status, failed.result.error_code, failed.tasks[0].error]).toMatchObject([
      ...['failed', 'HEALTH_CONSTRAINTS'],
      { type: 'deployment_failed', details: { deployment_id: ids[0], status: 'Failed' } },
    ]);
    const cancelled = await start();
    const [stopped] = await until(
      async () => [...vendors.deployments.keys()].slice(before + 1),
      (found) => found.length === 1,
    );
    // test/activities/aws/deployments.test.ts cancels one that is just being begun; this one is looked at again and again.
    await until(
      async () =>
        vendors.asked.filter(({ target, body }) => /\.Get/.test(target) && body.deploymentId === stopped).length,
      (looks) => looks > 1,
    );
    await harness.call('POST', `${BASE}/${cancelled}/cancel`, {});
    expect([(await ended(cancelled)).status, vendors.deployments.get(stopped!)!.status]).toEqual([
      'cancelled',
      'Stopped',
    ]);
  });

  it('runs with what its connection gives where the task gives nothing', async () => {
    const settings = {
      api_url: `${vendors.url}/slack`,
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
    ['no such bucket', 's3.upload', { bucket: 'nowhere', key: 'a', data: 1 }, ['s3_error', 'NoSuchBucket']],
    [
      'a wrong signature',
      's3.upload',
      { bucket: BUCKET, key: 'a', data: 1, connection: 'wrong' },
      ['s3_error', 'SignatureDoesNotMatch'],
    ],
    [
      'no such application',
      'aws.deploy',
      { application: 'none', deployment_group: 'web' },
      ['aws_error', 'ApplicationDoesNotExistException'],
    ],
    [
      'an endpoint that may not be reached',
      's3.upload',
      { bucket: BUCKET, key: 'a', data: 1, connection: 'metadata' },
      ['egress_denied', 'EGRESS_DENIED'],
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

describe('the examples of the Workflows API', () => {
  const store = (ref: string, definition: Definition, param_schema?: object) =>
    harness.call('POST', '/api/v1/workflows', {
      ref,
      pack_ref: ref.split('.')[0],
      label: ref,
      version: '1.0.0',
      definition,
      ...(param_schema && { param_schema }),
    });
  const setUp = (pack: string, defaults: JsonObject) => {
    const { settings, secrets } = systems.connections[pack]!;
    return harness.call('PUT', `/api/v1/connections/${pack}/default`, { settings: { ...settings, defaults }, secrets });
  };

  beforeAll(async () => {
    await setUp('slack', { 'slack.post_message': { channel: '#ops', message: 'look' } });
    await setUp('pagerduty', { 'pagerduty.create_incident': { summary: 'it burns' } });
    await setUp('jira', { 'jira.create_issue': { project: 'INC', summary: 'it burned' } });
    await setUp('aws', { 'aws.deploy': { application: 'shop', deployment_group: 'web' } });
    await setUp('email', { 'email.send': { to: 'boss@example.com', subject: 'no', text: 'it was denied' } });
    await setUp('database', { 'database.query': { sql: 'SELECT 1 AS one, now() IS NOT NULL AS two' } });
    await setUp('s3', { 's3.upload': { bucket: BUCKET, key: 'pipeline.json' } });
    await systems.sql(
      `CREATE TABLE results (id serial PRIMARY KEY, ok boolean); GRANT ALL ON results, results_id_seq TO ${systems.role}`,
    );
  });

  it('respond to an incident', async () => {
    await store('slack.response', RESPONSE);
    const { status, tasks } = await run('slack.response', {});
    expect([status, tasks.map(({ output }: { output: JsonObject }) => output)]).toEqual([
      'completed',
      [
        { status: 'success', dedup_key: expect.any(String) },
        { ok: true, channel: 'C123', ts: expect.any(String) },
        { id: expect.any(String), key: expect.stringMatching(/^INC-/), url: expect.any(String) },
      ],
    ]);
  });

  it.each([
    ['approve', 'execute_action'],
    ['deny', 'notify_rejection'],
  ])('ask for an approval: %s leads to %s', async (option, task) => {
    await store('aws.approval', APPROVAL);
    const begun = vendors.deployments.size;
    const { body } = await harness.call('POST', BASE, { action_ref: 'aws.approval' });
    const asked = await until(
      () => harness.call('GET', `/api/v1/inquiries?execution=${body.data.id}`),
      (answer) => answer.body.data.length === 1,
    );
    const respond = `/api/v1/inquiries/${asked.body.data[0].id}/respond`;
    const answered = await harness.call('POST', respond, { option }, { 'x-api-key': managerKey });
    expect(answered.status).toBe(200);
    if (option === 'approve') {
      await until(
        async () => vendors.deployments.size,
        (size) => size > begun,
      );
      for (const deployment of vendors.deployments.values()) deployment.status = 'Succeeded';
    }
    const { status, tasks } = await ended(body.data.id);
    expect([status, tasks.at(-1).name, tasks.at(-1).status]).toEqual(['completed', task, 'completed']);
    if (option === 'deny') expect(systems.mails.at(-1)).toMatchObject({ to: ['boss@example.com'] });
  });

  it('move data from a database to a bucket', async () => {
    await store('database.pipeline', PIPELINE);
    const { status, result } = await run('database.pipeline', {});
    expect([status, result]).toEqual(['completed', expect.objectContaining({ bucket: BUCKET, key: 'pipeline.json' })]);
    expect(JSON.parse(await systems.stored('pipeline.json'))).toEqual({
      rows: [{ one: 1, two: true }],
      row_count: 1,
      truncated: false,
    });
  });

  it('fetch, transform and store, or tell of the error', async () => {
    await store('database.complex', COMPLEX, { type: 'object', properties: { api_url: { type: 'string' } } });
    const stored = await run('database.complex', { api_url: `${vendors.url}/ok` });
    expect([stored.status, stored.result]).toEqual(['completed', { store_result: { row_count: 1, rows: [] } }]);
    expect((await systems.sql('SELECT ok FROM results')).rows).toEqual([{ ok: true }]);
    const told = await run('database.complex', { api_url: `${vendors.url}/nowhere` });
    expect([told.status, vendors.asked.at(-1)!.body]).toMatchObject([
      'completed',
      { channel: '#errors', text: expect.stringContaining('Workflow failed: ') },
    ]);
  });
});

describe('a secret of a template', () => {
  const NAME = 'API_TOKEN';
  const call = (rest: JsonObject, more: JsonObject = {}) => ({
    name: 'call',
    action: 'core.http',
    ...more,
    input: { url: `${vendors.url}/echo`, method: 'POST', body: {}, ...rest },
  });
  const runOf = async (ref: string, tasks: JsonObject[], parameters: JsonObject = {}) => {
    const definition = { tasks };
    const stored = await harness.call('POST', '/api/v1/workflows', {
      ref: `examples.${ref}`,
      pack_ref: 'examples',
      label: ref,
      version: '1.0.0',
      definition,
    });
    expect(stored.status, JSON.stringify(stored.body)).toBe(201);
    return run(`examples.${ref}`, parameters);
  };

  beforeAll(async () => {
    await harness.call('PUT', `/api/v1/secrets/${NAME}`, { value: SECRETS.template });
  });

  it('is told by its name, and to nobody who may not see secrets', async () => {
    const listed = await harness.call('GET', '/api/v1/secrets');
    expect(listed.body.data).toEqual([{ name: NAME, created: expect.any(String), updated: expect.any(String) }]);
    await harness.call('PUT', '/api/v1/secrets/OTHER', { value: 'x' });
    expect((await harness.call('DELETE', '/api/v1/secrets/OTHER')).status).toBe(200);
    const gone = await harness.call('DELETE', '/api/v1/secrets/OTHER');
    expect([gone.status, gone.body.code]).toEqual([404, 'secret_not_found']);
    for (const [method, path] of [
      ['GET', '/api/v1/secrets'],
      ['DELETE', `/api/v1/secrets/${NAME}`],
    ] as const) {
      expect((await harness.call(method, path, undefined, { 'x-api-key': APPROVER_KEY })).status).toBe(403);
    }
    expect((await harness.call('PUT', '/api/v1/secrets/a-b', { value: 'x' })).status).toBe(400);
  });

  it('is put in by the worker, and masked where it comes back', async () => {
    const task = call({
      headers: { authorization: 'Bearer {{ secret.API_TOKEN }}' },
      body: ['{{ x }}-{{ secret.API_TOKEN }}'],
    });
    const { status, result, tasks } = await runOf('secret_put', [task], { x: 1 });
    expect([status, result.body]).toEqual([...['completed', { said: 'Bearer ********', body: ['1-********'] }]]);
    expect(vendors.asked.at(-1)).toMatchObject({
      authorization: `Bearer ${SECRETS.template}`,
      body: [`1-${SECRETS.template}`],
    });
    expect(tasks[0].input).toMatchObject({
      headers: { authorization: 'Bearer {{ secret.API_TOKEN }}' },
      body: ['1-{{ secret.API_TOKEN }}'],
    });
  });

  it('is put in as docs/connections.md says', async () => {
    const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(await readFile('docs/connections.md', 'utf8'))!;
    const { tasks } = parse(yaml!.replace(/https:\S+/, `${vendors.url}/echo`)) as { tasks: JsonObject[] };
    const { result } = await runOf('secret_page', tasks);
    expect(result.body).toEqual({ said: 'Bearer ********', body: {} });
    expect(vendors.asked.at(-1)!.authorization).toBe(`Bearer ${SECRETS.template}`);
  });

  it('is put in at every try, and for every item, also when the interpreter makes them', async () => {
    const before = vendors.asked.length;
    const retry = { count: 1, delay: 0, when: 'failed()' };
    const again = call({ auth: { bearer: '{{ secret.API_TOKEN }}' }, body: { fail: true } }, { retry });
    const failed = await runOf('secret_tries', [again]);
    expect([failed.status, failed.tasks[0].error.details.body.said]).toEqual(['failed', 'Bearer ********']);
    const items = call({ auth: { bearer: '{{ item }}{{ secret.API_TOKEN }}' } }, { with_items: '{{ ["a", "b"] }}' });
    expect((await runOf('secret_items', [items])).status).toBe('completed');
    const seen = vendors.asked.slice(before).map(({ authorization }) => authorization);
    expect(seen.slice(0, 2)).toEqual([`Bearer ${SECRETS.template}`, `Bearer ${SECRETS.template}`]);
    expect(seen.slice(2).sort()).toEqual([`Bearer a${SECRETS.template}`, `Bearer b${SECRETS.template}`]);
  });

  it('is never made of what comes from outside', async () => {
    const said = '{{ secret.API_TOKEN }}';
    const { result } = await runOf('secret_outside', [call({ body: { said: '{{ x }}' } })], { x: said });
    expect(result.body.body).toEqual({ said });
    await run('core.http', { url: `${vendors.url}/echo`, method: 'POST', body: { said } });
    expect(vendors.asked.at(-1)!.body).toEqual({ said });
  });

  it('reaches what an execution starts below it, and nothing that was started past the API', async () => {
    await runOf('secret_below', [call({ auth: { bearer: '{{ secret.API_TOKEN }}' } })]);
    const above = await runOf('secret_above', [{ name: 'sub', action: 'examples.secret_below' }]);
    expect([above.status, vendors.asked.at(-1)!.authorization]).toEqual(['completed', `Bearer ${SECRETS.template}`]);
    const before = vendors.asked.length;
    const client = new Client({ connection: harness.connection, namespace: 'connections' });
    const temporal = createTemporal({ connection: harness.connection, namespace: 'connections' });
    const newest = await temporal.newestRun(above.workflow_id);
    const started = newest!.first!.workflowExecutionStartedEventAttributes!;
    const [input, given] = decodeArguments(started.input) as unknown as [Json, RunInput];
    const memo = readMemo(started.memo)!;
    const { trust: _, ...older } = given;
    // The same start under another number, then less and less of what the API has signed.
    for (const [run, left] of [
      [given, memo],
      [{ ...given, trust: { keys: {} } }, memo],
      [given, { ...memo, warrant: undefined }],
      [
        { ...older, interpreter: 8 },
        { ...memo, warrant: undefined },
      ],
    ] as [RunInput, RunMemo][]) {
      const n = nextNumber();
      const handle = await client.workflow.start(run.ref, {
        workflowId: workflowIdOf(n),
        taskQueue: OWN_TASK_QUEUE,
        args: [input, { ...run, n }],
        memo: { fermata: { ...left, n } },
      });
      await expect(handle.result()).rejects.toThrow();
      const { body } = await harness.call('GET', `${BASE}/${n * 1024}`);
      const [task] = body.data.tasks;
      expect([body.data.status, task.error.type, vendors.asked.length]).toEqual(['failed', 'not_authentic', before]);
    }
  });

  it('that is not there fails its task once', async () => {
    const { status, tasks } = await runOf('secret_missing', [
      call({ auth: { bearer: '{{ secret.NONE }}' } }, { retry: { count: 3 } }),
    ]);
    expect([status, tasks[0].error.type, tasks[0].attempts.length]).toEqual(['failed', 'secret_missing', 1]);
    expect(tasks[0].error.message).toContain('PUT /api/v1/secrets/NONE');
  });
});

it('no secret is seen anywhere: in histories, answers, errors, lists, logs, streams, the audit, exports', async () => {
  // A system that says what it was told.
  vendors.answer({
    status: 400,
    body: { errorMessages: [`bad token ${SECRETS.jira}`], errors: { [SECRETS.jira]: 'x' } },
  });
  const { id } = await run('jira.create_issue', { project: 'X', summary: 'x' });
  const told = (await harness.call('GET', `${BASE}/${id}`)).body.data;
  expect(told.tasks[0].error.message).toBe('Jira responded with status 400: bad token ********; ********: x');
  const texts: string[] = [];
  const rows = (await harness.call('GET', `${BASE}?per_page=100`)).body.data as { id: number }[];
  expect(rows.length).toBeGreaterThan(15);
  const temporal = createTemporal({ connection: harness.connection, namespace: 'connections' });
  const look = async (row: { id: number }) => {
    for (const path of ['', '/history?limit=1000', '/logs', '/explain']) {
      texts.push(JSON.stringify((await harness.call('GET', `${BASE}/${row.id}${path}`)).body));
    }
    const stream = await fetch(`${harness.api.url}${BASE}/${row.id}/events`, { headers: { 'x-api-key': DEV_KEY } });
    texts.push(await stream.text());
    const workflowId = (await harness.call('GET', `${BASE}/${row.id}`)).body.data.workflow_id;
    for await (const page of temporal.history(workflowId)) texts.push(bytesOf(page));
  };
  for (let at = 0; at < rows.length; at += 5) await settleAll(rows.slice(at, at + 5).map(look));
  for (const path of ['/api/v1/connections', '/api/v1/secrets', '/api/v1/audit', `${BASE}/export?format=json`]) {
    texts.push(JSON.stringify((await harness.call('GET', path)).body));
  }
  // Something was said of all this.
  log.info('the end');
  expect(logged.length).toBeGreaterThan(0);
  const all = [...texts, ...logged].join('\n');
  expect(all).toContain('event: end');
  expect(all).toContain('shop.orders');
  for (const secret of Object.values(SECRETS)) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    for (const form of [secret, escaped, JSON.stringify(escaped).slice(1, -1), encodeURIComponent(secret)]) {
      expect(all.includes(form), form).toBe(false);
    }
    expect(all.includes(Buffer.from(secret).toString('base64').slice(0, -2)), secret).toBe(false);
  }
});

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
