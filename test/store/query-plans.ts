import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { drizzle } from 'drizzle-orm/pglite';
import { afterAll, beforeAll } from 'vitest';
import type { Database } from '../../store/database.ts';
import { preparedFolder } from '../integration/support/prepared.ts';

/** A part of a plan, as Postgres shows it. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

type Explained = Record<'QUERY PLAN', [{ Plan: PlanNode }]>;

/** An embedded database that remembers its statements, so that their plans can be asked for. */
export interface ExplainedDatabase {
  db(): Database;
  /** Runs a statement again, the last one being -1, and returns the parts of its plan with what they read: `Index Scan executions_n`. */
  steps(statement?: number): Promise<string[]>;
  /** Returns the same of the plan that a prepared statement has for all values. */
  genericSteps(statement?: number): Promise<string[]>;
  /** Runs a statement again, the last one being -1, and returns how many rows it reads in tables, with those that it drops. */
  rowsRead(statement?: number): Promise<number>;
}

/** Opens such a database before the tests of a file, and closes it after them. */
export function useExplainedDatabase(): ExplainedDatabase {
  let server: PGlite;
  let db: Database;
  const statements: { query: string; params: unknown[] }[] = [];
  beforeAll(async () => {
    const logger = {
      logQuery(query: string, params: unknown[]) {
        statements.push({ query, params });
      },
    };
    server = await PGlite.create(join(await preparedFolder(), 'pglite'), { extensions: { pg_trgm } });
    db = drizzle(server, { logger });
  });
  afterAll(() => server.close());

  const nodesOf = ({ Plan: plan }: { Plan: PlanNode }): PlanNode[] => {
    const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)];
    return flat(plan);
  };
  const stepOf = (node: PlanNode) =>
    [node['Node Type'], node['Index Name'] ?? node['Relation Name']].filter(Boolean).join(' ');

  async function explain(statement = -1): Promise<PlanNode[]> {
    const { query, params } = statements.at(statement)!;
    const { rows } = await server.query<Explained>(`explain (analyze, format json) ${query}`, params);
    return nodesOf(rows[0]!['QUERY PLAN'][0]);
  }

  async function explainGeneric(statement = -1): Promise<PlanNode[]> {
    const { query, params } = statements.at(statement)!;
    const given = params.map((value) => `'${String(value)}'`).join(', ');
    const results = await server.exec(`
      set plan_cache_mode = force_generic_plan; prepare explained as ${query};
      explain (format json) execute explained(${given}); deallocate explained; reset plan_cache_mode`);
    const [row] = results.flatMap(({ rows }) => rows) as Explained[];
    return nodesOf(row!['QUERY PLAN'][0]);
  }

  return {
    db: () => db,
    steps: async (statement) => (await explain(statement)).map(stepOf),
    genericSteps: async (statement) => (await explainGeneric(statement)).map(stepOf),
    rowsRead: async (statement) => {
      const reading = (await explain(statement)).filter((node) => 'Relation Name' in node);
      const read = reading.map(
        (node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
      );
      return read.reduce((sum, rows) => sum + rows, 0);
    },
  };
}
