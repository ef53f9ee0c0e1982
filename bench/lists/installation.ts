import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { findTemporal } from '../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { createEgress } from '../../egress/egress.ts';
import type { OpenDatabase } from '../../store/database.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { createWorker } from '../../worker/worker.ts';
import { BENCH_KEY, startQuietApi } from '../quiet-api.ts';

/** An API with a worker and a Temporal server over a given database. */
export interface Installation {
  url: string;
  tenant: string;
  /** Calls the API. Throws an Error for an answer that is not a success. */
  call(path: string, body?: object): Promise<Answer>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are printed, or an id taken from them
type Answer = any;

/** Starts an installation over a database, which it closes in the end. */
export async function startInstallation(database: OpenDatabase): Promise<Installation> {
  const server = await startTemporalServer({
    binary: await findTemporal(process.env, console.log),
    namespaces: ['default'],
    port: 0,
    uiPort: 0,
  });
  const connection = await Connection.connect({ address: server.address });
  const native = await NativeConnection.connect({ address: server.address });
  const { api, tenant } = await startQuietApi(connection, database);
  const worker = await createWorker({
    connection: native,
    namespace: 'default',
    bundle: await bundleWorkflows(),
    actions: {
      egress: createEgress({ allowed: ['loopback'] }),
      connect: async () => null,
      secretOf: async () => null,
      isAuthentic: async () => true,
    },
  });
  const working = worker.run();

  return {
    url: api.url,
    tenant,
    async call(path, body) {
      const response = await fetch(api.url + path, {
        headers: { 'x-api-key': BENCH_KEY, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as Answer;
      if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
      return answer;
    },
    async stop() {
      worker.shutdown();
      await working;
      await api.close();
      await native.close();
      await connection.close();
      await database.close();
      await server.stop();
    },
  };
}
