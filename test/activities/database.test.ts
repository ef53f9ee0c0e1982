import { type AddressInfo, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress } from '../../egress/egress.ts';
import { until } from '../integration/until.ts';
import { type PostgresServer, startPostgres } from '../store/postgres-server.ts';
import { type Activity, createActivity } from './activity.ts';

// What a statement may cost, against a real server: nothing that a server sends ends the process.

const egress = createEgress({ allowed: ['loopback'] });
let postgres: PostgresServer;
let database: Activity;
let observer: pg.Client;

beforeAll(async () => {
  postgres = await startPostgres();
  database = createActivity(egress, { settings: {}, secrets: { url: postgres.url } });
  observer = new pg.Client(postgres.url);
  await observer.connect();
  await observer.query('CREATE TABLE full_of AS SELECT i, repeat(i::text, 20) AS t FROM generate_series(1, 2000) i');
  await observer.query('CREATE TABLE empty (i int)');
});
afterAll(async () => {
  await observer.end();
  await postgres.stop();
  await egress.close();
});

const query = (sql: string, rest: object = {}) => database.run('database.query', { sql, ...rest });
const failure = (sql: string, rest: object = {}, info: object = {}) =>
  database.failure('database.query', { sql, ...rest }, info);

/** Statements of actions that the server is working on. */
const working = async () => {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'fermata' AND state = 'active'`;
  return (await observer.query(sql)).rows.length;
};

describe('rows', () => {
  it.each([
    [0, 10, 0, false],
    [9, 10, 9, false],
    [10, 10, 10, false],
    [11, 10, 10, true],
    [499, 500, 499, false],
    [500, 500, 500, false],
    [501, 500, 500, true],
    [1000, 1000, 1000, false],
    [1001, 1000, 1000, true],
    [2000, 10_000, 2000, false],
  ])('%i of them with max_rows %i are %i, truncated: %s', async (there, most, count, truncated) => {
    const found = await query('SELECT i FROM full_of WHERE i <= $1 ORDER BY i', { params: [there], max_rows: most });
    const rows = Array.from({ length: count }, (_, index) => ({ i: index + 1 }));
    expect(found).toEqual({ rows, row_count: count, truncated });
  });

  it('beyond 10,000 cannot be asked for', async () => {
    expect((await failure('SELECT 1', { max_rows: 10_001 })).slice(0, 2)).toEqual(['input_invalid', false]);
  });
});

describe('what is too large', () => {
  it.each([
    ['many rows', `SELECT repeat('x', 1000) t FROM generate_series(1, 3000000)`],
    ['rows of many columns', `SELECT ${Array.from({ length: 1600 }, (_, i) => `null AS c${i}`)} FROM full_of`],
    ['one row', `SELECT repeat('x', 1600000) t`],
    ['one row that is longer than the wire allows', `SELECT repeat('x', 20000000) t`],
    ['notices', `DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 10000); END LOOP; END $$`],
  ])('fails once, and the server stops: %s', async (_, sql) => {
    expect((await failure(sql, { max_rows: 10_000 })).slice(0, 2)).toEqual(['too_large', false]);
    await until(working, (count) => count === 0);
  });

  it('fails an insert that returns too much', async () => {
    const input = { table: 'full_of', data: { i: 1, t: 'x'.repeat(1_600_000) }, returning: ['t'] };
    expect((await database.failure('database.insert', input)).slice(0, 2)).toEqual(['too_large', false]);
  });
});

describe('COPY', () => {
  it.each(['COPY full_of TO STDOUT', 'COPY empty TO STDOUT', 'COPY empty FROM STDIN'])(
    'fails once: %s',
    async (sql) => {
      const message = 'database: COPY from STDIN or to STDOUT is not supported';
      expect(await failure(sql)).toEqual(['database_error', false, message, '0A000']);
      expect(await query('SELECT count(*)::int AS n FROM empty')).toMatchObject({ rows: [{ n: 0 }] });
    },
  );
});

describe('a server', () => {
  /** What says it is PostgreSQL: it answers the start with some bytes, and every later message with others. */
  async function impostor(hello: Buffer, later: Buffer): Promise<{ url: string; close(): void }> {
    const sockets: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(hello);
        socket.on('data', () => socket.write(later));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `postgres://u@127.0.0.1:${(server.address() as AddressInfo).port}/d`;
    return {
      url,
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  }
  const message = (type: string, ...bytes: number[]) => {
    const body = Buffer.from(bytes);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const ready = Buffer.concat([message('R', 0, 0, 0, 0), message('Z', 'I'.charCodeAt(0))]);

  it.each([
    ['a length below zero', Buffer.from([68, 255, 255, 255, 255, 1, 2, 3, 4])],
    ['a row before its description', message('D', 0, 1, 0, 0, 0, 1, 65)],
    ['a row with less in it than it says', message('D', 0, 9, 0, 0, 0, 100)],
    ['an unknown message', message('?', 1, 2, 3)],
    ['a description that breaks off', message('T', 0, 200, 65)],
    ['a row of a huge value', Buffer.from([68, 127, 255, 255, 255, 0])],
  ])('that sends %s fails the task', async (_, bytes) => {
    const server = await impostor(ready, bytes);
    const hostile = createActivity(egress, { settings: {}, secrets: { url: server.url } });
    const [type] = await hostile.failure('database.query', { sql: 'SELECT 1' }, { startToCloseTimeoutMs: 10_300 });
    expect(['database_error', 'too_large', 'timeout']).toContain(type);
    server.close();
  });

  it('that never says goodbye does not keep a result', async () => {
    const done = Buffer.concat([message('2'), message('n'), message('C', ...Buffer.from('SELECT 0\0'))]);
    const server = await impostor(ready, Buffer.concat([done, message('Z', 'I'.charCodeAt(0))]));
    const silent = createActivity(egress, { settings: {}, secrets: { url: server.url } });
    expect(await silent.run('database.query', { sql: 'SELECT 1' })).toMatchObject({ row_count: 0 });
    server.close();
  });

  it('is not told the password of the worker', async () => {
    process.env.PGPASSWORD = 'of-the-worker';
    let heard = '';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(message('R', 0, 0, 0, 3)); // wants it in clear text
        socket.on('data', (chunk) => {
          heard += chunk.toString('latin1');
          socket.destroy();
        });
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `postgres://u@127.0.0.1:${(server.address() as AddressInfo).port}/d`;
    const curious = createActivity(egress, { settings: {}, secrets: { url } });
    expect((await curious.failure('database.query', { sql: 'SELECT 1' })).slice(0, 2)).toEqual([
      'database_error',
      true,
    ]);
    delete process.env.PGPASSWORD;
    expect(heard.startsWith('p')).toBe(true);
    expect(heard).not.toContain('of-the-worker');
    server.close();
  });
});

it('a statement has the timeout of its task on the server as well', async () => {
  const found = await query('SHOW statement_timeout', {});
  expect(found).toMatchObject({ rows: [{ statement_timeout: '30s' }] });
});

it('a statement that takes longer than its attempt is cancelled', async () => {
  const [type] = await failure('SELECT pg_sleep(100)', {}, { startToCloseTimeoutMs: 10_500 });
  expect(type).toBe('timeout');
  await until(working, (count) => count === 0);
});
