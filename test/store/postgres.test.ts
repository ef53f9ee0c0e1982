import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkerDesk } from '../../composition/reach.ts';
import { isNotOlder } from '../../model/index-entry.ts';
import { type Inquiry, inquiryRequest } from '../../model/inquiry.ts';
import type { Principal } from '../../model/principal.ts';
import { createSealer } from '../../service/access/sealer.ts';
import { toAppError } from '../../service/background/outages.ts';
import { createSigningKeyService, loadSigningKeys } from '../../service/statements/signing-keys.ts';
import { createStatementSigner } from '../../service/statements/statements.ts';
import { createPrincipalStore } from '../../store/access/principals.ts';
import { createSigningKeyStore } from '../../store/access/signing-keys.ts';
import { type Database, openPostgres } from '../../store/database.ts';
import { createDefinitionStore, type DefinitionStore } from '../../store/definitions/definitions.ts';
import type { FairPool } from '../../store/engines/fair-pool.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createInquiryStore } from '../../store/inquiries/inquiries.ts';
import { createNoticeEventStore } from '../../store/inquiries/notice-events.ts';
import { CLAIMED, makeEntry, makeOpenEntry } from '../service/index/run-entry.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

let server: PostgresServer;
let url: string;
beforeAll(async () => {
  server = await startPostgres();
  url = server.url;
});
afterAll(() => server.stop());

it.each([
  ['nobody listens', 'postgres://me:zebra2@127.0.0.1:1/db', 'Postgres does not respond: ECONNREFUSED (DATABASE_URL)'],
  ['the host is none', 'postgres://me:zebra2@nowhere.invalid/db', expect.stringContaining('unknown host')],
  ['a slash in the password', 'postgres://me:a:zeb/ra2@127.0.0.1/db', expect.stringContaining('percent-encoded')],
  ['a password is half a URL', 'postgres://me:p@zeb/ra2@127.0.0.1:5432/db', expect.stringContaining('(DATABASE_URL)')],
  [
    'the user is none',
    () => url.replace('postgres@', 'someone:zebra2@'),
    'Postgres rejected the user or the password (DATABASE_URL)',
  ],
  ['the database is none', () => url.replace(/postgres$/, 'zebra2'), 'the database does not exist (DATABASE_URL)'],
])('says why it cannot be reached, and nothing of the URL: %s', async (_, where, words) => {
  const error = await openPostgres(typeof where === 'string' ? where : where()).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ message: words });
  expect(inspect(error)).not.toMatch(/zeb|ra2|someone|nowhere/);
});

const tenant = '00000000-0000-7000-8000-000000000001';

it('a connection that ends while it is held is released, though nobody does it', async () => {
  const opened = await openPostgres(url);
  const { $client: pool } = opened.db as unknown as { $client: FairPool };
  const held = await Promise.all(Array.from({ length: 8 }, () => pool.connect()));
  const pids = await Promise.all(
    held.map(async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid),
  );
  const other = new Client(url);
  await other.connect();
  await other.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [pids]);
  // As many as there are for nobody in particular, and what held one may still release it.
  const again = await Promise.all(Array.from({ length: 8 }, () => pool.connect()));
  for (const client of [...held, ...again]) client.release();
  await other.end();
  await opened.close();
});

it('of two processes that rotate the signing key at once one has the key that signs, and each learns it', async () => {
  const opened = await Promise.all([openPostgres(url), openPostgres(url)]);
  const sealer = createSealer(['a master key, long enough'], 'test');
  const admin: Principal = {
    id: 1,
    tenant,
    tenantRef: 'default',
    subject: 'ann',
    kind: 'person',
    onBehalfOf: null,
    roles: ['admin'],
    permissions: [],
    groups: [],
  };
  const processes = await Promise.all(
    opened.map(async ({ db }) => {
      const store = createSigningKeyStore(db);
      const signer = createStatementSigner(await loadSigningKeys(store, sealer));
      const options = { signer, pems: [], log: pino({ level: 'silent' }), wait: async () => {} };
      const service = createSigningKeyService({ store, sealer, ...options, tell: async () => true });
      return { service, trusted: () => Object.keys(signer.trust().keys) };
    }),
  );
  const [one, two] = processes as [(typeof processes)[0], (typeof processes)[0]];
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(processes.map(({ service }) => service.rotate(admin)));
    const active = (await one.service.list()).filter(({ status }) => status === 'active').map(({ kid }) => kid);
    expect(active).toHaveLength(1);
    for (const { service, trusted } of processes) {
      await service.refresh();
      expect([trusted()[0], trusted().length]).toEqual([active[0], 3 + 2 * round]);
    }
  }
  const [kept, revoked] = one.trusted();
  await two.service.revoke(admin, revoked!);
  await one.service.refresh();
  expect([one.trusted(), one.trusted().includes(revoked!), one.trusted()[0]]).toEqual([two.trusted(), false, kept]);
  for (const { close } of opened) await close();
});

