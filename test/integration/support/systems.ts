import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import type { JsonObject } from '../../../model/json.ts';
import { createBareDatabase } from './prepared.ts';
import { startVendors, type VendorServer } from './vendor-server.ts';

/** The credentials that the systems accept, which must not appear anywhere else. */
export const SECRETS = {
  slack: 'xoxb-canary-slack-7f3a9d',
  jira: 'canary "jira" 100% token é+51c2e8',
  pagerduty: 'canary \\ routing key 90b4f1',
  smtp: 'canary-mail-password-c3d7',
  postgres: 'canary-database-password-e8',
  aws: 'canary-aws-secret-access-key-2b',
  template: 'canary "of" a template/9d4e',
};

/** The bucket that the S3-compatible server has. */
export const BUCKET = 'reports';

/** Every system that actions speak to, each speaking its own protocol. */
export interface Systems {
  vendors: VendorServer;
  /** The mails that the server has accepted. */
  mails: { from: string; to: string[]; text: string }[];
  /** An object as it is stored. */
  stored(key: string): Promise<string>;
  /** Connections to all of them, by pack. */
  connections: Record<string, { settings: JsonObject; secrets: JsonObject }>;
  /** The role of the database that the connection has. */
  role: string;
  /** Runs statements as the administrator of the database. */
  sql(text: string): Promise<pg.QueryResult>;
  close(): Promise<void>;
}

/** Starts them. */
export async function startSystems(): Promise<Systems> {
  const mails: Systems['mails'] = [];
  const folder = await mkdtemp(join(tmpdir(), 'fermata-s3-'));
  const smtp = mailServer(mails);
  const s3 = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: folder,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET }],
  });
  const [vendors, database, { port: s3Port }] = await Promise.all([
    startVendors(SECRETS),
    createBareDatabase(),
    s3.run(),
  ]);
  await new Promise<void>((done) => smtp.listen(0, '127.0.0.1', done));
  const sql = (text: string) => query(database.url, text);
  // Roles belong to the whole server, which all test files share.
  const role = `app_${randomBytes(6).toString('hex')}`;
  await sql(`CREATE ROLE ${role} LOGIN PASSWORD '${SECRETS.postgres}'; CREATE SCHEMA shop AUTHORIZATION ${role}`);
  // Actions reach it as they reach any database, by TCP.
  const { port, pathname } = new URL(database.url);
  const databaseUrl = new URL(`postgres://127.0.0.1:${port}${pathname}`);
  databaseUrl.username = role;
  databaseUrl.password = SECRETS.postgres;
  const mailUrl = `smtp://mailer:${SECRETS.smtp}@127.0.0.1:${(smtp.server.address() as AddressInfo).port}?tls=off`;
  return {
    vendors,
    mails,
    role,
    sql,
    stored: (key) => readFile(join(folder, BUCKET, `${key}._S3rver_object`), 'utf8'),
    connections: {
      slack: { settings: { api_url: `${vendors.url}/slack` }, secrets: { bot_token: SECRETS.slack } },
      jira: {
        settings: { base_url: `${vendors.url}/jira/`, email: 'bot@example.com' },
        secrets: { token: SECRETS.jira },
      },
      pagerduty: { settings: { base_url: `${vendors.url}/pagerduty` }, secrets: { routing_key: SECRETS.pagerduty } },
      email: { settings: { from: 'Ops <ops@example.com>' }, secrets: { url: mailUrl } },
      database: { settings: {}, secrets: { url: databaseUrl.href } },
      // The server's own credentials.
      s3: {
        settings: { region: 'eu-central-1', endpoint: `http://127.0.0.1:${s3Port}` },
        secrets: { access_key_id: 'S3RVER', secret_access_key: 'S3RVER' },
      },
      aws: {
        settings: { region: 'eu-central-1', endpoint: `${vendors.url}/codedeploy` },
        secrets: { access_key_id: 'AKIDEXAMPLE', secret_access_key: SECRETS.aws },
      },
    },
    close: async () => {
      await vendors.close();
      await database.drop();
      const server = new URL(database.url);
      server.pathname = 'postgres';
      await query(server.href, `DROP ROLE ${role}`);
      await new Promise<void>((done) => smtp.close(done));
      await s3.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url);
  await client.connect();
  return client.query(text).finally(() => client.end());
}

function mailServer(mails: Systems['mails']): SMTPServer {
  return new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
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
}
