import { type Logger, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Client } from 'pg';
import { openPostgres } from '../../../store/database.ts';
import { startPostgres } from '../../../test/store/postgres-server.ts';
import { SETTINGS } from '../../lists/million.ts';
import { queryRows } from '../../lists/rows.ts';
import { type Crowd, measureCrowds } from './crowd.ts';
import { listQuestions } from './questions.ts';
import { fillEvents } from './rows.ts';

/** The times that one question is asked, and the milliseconds after which it is not asked again. */
const TIMES = 50;
const LONGEST = 5_000;

/** A question to the tables of events: the milliseconds of each answer, and the rows that the last one has read. */
export interface Asked {
  what: string;
  times: number[];
  rows: number;
}

/** Measurements of many events. */
export interface LargeEvents {
  events: number;
  /** Bytes of the tables on disk. */
  bytes: number;
  asked: Asked[];
  crowds: Crowd[];
}

/** How much is measured: events in the database, and rules of a crowd with the events that these are applied to. */
export interface LargeEventAmounts {
  events: number;
  rules: number;
  planned: number;
}

/** A part of a plan, as Postgres shows it. */
interface PlanNode {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

/**
 * Asks everything that lists, intake, planning, starts and retention ask of a database with many events, one question at a time, in a process
 * that does nothing else; and plans events to which thousands of rules are applied. `filled` is the URL of a database that was filled like that before; null: there is none.
 */
export async function measureLargeEvents(
  { events, rules, planned }: LargeEventAmounts,
  filled: string | null,
): Promise<LargeEvents> {
  return { events, ...(await measureQuestions(events, filled)), crowds: await measureCrowds(rules, planned) };
}

/** Fills Postgres with events and their enforcements, unless there is a database, and asks all questions. */
export async function measureQuestions(
  events: number,
  filled: string | null,
): Promise<Pick<LargeEvents, 'bytes' | 'asked'>> {
  const postgres = filled === null ? await startPostgres(SETTINGS) : null;
  const url = filled ?? postgres!.url;
  await (await openPostgres(url)).close();
  const client = new Client({ connectionString: url });
  await client.connect();
  const statements = new Statements();
  const db = drizzle(client, { logger: statements });
  if (filled === null) await fillEvents(db, events);

  const asked: Asked[] = [];
  for (const [what, ask] of listQuestions(db, events)) {
    const times: number[] = [];
    const begun = performance.now();
    let last: Statements['taken'] = [];
    while (times.length < TIMES && performance.now() - begun < LONGEST) {
      statements.taken = [];
      const start = performance.now();
      await ask(times.length);
      times.push(performance.now() - start);
      last = statements.taken;
    }
    asked.push({ what, times, rows: await countRows(client, last) });
  }
  const [found] = await queryRows(
    db,
    sql`select (pg_total_relation_size('events') + pg_total_relation_size('enforcements'))::text as bytes`,
  );
  await client.end();
  await postgres?.stop();
  return { bytes: Number(found!.bytes), asked };
}

/** Keeps the statements that are made. */
class Statements implements Logger {
  taken: { query: string; params: unknown[] }[] = [];

  logQuery(query: string, params: unknown[]): void {
    this.taken.push({ query, params });
  }
}

/** Makes statements again, without an effect, and counts the rows that they read in tables, with those that they drop. */
async function countRows(client: Client, statements: Statements['taken']): Promise<number> {
  let rows = 0;
  for (const { query, params } of statements.filter(({ query }) =>
    /^\s*(select|with|insert|update|delete)/i.test(query),
  )) {
    await client.query('begin');
    const { rows: plans } = await client.query(`explain (analyze, format json) ${query}`, params);
    await client.query('rollback');
    rows += rowsOf(plans[0]['QUERY PLAN'][0].Plan);
  }
  return rows;
}

function rowsOf(node: PlanNode): number {
  const dropped = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  const own = node['Relation Name'] === undefined ? 0 : (node['Actual Rows'] + dropped) * node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, below) => sum + rowsOf(below), own);
}