describe('runs that began before anything was signed count', () => {
  const [KEY, DAY] = ['2026-11-28T12:00:00Z', 24 * 3_600_000];
  const columns = {
    tenants: ['id, ref, label, created', `'${tenant}', 'default', 'Default'`],
    api_keys: ['tenant, principal, prefix, hash, created', `'${tenant}', 1, 'p', 'h'`],
    revisions: [
      'tenant, workflow, revision, version, hash, definition, created',
      `'${tenant}', 1, 1, '1.0.0', 'h', '{}'`,
    ],
    audit_log: ['tenant, subject, operation, target, at', `'${tenant}', 'ann', 'o', 't'`],
    signing_keys: ['kid, x, created', `'k', 'x'`],
  } as const;
  type Table = keyof typeof columns;

  it.each<[string, [Table, string][], boolean]>([
    ['where a tenant is older', [['tenants', '2026-11-27']], true],
    ['where a key is older', [['api_keys', '2026-11-27']], true],
    ['where a revision is older', [['revisions', '2026-11-27']], true],
    ['where a change is older', [['audit_log', '2026-11-27']], true],
    [
      'where the oldest of all is older, and changes were removed',
      [
        ['tenants', KEY],
        ['revisions', '2026-11-27'],
        ['audit_log', '2026-11-29'],
      ],
      true,
    ],
    ['not where all is newer', [['tenants', '2026-11-29']], false],
    ['not where it was set up within an hour before', [['tenants', '2026-11-28T11:00:00Z']], false],
    ['where it was set up earlier', [['tenants', '2026-11-28T10:59:59Z']], true],
    ['not where nothing is left', [], false],
  ])('%s', async (_, rows, counts) => {
    const { db, close } = await openPostgres(url);
    const undone = new Error('undone');
    const answer = { unsignedUntil: null as number | null };
    const work = db.transaction(async (transaction) => {
      await transaction.execute(sql.raw('set local session_replication_role = replica'));
      for (const table of Object.keys(columns)) await transaction.execute(sql.raw(`delete from ${table}`));
      for (const [table, at] of [...rows, ['signing_keys', KEY] as [Table, string]]) {
        const [names, values] = columns[table];
        await transaction.execute(sql.raw(`insert into ${table} (${names}) values (${values}, '${at}')`));
      }
      const { keys, unsignedUntil } = await createWorkerDesk(transaction, ['a master key, long enough']).warrantTrust();
      expect(keys).toEqual([{ kid: 'k', x: 'x', revoked_at: null }]);
      answer.unsignedUntil = unsignedUntil;
      throw undone;
    });
    await expect(work).rejects.toBe(undone);
    await close();
    expect(answer.unsignedUntil).toBe(counts ? Date.parse(KEY) + DAY : null);
  });
});

it('two processes that start at once migrate once, and both can work', async () => {
  const opened = await Promise.all([openPostgres(url), openPostgres(url)]);
  for (const { probe } of opened) await probe();
  const [first, second] = opened.map(({ db }) => createDefinitionStore(db)) as [DefinitionStore, DefinitionStore];
  await Promise.all([first, second].map((store) => store.ensurePacks(tenant, [{ ref: 'p', label: 'P' }])));
  const pack = (await second.findPack(tenant, 'p'))!;
  const definition = { variables: { z: 1, a: 2 }, tasks: [{ name: 't', action: 'core.noop' }] };
  const fields = { label: 'L', description: null, tags: ['x'], enabled: true };
  const content = { version: '1.0.0', hash: 'h', definition, paramSchema: null, outSchema: null };
  const created = await Promise.all([first, second].map((store) => store.create(tenant, pack, 'p.w', fields, content)));
  expect(created.sort()).toEqual([false, true]);
  const found = await second.find(tenant, 'p.w');
  expect(found).toMatchObject({ revision: 1, definition, tags: ['x'] });
  expect(Object.keys(found!.definition.variables!)).toEqual(['z', 'a']);
  for (const { close } of opened) await close();
});

