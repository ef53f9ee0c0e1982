import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress } from '../../../egress/egress.ts';
import { until } from '../../integration/support/until.ts';
import { type PostgresServer, startPostgres } from '../../store/postgres-server.ts';
import { type Activity, createActivity } from '../activity.ts';

// The limits of statements, against a real server: nothing that a server sends ends the process.

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
  await observer.query(`CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE TYPE pair AS (n int, t text)`);
  await observer.query('CREATE DOMAIN small AS int; CREATE DOMAIN large AS int8');
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

describe('values', () => {
  it.each<[sql: string, value: unknown]>([
    // Numbers that a double carries are numbers; what has more digits, or could have them, is text.
    ['7::int2', 7],
    ["'-2147483648'::int4", -2147483648],
    ['300::int8', '300'],
    ['9223372036854775807', '9223372036854775807'],
    ['count(*)', '1'],
    ['count(*)::int', 1],
    ['1.10::numeric', '1.10'],
    ["'NaN'::numeric", 'NaN'],
    ['12.5::money', '$12.50'],
    ['42::oid', '42'],
    ['1.5::float4', 1.5],
    ['0.1::float8', 0.1],
    ['1e300::float8', 1e300],
    ["'NaN'::float8", 'NaN'],
    ["'Infinity'::float4", 'Infinity'],
    ["'-Infinity'::float8", '-Infinity'],
    // Times do not depend on where the worker runs.
    ["date '2026-03-01'", '2026-03-01'],
    ["date 'infinity'", 'infinity'],
    ["date '0044-03-15 BC'", '0044-03-15 BC'],
    ["timestamp '2026-11-28 12:00:00.123456'", '2026-11-28T12:00:00.123456'],
    ["timestamp '2026-11-28 12:00'", '2026-11-28T12:00:00'],
    ["timestamptz '2026-11-28 12:00:00.123456+05:30'", '2026-11-28T06:30:00.123456Z'],
    ["timestamptz '2026-03-29 01:30:00+00'", '2026-03-29T01:30:00Z'],
    ["timestamptz '-infinity'", '-infinity'],
    ["timestamptz '12026-01-01 00:00+00'", '12026-01-01 00:00:00+00'],
    ["time '23:59:59'", '23:59:59'],
    ["timetz '23:59:59+02'", '23:59:59+02'],
    ["interval '1 day 2:03:04'", 'P1DT2H3M4S'],
    // The rest.
    ['true', true],
    ['null::bool', null],
    ["'\\xdeadbeef'::bytea", '3q2+7w=='],
    ["''::bytea", ''],
    [`'é😀"\\'`, 'é😀"\\'],
    ["'2f1e4fc8-6ba5-4c8f-9a0a-0d1b2c3d4e5f'::uuid", '2f1e4fc8-6ba5-4c8f-9a0a-0d1b2c3d4e5f'],
    ["'10.0.0.1'::inet", '10.0.0.1'],
    ['int4range(1, 5)', '[1,5)'],
    ["row(1, 'a')", '(1,a)'],
    [`'{"b":[1,2.5,null],"a":"x"}'::json`, { b: [1, 2.5, null], a: 'x' }],
    [`'"text"'::jsonb`, 'text'],
    ["'null'::jsonb", null],
    // Arrays.
    ['array[1,null,3]', [1, null, 3]],
    ['array[300::int8]', ['300']],
    [
      'array[[1,2],[3,4]]',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["array['a,b','{}','null',null,'\"']", ['a,b', '{}', 'null', null, '"']],
    ['array[]::text[]', []],
    ['array[true,false]', [true, false]],
    ["array[date '2026-03-01']", ['2026-03-01']],
    ["array[timestamptz '2026-03-01 00:00+00']", ['2026-03-01T00:00:00Z']],
    [`array['{"a":1}'::jsonb]`, [{ a: 1 }]],
    ["array['\\x00ff'::bytea]", ['AP8=']],
    ["'[2:3]={7,8}'::int[]", [7, 8]],
    // Types that only the server knows: they and what they consist of are read as the built-in ones are.
    ["'sad'::mood", 'sad'],
    ["array['sad','so so',null]::mood[]", ['sad', 'so so', null]],
    ['5::small', 5],
    ['array[5,6]::small[]', [5, 6]],
    ['array[300]::large[]', ['300']],
    ["array[row(1,'a,b')::pair]", ['(1,"a,b")']],
    ["array['[1,3)'::int4range]", ['[1,3)']],
    ["array[b'101']", ['101']],
    ["'1 2'::int2vector", '1 2'],
    ["array['((1,1),(0,0))'::box]", '{(1,1),(0,0)}'],
  ])('%s is %j', async (sql, value) => {
    const zone = process.env.TZ;
    process.env.TZ = 'Europe/Berlin';
    try {
      expect(await query(`SELECT ${sql} AS v`)).toMatchObject({ rows: [{ v: value }] });
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it.each<[json: string, code: string, path: string]>([
    ['{"a":[1,9007199254740993]}', 'NUMBER_INEXACT', '/a/1'],
    ['1e400', 'NUMBER_INEXACT', 'the value'],
    ['{"a":1,"a":2}', 'KEY_REPEATED', '/a'],
    ['{"__proto__":1}', 'KEY_RESERVED', '/__proto__'],
  ])('json %s fails once with %s', async (json, expected, path) => {
    const [type, retryable, message, code] = await failure(`SELECT '${json}'::json AS col`);
    expect([type, retryable, code]).toEqual(['output_invalid', false, expected]);
    expect(message).toContain(`database: column "col": ${path}`);
  });

  it('big integers are text where that is asked for; numbers beyond every double fail all the same', async () => {
    const sql = `SELECT '{"a":[1,9007199254740993]}'::jsonb AS v`;
    expect(await query(sql, { big_numbers: 'text' })).toMatchObject({ rows: [{ v: { a: [1, '9007199254740993'] } }] });
    expect((await failure(`SELECT '1e400'::json AS v`, { big_numbers: 'text' }))[3]).toBe('NUMBER_INEXACT');
  });

  it.each([0, 1, 500, 1000])(
    'arrays of enums are lists in each of %i rows, also in those of an insert',
    async (count) => {
      const sql = `SELECT array['sad']::mood[] AS v FROM generate_series(1, ${count})`;
      expect(await query(sql, { max_rows: 1000 })).toEqual({
        rows: Array.from({ length: count }, () => ({ v: ['sad'] })),
        row_count: count,
        truncated: false,
      });
      await observer.query('CREATE TABLE IF NOT EXISTS felt (v mood[])');
      const data = Array.from({ length: count }, () => ({ v: ['so so'] }));
      const inserted = await database.run('database.insert', { table: 'felt', data, returning: ['v'] });
      expect(inserted).toEqual({ rows: data, row_count: count });
    },
  );

  it('two columns of one name are refused', async () => {
    expect(await failure('SELECT 1 AS a, 2 AS b, 3 AS a')).toEqual([
      ...['database_error', false],
      'database: duplicate column "a" in the result; rename it with AS',
      '42701',
    ]);
  });
});

describe('parameters', () => {
  beforeAll(async () => {
    await observer.query(
      'CREATE TABLE kept (i int8, n numeric, f float8, t text, l int[], w text[], g int[][], j jsonb)',
    );
  });

  it.each<[sql: string, params: unknown[], value: unknown]>([
    ['2 = any($1)', [[1, 2]], true],
    ["'b' = any($1::text[])", [['a', 'b,"{}']], false],
    ['$1::int[]', [[]], []],
    [
      '$1::int[]',
      [
        [
          [1, 2],
          [3, null],
        ],
      ],
      [
        [1, 2],
        [3, null],
      ],
    ],
    ['$1::jsonb[]', [[{ a: 1 }, { b: [2] }]], [{ a: 1 }, { b: [2] }]],
    ['$1::jsonb[]', [['1', [], null, [2]]], ['1', [], null, [2]]],
    ['$1::jsonb', [[]], []],
    ['$1::jsonb', [[1, [2], { a: 3 }]], [1, [2], { a: 3 }]],
    ['$1::json', [{ a: 'é' }], { a: 'é' }],
    ['$1::text', ['\\x\'"; --'], '\\x\'"; --'],
    ['$1::float8', [0.1], 0.1],
    ['$1::numeric', [1e-7], '0.0000001'],
    ['$1::bool', [true], true],
    ['$1::int IS NULL', [null], true],
  ])('%s with %j is %j', async (sql, params, value) => {
    expect(await query(`SELECT ${sql} AS v`, { params })).toMatchObject({ rows: [{ v: value }] });
  });

  it('an insert keeps each value as it is', async () => {
    const row = {
      i: '9007199254740993',
      n: '1.10',
      f: 0.1,
      t: 'é\n"',
      l: [1, 2],
      w: ['a,b', '{}'],
      g: [[1], [2]],
      j: [1, 'x'],
    };
    const returning = Object.keys(row);
    const input = { table: 'kept', data: [row, { ...row, l: [], j: { a: [1] } }], returning };
    expect(await database.run('database.insert', input)).toEqual({
      row_count: 2,
      rows: [row, { ...row, l: [], j: { a: [1] } }],
    });
  });

  it('U+0000 is refused before anything is sent', async () => {
    expect((await failure('SELECT $1::text', { params: ['a\0b'] })).slice(0, 2)).toEqual(['input_invalid', false]);
    expect((await failure('SELECT $1::text[]', { params: [['a', 'a\0b']] })).slice(0, 2)).toEqual([
      'input_invalid',
      false,
    ]);
  });

  it('several statements at once are refused, with lists and without', async () => {
    expect((await failure('SELECT 1; SELECT 2'))[3]).toBe('42601');
    expect((await failure('SELECT $1::int[]; DROP TABLE kept', { params: [[1]] }))[3]).toBe('42601');
    expect(await query('SELECT count(*)::int AS n FROM kept')).toMatchObject({ row_count: 1 });
  });
});

it.each([
  ['INSERT INTO affected SELECT generate_series(1, 5)', 5],
  ['UPDATE affected SET i = i + 1', 5],
  ['UPDATE affected SET i = i WHERE i = 2 RETURNING i', 1],
  ['UPDATE affected SET i = i WHERE i = 99 RETURNING i', 0],
  ['DELETE FROM affected WHERE i > 4', 2],
  ['SELECT i FROM affected', 3],
  ['SELECT i FROM affected WHERE i = 99', 0],
  ['CREATE INDEX ON affected (i)', 0],
])('%s has a row_count of %i', async (sql, count) => {
  await observer.query('CREATE TABLE IF NOT EXISTS affected (i int)');
  expect(await query(sql)).toMatchObject({ row_count: count, truncated: false });
});

/** A proxy before the server, as PgBouncer and RDS Proxy are: it keeps what a client asks for at the start, or refuses it. */
async function proxyTo(url: string, answer: 'keeps' | 'refuses'): Promise<{ url: string; close(): void }> {
  const target = new URL(url);
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    sockets.push(client.on('error', () => undefined));
    client.once('data', (start) => {
      const fields = start.toString('latin1', 8).split('\0');
      const pairs: string[] = [];
      for (let index = 0; fields[index]; index += 2) {
        if (fields[index] !== 'options') pairs.push(fields[index]!, fields[index + 1]!);
        else if (answer === 'refuses') {
          const said = Buffer.from('SFATAL\0C0A000\0MFeature not supported: command-line options\0\0');
          const head = Buffer.from('E\0\0\0\0');
          head.writeInt32BE(said.length + 4, 1);
          return client.end(Buffer.concat([head, said]));
        }
      }
      const body = Buffer.from(`${pairs.join('\0')}\0\0`, 'latin1');
      const head = Buffer.alloc(8);
      head.writeInt32BE(body.length + 8);
      start.copy(head, 4, 4, 8);
      const upstream = connect(Number(target.port), target.hostname);
      sockets.push(upstream.on('error', () => undefined));
      upstream.write(Buffer.concat([head, body]));
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const own = new URL(url);
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: own.href,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it.each(['keeps', 'refuses'] as const)(
  'values are the same behind a proxy that %s the settings of the start',
  async (answer) => {
    await observer.query(
      `ALTER ROLE CURRENT_USER SET TimeZone = 'Asia/Tokyo'; ALTER ROLE CURRENT_USER SET DateStyle = 'SQL, DMY'`,
    );
    await observer.query(`ALTER ROLE CURRENT_USER SET bytea_output = 'escape'`);
    const proxy = await proxyTo(postgres.url, answer);
    const behind = createActivity(egress, { settings: {}, secrets: { url: proxy.url } });
    const sql = `SELECT timestamptz '2026-03-01 00:00+00' AS t, date '2026-03-01' AS d, '\\x00ff'::bytea AS b, interval '1 day' AS i`;
    const values = { t: '2026-03-01T00:00:00Z', d: '2026-03-01', b: 'AP8=', i: 'P1D' };
    for (const one of [behind, database])
      expect(await one.run('database.query', { sql })).toMatchObject({ rows: [values] });
    await observer.query('ALTER ROLE CURRENT_USER RESET ALL');
    proxy.close();
  },
);

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
    const { rows } = await observer.query('SELECT 1 FROM full_of WHERE length(t) > 1000000');
    expect(rows).toEqual([]);
  });
});

it('an insert whose connection breaks before its rows can be read has inserted nothing', async () => {
  await observer.query('CREATE TABLE moods (m mood[])');
  const { hostname, port } = new URL(postgres.url);
  const lossy = createServer((socket) => {
    const server = connect(Number(port), hostname);
    for (const end of [socket, server])
      end.on('error', () => undefined).on('close', () => [socket, server].map((each) => each.destroy()));
    server.pipe(socket);
    socket.on('data', (chunk) => (chunk.includes('typelem') ? socket.destroy() : server.write(chunk)));
  });
  await new Promise<void>((done) => lossy.listen(0, '127.0.0.1', done));
  const url = new URL(postgres.url);
  url.port = String((lossy.address() as AddressInfo).port);
  const losing = createActivity(egress, { settings: {}, secrets: { url: url.href } });
  const input = { table: 'moods', data: { m: '{sad}' }, returning: ['m'] };
  expect((await losing.failure('database.insert', input)).slice(0, 2)).toEqual(['database_error', true]);
  expect((await observer.query('SELECT * FROM moods')).rows).toEqual([]);
  expect(await database.run('database.insert', input)).toEqual({ row_count: 1, rows: [{ m: ['sad'] }] });
  lossy.close();
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
  /** Starts a server that pretends to be PostgreSQL: it answers the start with `hello`, and every later message with `later`. */
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
