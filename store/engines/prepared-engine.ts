import { type PGlite, parse, protocol, type QueryOptions, type Results, type Transaction } from '@electric-sql/pglite';

/**
 * The most statements that stay prepared, the characters of the longest one, and the milliseconds after which one is prepared anew: its plan
 * suits the sizes that the tables had when it was made.
 */
const KEPT = 200;
const LONGEST = 10_000;
const VALID = 10_000;

type Messages = Awaited<ReturnType<PGlite['execProtocolStream']>>;

/** A statement that the engine has prepared under a name: when that was, the types of its parameters, and the columns of its rows. */
interface Prepared {
  name: string;
  at: number;
  parameters: number[];
  columns: Messages;
}

/** The part of an engine that Drizzle uses. */
type PreparedEngine = Pick<PGlite, 'query' | 'transaction'>;

const { serialize } = protocol;

/**
 * Has an engine keep the statements that are run through it prepared: it parses and plans one that is run often a few times, and not each time,
 * which in WebAssembly takes longer than most statements themselves. The parsers of the first query are those of all. `clock` returns the time
 * in milliseconds.
 */
export function prepareStatements(engine: PGlite, clock: () => number = Date.now): PreparedEngine {
  /** By text, those that were prepared longest ago first. */
  const kept = new Map<string, Prepared>();
  let minted = 0;
  let parsers: PGlite['parsers'] | null = null;

  const send = (...messages: Uint8Array[]) => engine.execProtocolStream(Buffer.concat(messages), { syncToFs: false });

  /** Names a statement: as it was before, or as the oldest one where there are too many. Empty: it is not kept. */
  function takeName(text: string): string {
    if (text.length > LONGEST) return '';
    const replaced = kept.has(text) ? text : kept.size < KEPT ? undefined : kept.keys().next().value;
    if (replaced === undefined) {
      minted += 1;
      return `s${minted}`;
    }
    const { name } = kept.get(replaced)!;
    kept.delete(replaced);
    return name;
  }

  async function prepare(text: string): Promise<Prepared> {
    const name = takeName(text);
    const described = await send(
      serialize.close({ type: 'S', name }),
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    );
    const prepared = {
      name,
      at: clock(),
      parameters: parse.parseDescribeStatementResults(described),
      columns: described.filter((message) => message.name === 'rowDescription'),
    };
    if (name !== '') kept.set(text, prepared);
    return prepared;
  }

  /** Runs a statement, as the engine does. */
  async function run<T>(text: string, params: unknown[] = [], options: QueryOptions = {}): Promise<Results<T>> {
    const { rowMode = 'object' } = options;
    return engine._runExclusiveQuery(async () => {
      const known = kept.get(text);
      const isValid = known !== undefined && Math.abs(clock() - known.at) < VALID;
      const { name, parameters, columns } = isValid ? known : await prepare(text);
      const values = params.map((param, at) => write(param, parameters[at]!));
      const answered = await send(serialize.bind({ statement: name, values }), serialize.execute(), serialize.sync());
      parsers ??= { ...engine.parsers, ...options.parsers };
      return parse.parseResults([...columns, ...answered], parsers, { rowMode })[0] as Results<T>; // of one statement
    });
  }

  function write(param: unknown, type: number): string | null {
    if (param === null || param === undefined) return null;
    return engine.serializers[type]?.(param) ?? String(param);
  }

  function within(transaction: Transaction): Transaction {
    const query = transaction.query.bind(transaction);
    // Refuses a statement of a transaction that has ended.
    const runWithin: typeof query = (...args) => (transaction.closed ? query(...args) : run(...args));
    return Object.assign(transaction, { query: runWithin });
  }

  return {
    async query(...args) {
      await engine._checkReady();
      return engine._runExclusiveTransaction(() => run(...args));
    },
    transaction: (work) => engine.transaction((transaction) => work(within(transaction))),
  };
}
