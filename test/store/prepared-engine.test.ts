import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { prepareStatements } from '../../store/engines/prepared-engine.ts';

/** Milliseconds for which a statement stays prepared, and the most that do. */
const VALID = 10_000;
const KEPT = 200;

let engine: PGlite;
let prepared: ReturnType<typeof prepareStatements>;
let now = 0;
beforeAll(async () => {
  engine = await PGlite.create();
  prepared = prepareStatements(engine, () => now);
});
beforeEach(() => engine.exec('drop table if exists t; create table t (id integer primary key, text text)'));
afterAll(() => engine.close());

/** Counts the statements that are prepared, with a text like this one. */
async function countPrepared(like: string): Promise<number> {
  const { rows } = await engine.query<{ count: number }>(
    'select count(*)::int as count from pg_prepared_statements where statement like $1',
    [like],
  );
  return rows[0]!.count;
}

it.each([
  ['integer', 7],
  ['bigint', 2 ** 40],
  ['boolean', false],
  ['text', 'Zoë 𝄞\n"\''],
  ['text', ''],
  ['json', { a: ['\u0000', null, 1.5] }],
  ['jsonb', [1, { b: 'c' }]],
  ['text[]', ['a,b', '"', 'NULL', '']],
  ['bigint[]', [1, 2]],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
  ['timestamptz', '2026-01-02 03:04:05.678+00'],
  ['bytea', new Uint8Array([0, 255])],
  ['integer', null],
  ['json', null],
])('a value of the type %s is written and read as the engine does it, each time: %o', async (type, value) => {
  const text = `select $1::${type} as value`;
  const own = await engine.query(text, [value]);
  for (let n = 0; n < 8; n += 1) expect(await prepared.query(text, [value])).toEqual(own);
  expect(await countPrepared(`${text}%`)).toBe(1);
});

it('rows, their numbers, and rows as lists are as the engine gives them', async () => {
  const insert = 'insert into t select n, $1 from generate_series(1, $2::integer) as n returning id, text';
  const changed = await prepared.query(insert, ['a', 3]);
  expect(changed).toMatchObject({ affectedRows: 3, rows: [{ id: 1, text: 'a' }, {}, {}] });
  for (const text of ['select id, text from t order by id', 'select 1 where false', 'update t set text = text']) {
    for (const rowMode of ['array', 'object'] as const) {
      expect(await prepared.query(text, [], { rowMode })).toEqual(await engine.query(text, [], { rowMode }));
    }
  }
});

it('a statement that is refused has the code of the refusal, and the next ones are run', async () => {
  const insert = 'insert into t values ($1, $2)';
  await prepared.query(insert, [1, 'a']);
  await expect(prepared.query(insert, [1, 'b'])).rejects.toMatchObject({ code: '23505', severity: 'ERROR' });
  for (let n = 0; n < 2; n += 1) {
    await expect(prepared.query('select nothing from t', [])).rejects.toMatchObject({ code: '42703' });
    await expect(prepared.query('select $1::integer', ['x'])).rejects.toMatchObject({ code: '22P02' });
  }
  await prepared.query(insert, [2, 'c']);
  expect((await prepared.query('select id from t order by id')).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

it('a transaction that fails leaves nothing, also of statements that are prepared in it', async () => {
  const insert = "insert into t values ($1, 'in a transaction')";
  const failing = prepared.transaction(async (transaction) => {
    await transaction.query(insert, [1]);
    await expect(transaction.query(insert, [1])).rejects.toMatchObject({ code: '23505' });
    await expect(transaction.query('select 2 as after', [])).rejects.toMatchObject({ code: '25P02' });
    throw new Error('over');
  });
  await expect(failing).rejects.toThrow('over');
  expect((await prepared.query('select id from t')).rows).toEqual([]);
  expect((await prepared.query('select 2 as after')).rows).toEqual([{ after: 2 }]);
  await prepared.transaction((transaction) => transaction.query(insert, [1]));
  expect((await prepared.query('select id from t')).rows).toEqual([{ id: 1 }]);
});

it('a transaction that has ended runs nothing, and others wait until it has', async () => {
  let escaped: Parameters<Parameters<typeof prepared.transaction>[0]>[0] | undefined;
  let others: Promise<unknown> = Promise.resolve();
  await prepared.transaction(async (transaction) => {
    escaped = transaction;
    await transaction.query("insert into t values (1, 'a')");
    others = prepared.query("update t set text = 'b'");
    for (let n = 0; n < 5; n += 1) await transaction.query("update t set text = text || 'c'");
  });
  await others;
  expect((await prepared.query('select text from t')).rows).toEqual([{ text: 'b' }]);
  await expect(escaped!.query('delete from t')).rejects.toThrow('closed');
  expect((await prepared.query('select text from t')).rows).toEqual([{ text: 'b' }]);
});

it('no more than so many statements stay prepared, none that is very long, and all are run', async () => {
  for (let n = 0; n < KEPT + 50; n += 1) {
    expect((await prepared.query(`select ${n} + $1::integer as sum`, [1])).rows).toEqual([{ sum: n + 1 }]);
  }
  expect((await prepared.query('select 0 + $1::integer as sum', [2])).rows).toEqual([{ sum: 2 }]);
  const long = `select '${'x'.repeat(10_000)}' as long`;
  expect((await prepared.query(long)).rows).toEqual([{ long: 'x'.repeat(10_000) }]);
  expect(await countPrepared('%')).toBe(KEPT);
  expect(await countPrepared("select 'xxx%")).toBe(0);
});

it('a statement is prepared anew after some time, and then sees what a table has become', async () => {
  const text = 'select * from t';
  await prepared.query('insert into t values (1, $1)', ['a']);
  await prepared.query(text);
  const preparedAt = async () => {
    const { rows } = await engine.query('select prepare_time from pg_prepared_statements where statement = $1', [text]);
    return rows;
  };
  const first = await preparedAt();
  now += VALID - 1;
  await prepared.query(text);
  expect(await preparedAt()).toEqual(first);
  await engine.exec('alter table t add column more integer default 5');
  now += 1;
  expect((await prepared.query(text)).rows).toEqual([{ id: 1, text: 'a', more: 5 }]);
  expect(await preparedAt()).toHaveLength(1);
});

it('an engine that is closed runs nothing', async () => {
  const other = await PGlite.create();
  const closed = prepareStatements(other);
  await other.close();
  await expect(closed.query('select 1')).rejects.toThrow('closed');
});
