import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { getTableColumns, is } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { PgTable } from 'drizzle-orm/pg-core';
import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createErrorHandler } from '../../api/http/errors.ts';
import { SERIALIZERS } from '../../composition/logger.ts';
import { DatabaseError } from '../../model/database-error.ts';
import * as access from '../../store/access/tables.ts';
import type { Database } from '../../store/database.ts';
import * as definitions from '../../store/definitions/tables.ts';
import * as events from '../../store/events/tables.ts';
import * as executions from '../../store/executions/tables.ts';
import * as inquiries from '../../store/inquiries/tables.ts';
import * as rules from '../../store/rules/tables.ts';
import { makeEntry } from '../service/index/run-entry.ts';

// Each function of each store is called with a canary in everything that it is given, over a database that refuses each statement in
// as many words as Postgres has.

const CANARY = 'canary-4711';

/** Builds the error with which a real server refuses a statement. */
function refusal(): Error {
  const fields = ['detail', 'where', 'hint', 'internalQuery', 'parameters', 'query', 'params', 'config', 'request'];
  return Object.assign(new Error(`duplicate key value violates unique constraint: ${CANARY}`), {
    ...Object.fromEntries(fields.map((field) => [field, `${field} ${CANARY}`])),
    severity: 'ERROR',
    code: '23505',
    headers: { authorization: CANARY },
  });
}

/** A database that refuses every statement but those around transactions. */
function failing(): { db: Database; statements: () => number } {
  let statements = 0;
  const client = {
    async query(config: string | { text: string }) {
      const text = typeof config === 'string' ? config : config.text;
      if (/^(begin|commit|rollback|savepoint|release|select pg_advisory)/i.test(text.trim())) return { rows: [] };
      statements += 1;
      throw refusal();
    },
  };
  return { db: drizzle(client as never) as Database, statements: () => statements };
}

/** A row with the columns of every table. */
const row: Record<string, unknown> = Object.assign(
  {},
  ...[access, definitions, events, executions, inquiries, rules]
    .flatMap((tables) => Object.values(tables))
    .filter((table) => is(table, PgTable))
    .map((table) =>
      Object.fromEntries(
        Object.entries(getTableColumns(table as PgTable)).map(([name, { dataType }]) => [name, cellOf(dataType)]),
      ),
    ),
);

function cellOf(type: string): unknown {
  if (type === 'number') return 4711;
  if (type === 'bigint') return 4711n;
  if (type === 'boolean') return true;
  if (type === 'date') return new Date(0);
  return type === 'json' ? { canary: CANARY } : CANARY;
}

const wide = { ...row, page: 1, perPage: 10, limit: 10, offset: 0, ids: [CANARY], refs: [CANARY], filter: {} };
const GIVEN: unknown[] = [CANARY, wide, [wide], [CANARY], async () => wide, 4711, [4711], new Date(0)];

/** All ways to give some arguments. */
function combinations(length: number): unknown[][] {
  if (length === 0) return [[]];
  return combinations(length - 1).flatMap((rest) => GIVEN.map((value) => [...rest, value]));
}

/** Arguments of the functions that need others. */
const SPECIAL: Record<string, unknown[]> = {
  'bulk-jobs.create': [{ ...wide, targets: [] }],
  'chat-places.note': [CANARY, CANARY, [CANARY], CANARY, new Date(0)],
  'enforcements.lease': [CANARY, 1, new Date(0), new Date(0)],
  'executions.claim': [
    CANARY,
    { entry: makeEntry(4711, { workflowId: CANARY }), idempotency: { key: CANARY, bodyHash: CANARY } },
  ],
  'executions.unclaim': [CANARY, { entry: wide, idempotency: { key: CANARY, bodyHash: CANARY } }],
  'executions.prove': [CANARY, 4711, CANARY, [CANARY]],
  'executions.listBehind': [CANARY, {}, { cursor: null, limit: 1 }],
  'planned-rules.count': [CANARY, [{ rule: 1, matched: 1 }]],
  'principals.createKey': [CANARY, CANARY, {}, wide, { now: new Date(0), force: false }],
  'principals.rememberBearer': [CANARY, CANARY, null, { now: new Date(0), stale: new Date(0) }],
  'rules.create': [CANARY, { pack: 1, ref: CANARY, fields: wide, content: { content: wide, hash: CANARY }, by: {} }],
  'sessions.find': [CANARY, { now: new Date(0), idleSince: new Date(0) }],
  'sessions.forget': [{ now: new Date(0), idleSince: new Date(0) }, 1],
  'seals.all': ['secrets'],
  'seals.replace': ['secrets', CANARY, CANARY],
  'webhooks.change': [CANARY, CANARY, { subjects: [CANARY], replaced: CANARY }, wide],
  'webhooks.rotate': [CANARY, CANARY, [CANARY], { ...wide, oldUntil: null }],
  'turns.rivals': [{ ...wide, turn: { key: CANARY } }, 1],
};

