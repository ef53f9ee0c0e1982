import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { AppError } from '../../model/app-error.ts';
import { Permits } from '../../model/permits.ts';

/** The part of the connections that an owner of work leaves to others, and milliseconds that it waits for one. */
const RESERVE = 0.2;
const PATIENCE = 5_000;

/** The number of connections, and the owner of the current work: a tenant, or a part of its work; empty for none. */
export interface FairPoolOptions extends PoolConfig {
  max: number;
  ownerOf: () => string;
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/**
 * A pool whose connections the owners of work share: one alone gets at most 80 % of them, several may have all, and those that wait get them
 * in turn. After five seconds, a caller that waits gets `busy`.
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
 * Releases a connection that ends while it is held: its holder may never do so, such as a transaction of drizzle whose BEGIN fails. A
 * second release does nothing.
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
