import { type ConnectedPack, type ConnectionOf, DEFAULT_CONNECTION } from '../../model/connection.ts';
import type { MissingSetting } from '../../model/notice.ts';
import type { FindConnection } from '../../service/access/connections.ts';

/** The settings of the process for a channel, and the name of the environment variable that has them. */
interface OfProcess<T> {
  settings: T | undefined;
  name: string;
}

/**
 * Creates functions that return the settings of a channel for a tenant: `read` makes them from the connection `default` of the pack. If
 * the default tenant has no such connection, it uses the settings of the process.
 */
export function createChatConnections(connect: FindConnection, home: () => Promise<string>) {
  return <P extends ConnectedPack, T>(
    pack: P,
    read: (connection: ConnectionOf<P>) => T | MissingSetting,
    process: OfProcess<T> | null = null,
  ) =>
    async (tenant: string): Promise<T | MissingSetting> => {
      const found = await connect(tenant, pack, DEFAULT_CONNECTION);
      if (found !== null) return read(found as ConnectionOf<P>); // what is stored was checked
      const setting = `the connection ${pack}/${DEFAULT_CONNECTION}`;
      if (process === null || tenant !== (await home())) return { ok: false, setting };
      return process.settings ?? { ok: false, setting: `${setting}, or ${process.name},` };
    };
}
