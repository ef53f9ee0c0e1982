import { Connection } from '@temporalio/client';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Client, Pool } from 'pg';
import { pino } from 'pino';
import { startApi } from '../../../composition/api/api.ts';
import { ensureDefaults } from '../../../composition/bootstrap.ts';
import { DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';

// An API as a separate process, which kills itself (SIGKILL) where the test says: as soon as a statement is done, or its transaction
// committed; `before`, before it is sent.

/** The statements after, or before, which the process dies. */
const POINTS = {
  ending: { statement: /\binsert into "events"/, before: true },
  received: { statement: /\binsert into "events"/, before: false },
  planned: { statement: /^\s*insert into "enforcements"/, before: false },
  leased: { statement: /^update "enforcements" set "leased"/, before: false },
  claimed: { statement: /^insert into "idempotency_keys"/, before: false },
  started: { statement: /^update "enforcements" set "status"/, before: true },
};

export type Point = keyof typeof POINTS;

let point: Point | null = null;
process.on('message', (message) => {
  point = message as Point;
  process.send?.({ point });
});

const die = () => process.kill(process.pid, 'SIGKILL');

type Query = (this: Client, ...args: unknown[]) => unknown;
const query = Client.prototype.query as Query;
/** Connections in a transaction with the statement. */
const marked = new WeakSet<Client>();
const inTransaction = new WeakSet<Client>();

(Client.prototype as unknown as { query: Query }).query = function (...args) {
  const [config] = args;
  const text = typeof config === 'string' ? config : ((config as { text?: string }).text ?? '');
  if (/^begin/i.test(text)) inTransaction.add(this);
  const isIt = point !== null && POINTS[point].statement.test(text);
  if (isIt && POINTS[point!].before) die();
  const done = ({ rowCount }: { rowCount: number | null }) => {
    const isEnd = /^(commit|rollback)/i.test(text);
    if (isIt && (rowCount ?? 0) > 0) {
      if (inTransaction.has(this)) marked.add(this);
      else die();
    }
    if (isEnd && marked.has(this)) die();
    if (isEnd) inTransaction.delete(this);
  };
  const callback = args.at(-1);
  // A pool has a callback for statements outside of transactions.
  if (typeof callback === 'function') {
    const told = (error: Error | null, answer: { rowCount: number | null }) => {
      if (!error) done(answer);
      callback(error, answer);
    };
    return query.apply(this, [...args.slice(0, -1), told]);
  }
  const result = query.apply(this, args);
  if (!(result instanceof Promise)) return result;
  return result.then((answer: { rowCount: number | null }) => {
    done(answer);
    return answer;
  });
};

const [address = '', namespace = '', url = ''] = process.argv.slice(2);
const pool = new Pool({ connectionString: url, max: 10 });
pool.on('error', () => {});
const db = drizzle(pool);
await ensureDefaults(db, { dev: DEV_KEY, approver: undefined });
const api = await startApi({
  connection: await Connection.connect({ address }),
  namespace,
  database: { db, probe: async () => {}, close: () => pool.end() },
  host: '127.0.0.1',
  port: 0,
  log: pino({ level: 'silent' }),
  secretKeys: [SECRET_KEY],
});
process.send?.({ url: api.url });
