import { type Egress, egressErrorIn, portOf } from '../../../egress/egress.ts';
import type { ConnectedPack } from '../../../model/connection.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { FindConnection } from '../../../service/access/connections.ts';

/** Where a connection is stored. */
export interface ConnectionPlace {
  tenant: string;
  pack: ConnectedPack;
  name: string;
}

/** A connection whose host may not be reached. */
export interface ClosedConnection {
  tenant: string;
  connection: string;
  host: string;
}

/** Finds the connections whose hosts may not be reached, in the given order. Leaves out those that cannot be read or looked up. */
export async function closedConnections(
  places: readonly ConnectionPlace[],
  connect: FindConnection,
  { addressOf }: Pick<Egress, 'addressOf'>,
): Promise<ClosedConnection[]> {
  const closed: ClosedConnection[] = [];
  for (const { tenant, pack, name } of places) {
    const found = await connect(tenant, pack, name).catch(() => null);
    for (const url of found === null ? [] : urlsOf(found as { settings: JsonObject; secrets: JsonObject })) {
      const failure = await addressOf(url.hostname, portOf(url)).catch((error: unknown) => error);
      if (egressErrorIn(failure) !== undefined) closed.push({ tenant, connection: `${pack}/${name}`, host: url.host });
    }
  }
  return closed;
}

/** Returns the URLs in the settings and secrets of a connection. */
function urlsOf({ settings, secrets }: { settings: JsonObject; secrets: JsonObject }): URL[] {
  return [...Object.values(settings), secrets.url].flatMap((text) =>
    typeof text === 'string' && /^[a-z]+:\/\//.test(text) && URL.canParse(text) ? [new URL(text)] : [],
  );
}