it('ends a statement that takes longer than 30 seconds, on every connection', async () => {
  const { db, close } = await openPostgres(url);
  const shown = await Promise.all([1, 2, 3].map(() => db.execute(sql`show statement_timeout`)));
  const timeouts = shown.map((result) => (result as unknown as { rows: object[] }).rows);
  expect(timeouts).toEqual([1, 2, 3].map(() => [{ statement_timeout: '30s' }]));
  await close();
});

describe('tenants that share the connections', () => {
  const KEY = 4_711;
  let owner = 'a';
  const openShared = () => openPostgres(url, () => owner);

  /** Has statements of a tenant wait, with a lock that another process holds, until `open` is called. */
  async function hang(db: Database, tenant: string, count: number) {
    const holder = new Client({ connectionString: url });
    await holder.connect();
    await holder.query('select pg_advisory_lock($1)', [KEY]);
    owner = tenant;
    const statement = () => sql`select pg_advisory_lock_shared(${KEY}), pg_advisory_unlock_shared(${KEY})`;
    const made = Array.from({ length: count }, (_, n) =>
      (n % 2 === 0 ? db.execute(statement()) : db.transaction((transaction) => transaction.execute(statement()))).then(
        () => 'done',
        (error: unknown) => toAppError(error, 'a fault').code,
      ),
    );
    const waiting = `select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted and objid = ${KEY}`;
    await expect.poll(async () => (await holder.query(waiting)).rows[0].count).toBe(8);
    return { made, open: () => holder.end() };
  }

  const ask = async (db: Database, tenant: string): Promise<string> => {
    owner = tenant;
    return db.execute(sql`select 1`).then(
      () => 'done',
      (error: unknown) => toAppError(error, 'a fault').code,
    );
  };

  it('one has eight of ten, the others are served meanwhile, and whoever waits for five seconds is told that it is busy', async () => {
    const { db, close } = await openShared();
    const { made, open } = await hang(db, 'a', 20);
    for (const tenant of ['b', 'c', '', 'b']) expect(await ask(db, tenant), tenant).toBe('done');
    expect(await Promise.race(made)).toBe('busy');
    expect(await ask(db, 'b')).toBe('done');
    await open();
    const ends = await Promise.all(made);
    expect(ends.filter((end) => end === 'done')).toHaveLength(8);
    expect(ends.filter((end) => end === 'busy')).toHaveLength(12);
    expect(await ask(db, 'a')).toBe('done');
    await close();
  });

  it('connections come back that failed in a statement, in a transaction, or were closed by the server', async () => {
    const { db, close } = await openShared();
    for (let round = 0; round < 12; round += 1) {
      owner = 'a';
      await expect(db.execute(sql`select nothing`)).rejects.toThrow();
      await expect(db.transaction(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
      await expect(db.execute(sql`select pg_terminate_backend(pg_backend_pid())`)).rejects.toThrow();
      expect(await ask(db, 'a')).toBe('done');
    }
    await close();
  });
});

it('reads instants and big numbers as it wrote them', async () => {
  const { db, close } = await openPostgres(url);
  const store = createExecutionStore(db);
  const created = new Date('2026-11-23T12:34:56.789Z');
  const n = 2 ** 43 - 1;
  const fields = { namespace: 'x', workflowId: 'w', actions: ['core.http'], enforcement: 2 ** 52 };
  const entry = makeEntry(n, { ...CLAIMED, ...fields, tenant, created });
  expect(await store.claim(tenant, { entry })).toBe('claimed');
  expect(await store.claim(tenant, { entry })).toBe('taken');
  expect(await store.find(n)).toMatchObject({ n, created, enforcement: 2 ** 52, actions: ['core.http'] });
  expect((await store.list(tenant, { actionRef: '*.http' }, { offset: 0, limit: 10 })).total).toBe(1);
  const version = (run: string, event: number) => ({ ...entry.version, run, event });
  const later = new Date(created.getTime() + 5);
  await store.write([{ ...entry, runId: 'r', status: 'running', created: later, version: version('r', 1) }]);
  const noted = { n, runId: 'r', status: 'running', created: later, listed: created, versionRun: 'r', versionEvent: 1 };
  expect(await store.find(n)).toMatchObject(noted);
  // Whoever notes a start, or withdraws the claim, after others know more of the run changes nothing.
  await store.write([
    { ...entry, runId: 'other', version: version('other', 2) },
    { ...entry, version: version('r', 0) },
  ]);
  await store.unclaim(tenant, { entry });
  expect(await store.find(n)).toMatchObject(noted);
  const idempotency = { key: 'once', bodyHash: 'body' };
  expect(await store.claim(tenant, { entry, idempotency })).toBe('taken');
  const next = { ...entry, n: n - 1, workflowId: `${entry.workflowId}-next` };
  expect(await store.claim(tenant, { entry: next, idempotency })).toBe('claimed');
  expect(await store.claim(tenant, { entry, idempotency })).toEqual({ n: n - 1, bodyHash: 'body' });
  await store.unclaim(tenant, { entry: next, idempotency });
  expect(await store.find(n - 1)).toBeNull();
  const principals = createPrincipalStore(db);
  const id = await principals.ensureTenant(tenant, 'default', 'Default');
  await principals.ensureKey(id, 'dev', ['admin'], { prefix: 'p', hash: 'hash', label: 'l' });
  expect(await principals.findByKeyHash('hash', new Date())).toMatchObject({ subject: 'dev', tenantRef: 'default' });
  expect(await principals.findByKeyHash('other', new Date())).toBeNull();
  await close();
});

it('a claim is one statement, and of concurrent claims with one key only the first leaves a row', async () => {
  const { db, close } = await openPostgres(url);
  const store = createExecutionStore(db);
  const claimOf = (at: number, key: string) => {
    const workflowId = `keyed-${at}`;
    const entry = makeEntry(2 ** 42 + 100 + at, { ...CLAIMED, namespace: 'x', workflowId, tenant });
    return { entry, idempotency: { key, bodyHash: 'body' } };
  };
  const { $client: pool } = db as unknown as { $client: FairPool };
  let statements = 0;
  pool.query = (...args: never[]) => {
    statements += 1;
    return Object.getPrototypeOf(pool).query.apply(pool, args);
  };
  const { entry, idempotency } = claimOf(0, 'alone');
  expect(await store.claim(tenant, { entry, idempotency })).toBe('claimed');
  expect(await store.claim(tenant, { entry: claimOf(1, 'none').entry })).toBe('claimed');
  expect(statements).toBe(2);

  const claims = [2, 3, 4, 5, 6].map((at) => claimOf(at, 'shared'));
  const answers = await Promise.all(claims.map((claim) => store.claim(tenant, claim)));
  const first = claims[answers.indexOf('claimed')]!.entry;
  expect(answers.filter((answer) => answer === 'claimed')).toHaveLength(1);
  expect(answers.filter((answer) => answer !== 'claimed')).toEqual(Array(4).fill({ n: first.n, bodyHash: 'body' }));
  const rows = await Promise.all(claims.map((claim) => store.find(claim.entry.n)));
  expect(rows.filter((row) => row !== null).map(({ n }) => n)).toEqual([first.n]);
  await close();
});

it('a claim that is withdrawn late leaves the keys of another run, and one that meets a withdrawal is made', async () => {
  const { db, close } = await openPostgres(url);
  const store = createExecutionStore(db);
  const [first, second, third] = [1, 2, 3].map((at) => {
    const n = 2 ** 42 + at;
    return { entry: makeEntry(n, { ...CLAIMED, namespace: 'x', workflowId: `late-${at}`, tenant }), sole: 'plan' };
  });
  expect(await store.claim(tenant, first!)).toBe('claimed');
  await store.unclaim(tenant, { entry: first!.entry });
  expect(await store.claim(tenant, second!)).toBe('claimed');
  await store.unclaim(tenant, first!);
  expect(await store.claim(tenant, third!)).toBe('spent');
  // The key is withdrawn after it was in the way, and before it is read.
  await db.execute(sql`
    create function withdraw() returns trigger language plpgsql as
    $$ begin delete from idempotency_keys where key = 'plan' and n = ${sql.raw(String(second!.entry.n))}; return null; end $$`);
  await db.execute(sql`create trigger withdraw after insert on idempotency_keys execute function withdraw()`);
  expect(await store.claim(tenant, third!)).toBe('claimed');
  await db.execute(sql`drop function withdraw cascade`);
  await close();
});

it('a key that has expired is nobody', async () => {
  const { db, close } = await openPostgres(url);
  const principals = createPrincipalStore(db);
  const id = await principals.ensureTenant(tenant, 'default', 'Default');
  const expires = new Date(1_000_000);
  await principals.ensureKey(id, 'late', [], { prefix: 'p', hash: 'late', label: 'l', expires });
  expect(await principals.findByKeyHash('late', new Date(999_999))).toMatchObject({ subject: 'late' });
  expect(await principals.findByKeyHash('late', new Date(1_000_001))).toBeNull();
  await close();
});

it('keeps the inbox, hands a notice to one process at a time, and follows chains of retries', async () => {
  const { db, close } = await openPostgres(url);
  const store = createInquiryStore(db);
  const created = new Date('2026-11-24T00:00:00Z');
  const inquiry: Inquiry = {
    key: 'ask',
    task: 'ask',
    visit: 1,
    item: null,
    request: inquiryRequest({ approvers: ['ann'], groups: ['ops'] }),
    status: 'pending',
    votes: [],
    decisions: [],
    bound_to: 'x',
    plan: [],
    created: created.toISOString(),
    expires_at: null,
    decided_at: null,
  };
  const run = {
    namespace: 'inbox',
    workflowId: 'w',
    n: 9,
    tenant,
    ref: 'a.b',
    owner: 'dev',
    starters: ['dev'],
    event: 3,
    changes: 1,
  };
  const events = createNoticeEventStore(db);
  const opened = [0, 1, 2, 3].map((index) => ({
    channel: 'slack' as const,
    target: `#${index}`,
    kind: 'opened' as const,
    number: 1,
  }));
  const deriving = { derive: () => opened, remindAt: () => null };
  await store.sync(run, [inquiry], deriving, created);
  // The run is not in the index yet.
  expect(await store.find('inbox', 'w', 'ask')).toBeNull();
  await createExecutionStore(db).write([makeOpenEntry(9, { namespace: 'inbox', workflowId: 'w', tenant })]);
  await store.sync(run, [inquiry], deriving, created);
  expect(await store.due('inbox', 10)).toMatchObject([{ workflowId: 'w' }]);
  const inbox = async (names: string[], groups: string[] = []) =>
    (await store.list(tenant, { assigned: { names, groups } }, { offset: 0, limit: 10 })).total;
  expect(await Promise.all([inbox(['ann']), inbox(['bob']), inbox(['bob'], ['ops']), inbox(['dev', 'ann'])])).toEqual([
    1, 0, 1, 0,
  ]);
  const until = new Date(created.getTime() + 30_000);
  const due = await events.due('inbox', created, { ofTenant: 10, all: 10 });
  expect(due).toHaveLength(4);
  expect(await events.due('inbox', created, { ofTenant: 3, all: 10 })).toHaveLength(3);
  const ids = due.map(({ id }) => id);
  const leased = await Promise.all([1, 2, 3].map(() => events.lease(ids, created, until)));
  expect(new Set(leased.flat().map(({ id }) => id)).size).toBe(leased.flat().length);
  expect(leased.flat()).toHaveLength(4);
  await store.sync({ ...run, event: 2 }, [{ ...inquiry, status: 'approved' }], deriving, created);
  expect((await store.find('inbox', 'w', 'ask'))?.status).toBe('pending');

  const runs = createExecutionStore(db);
  const entry = (n: number, retryOf: number | null) =>
    makeEntry(n, {
      namespace: 'chain',
      tenant,
      status: n === 102 ? 'completed' : 'failed',
      retryOf: retryOf && retryOf * 1024,
    });
  await runs.write([entry(100, null), entry(101, 100), entry(102, 101)]);
  const chain = await runs.retriesOf(tenant, [100 * 1024, 101 * 1024]);
  expect(chain.map(({ origin, n, status }) => [origin / 1024, n, status])).toEqual([
    [100, 101, 'failed'],
    ...[100, 101].map((origin) => [origin, 102, 'completed']),
  ]);
  await close();
});

it('an entry replaces a row exactly if it is not older, and the newest of many that are written at once stays', async () => {
  const { db, close } = await openPostgres(url);
  const runs = createExecutionStore(db);
  const facts = [0, 1].flatMap((start) =>
    ['a', 'b'].flatMap((run) =>
      [false, true].flatMap((closed) =>
        [1, 2].flatMap((event) =>
          [null, 'GONE'].map((errorCode) => ({ errorCode, version: { start, run, closed, event } })),
        ),
      ),
    ),
  );
  const pairs = facts.flatMap((before) => facts.map((after) => [before, after] as const));
  const namespace = 'versions';
  const entries = (which: 0 | 1, ref: string) =>
    pairs.map((pair, n) => makeEntry(10_000 + n, { namespace, tenant, ref, ...pair[which] }));
  const [before, after] = [entries(0, 'p.before'), entries(1, 'p.after')];
  const refs = async () => {
    const rows = await runs.unseen(namespace, 1, { n: 0, limit: 2_000 });
    return rows.map(({ ref }) => ref);
  };
  const expected = after.map((entry, place) => (isNotOlder(entry, before[place]!) ? 'p.after' : 'p.before'));
  expect(new Set(expected).size).toBe(2);
  await runs.write(before);
  await runs.write(after);
  expect(await refs()).toEqual(expected);
  await runs.erase(
    namespace,
    before.map(({ workflowId }) => workflowId),
  );
  await runs.write([...before, ...after]);
  expect(await refs()).toEqual(expected);
  await close();
});

/** The entry of an open run, as a worker reports it. */
const openRun = (namespace: string, n: number) =>
  makeOpenEntry(n, { namespace, workflowId: `${namespace}${n}`, tenant, created: new Date('2026-11-24T00:00:00Z') });

it('many that write the same rows in any order never wait for each other in a circle', async () => {
  const { db, close } = await openPostgres(url);
  const runs = createExecutionStore(db);
  const created = new Date('2026-11-24T00:00:00Z');
  const entries = Array.from({ length: 60 }, (_, n) => openRun('circle', 5_000 + n));
  await runs.write(entries);
  const rows = await runs.unseen('circle', 1, { n: 0, limit: 100 });
  expect(rows).toHaveLength(60);
  const ids = entries.map(({ workflowId }) => workflowId);
  for (let round = 1; round <= 10; round += 1) {
    await Promise.all([
      ...[runs.write(entries), runs.write([...entries].reverse()), runs.looked(rows, created)],
      ...[runs.looked([...rows].reverse(), created), runs.seen('circle', [...ids].reverse(), round)],
    ]);
  }
  await close();
});

it.each<[string, 'write' | 'bury', number]>([
  ['that a writer has looked up when it is deleted', 'write', 6_000],
  ['whose deletion is under way when a writer looks it up', 'bury', 6_100],
])('a deleted run stays away %s', async (_, first, n) => {
  const { db, close } = await openPostgres(url);
  const runs = createExecutionStore(db);
  const namespace = `race-${first}`;
  const [other, deleted] = [openRun(namespace, n), openRun(namespace, n + 1)] as const;
  await runs.write(first === 'write' ? [other] : [other, deleted]);
  const holder = new Client({ connectionString: url });
  await holder.connect();
  const held = first === 'write' ? other : deleted;
  await holder.query('begin');
  await holder.query('select 1 from executions where namespace = $1 and n = $2 for update', [namespace, held.n]);
  const isWaiting = async (count: number) => {
    const { rows } = await holder.query('select count(*)::int as count from pg_locks where not granted');
    return rows[0].count >= count;
  };
  const acts = {
    write: () => runs.write([other, deleted]),
    bury: async () => {
      await runs.bury({ namespace, tenant: deleted.tenant! }, [deleted], new Date('2099-01-01T00:00:00Z'));
      await runs.erase(namespace, [deleted.workflowId]);
    },
  };
  // The first one stands in the middle of its transaction, since it needs the row that is held.
  const begun: Promise<unknown> = acts[first]();
  await expect.poll(() => isWaiting(1)).toBe(true);
  let isOver = false;
  const second: Promise<unknown> = acts[first === 'write' ? 'bury' : 'write']().finally(() => {
    isOver = true;
  });
  await expect.poll(async () => isOver || (await isWaiting(2))).toBe(true);
  await holder.query('commit');
  await Promise.all([begun, second]);
  const left = await runs.unseen(namespace, 1, { n: 0, limit: 10 });
  expect(left.map((row) => row.n)).toEqual([other.n]);
  await holder.end();
  await close();
});