type Store = Record<string, (...args: unknown[]) => unknown>;

/** How to make each store, by the name of its file. */
const stores = await Promise.all(
  readdirSync('store', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => {
      const name = basename(file, '.ts');
      const made = Object.entries((await import(`../../store/${file}`)) as Record<string, unknown>);
      const create = made.find(([exported]) => /^create\w+Store$/.test(exported))?.[1] as
        | ((db: Database) => Store)
        | undefined;
      return { name, create };
    }),
);

const functions = stores.flatMap(({ name, create }) =>
  create === undefined ? [] : Object.keys(create(failing().db)).map((key) => ({ name: `${name}.${key}`, create, key })),
);

/** Everything that is told of an error: what the log of a process has, and what the API answers. */
async function told(error: unknown): Promise<{ log: string; answer: string }> {
  const lines: string[] = [];
  const log = pino({ serializers: SERIALIZERS }, { write: (line: string) => void lines.push(line) });
  log.error({ err: new Error('around it', { cause: error }) }, 'trouble');
  const app = new Hono();
  app.onError(createErrorHandler(log) as never);
  app.get('/', () => {
    throw error;
  });
  const answer = await (await app.request('/')).text();
  return { log: lines.join(''), answer };
}

/** Calls a function until one of its statements has failed; null where none of the arguments leads to one. */
async function failure(name: string, create: (db: Database) => Store, key: string): Promise<unknown> {
  const all = SPECIAL[name] === undefined ? [0, 1, 2, 3].flatMap(combinations) : [SPECIAL[name]];
  for (const args of all) {
    const { db, statements } = failing();
    try {
      await create(db)[key]!(...args);
    } catch (error) {
      if (statements() > 0) return error;
    }
  }
  return null;
}

it('a statement that the database refuses is told by its name and its SQLSTATE alone', async () => {
  expect(functions.length).toBeGreaterThan(120);
  const unreached: string[] = [];
  for (const { name, create, key } of functions) {
    const error = await failure(name, create, key);
    if (error === null) {
      unreached.push(name);
      continue;
    }
    // Some functions do their work by another one of their store.
    const [store] = name.split('.');
    expect(error, name).toBeInstanceOf(DatabaseError);
    expect((error as Error).message).toMatch(new RegExp(`^${store}\\.\\w+ failed \\(23505\\)$`));
    const { log, answer } = await told(error);
    expect(`${log} ${answer}`, name).not.toMatch(/canary|insert into|select "|update "|delete from|params/i);
    expect(log, name).toContain((error as Error).message);
    const { statement } = error as DatabaseError;
    expect(JSON.parse(answer).error, name).toBe(`the database refused a statement (${statement}, 23505)`);
  }
  expect(unreached).toEqual([]);
});

it('the error of a driver that no store has named is logged without what it was given', async () => {
  const { log, answer } = await told(refusal());
  expect(`${log} ${answer}`).not.toContain(CANARY);
  expect(log).toContain('"code":"23505"');
  const url = await told(new Error(`connect to postgres://ann:${CANARY}@db.example:5432/x failed`));
  expect(`${url.log} ${url.answer}`).not.toContain(CANARY);
  expect(url.log).toContain('postgres://***@db.example:5432/x failed');
});
