import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { AppError } from '../model/app-error.ts';
import { Permits } from '../model/permits.ts';

/** The part of the connections that a tenant leaves to others, and milliseconds that it waits for one of its own. */
const RESERVE = 0.2;
const PATIENCE = 5_000;

/** How many connections there are, and for which tenant the current work is done; empty for nobody in particular. */
export interface FairPoolOptions extends PoolConfig {
  max: number;
  ownerOf: () => string;
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/**
 * A pool whose connections tenants share: one alone has at most 80 % of them, and those that wait get them in turn. Whoever
 * has waited for five seconds gets `busy`.
 */
export class FairPool extends Pool {
  readonly #permits: Permits;
  readonly #ownerOf: () => string;
  readonly #held = new WeakMap<PoolClient, () => void>();

  constructor({ ownerOf, ...config }: FairPoolOptions) {
    super(config);
    this.#permits = new Permits(config.max, { reserve: RESERVE });
    this.#ownerOf = ownerOf;
    this.on('release', (_error, client) => {
      this.#held.get(client)?.();
      this.#held.delete(client);
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(connected: Connected): void;
  override connect(connected?: Connected): Promise<PoolClient> | undefined {
    const connection = this.#connection();
    if (connected === undefined) return connection;
    connection.then(
      (client) => connected(undefined, client, (error) => client.release(error as Error | undefined)),
      (error: Error) => connected(error, undefined, () => undefined),
    );
    return undefined;
  }

  async #connection(): Promise<PoolClient> {
    const giveUp = new AbortController();
    const patience = setTimeout(() => giveUp.abort(new AppError('busy', BUSY)), PATIENCE);
    const release = await this.#permits.take(this.#ownerOf(), giveUp.signal).finally(() => clearTimeout(patience));
    try {
      const client = await super.connect();
      this.#held.set(client, release);
      return releasedWithConnection(client);
    } catch (error) {
      release();
      throw error;
    }
  }
}

const BUSY = 'all database connections available to this tenant are in use';

/**
 * Has a connection that ends while it is held be released at once: whoever holds it may never release it, as a transaction of drizzle does
 * whose BEGIN fails. Releasing it again is nothing.
 */
function releasedWithConnection(client: PoolClient): PoolClient {
  const release = client.release.bind(client);
  let isHeld = true;
  client.release = (error) => {
    if (!isHeld) return;
    isHeld = false;
    client.off('end', lose);
    release(error);
  };
  const lose = () => client.release(true);
  client.once('end', lose);
  return client;
}
