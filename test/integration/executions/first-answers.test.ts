import { Connection } from '@temporalio/client';
import { expect, it } from 'vitest';
import { demandTemporal } from '../../../composition/temporal.ts';
import { connectWorker } from '../../../composition/worker/sdk.ts';

it('says which setting names a Temporal server that does not respond, to an API and to a worker', async () => {
  // Nothing listens there, and no other test gets this port.
  const address = '127.0.0.1:9';
  const connection = Connection.lazy({ address });
  const words = 'Temporal does not respond (TEMPORAL_ADDRESS)';
  await Promise.all([
    expect(demandTemporal(connection)).rejects.toThrow(new Error(words)),
    expect(connectWorker(address)).rejects.toThrow(new Error(words)),
  ]);
  await connection.close();
});
