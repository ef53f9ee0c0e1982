import { createConnectionResolver } from '../service/connections.ts';
import { createSealer } from '../service/secrets.ts';
import { createConnectionStore } from '../store/connections.ts';
import type { Database } from '../store/database.ts';

/** What seals the secrets of connections. */
export const CONNECTION_PURPOSE = 'connection';

/** Where a worker finds connections with their secrets. */
export function connectionsOf(db: Database, secretKeys: readonly string[]) {
  return createConnectionResolver(createConnectionStore(db), createSealer(secretKeys, CONNECTION_PURPOSE));
}
