import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Principal } from '../../model/principal.ts';
import { REST_PURPOSE } from '../../process/reach.ts';
import { createConnectionResolver, createConnectionService } from '../../service/connections.ts';
import { createSealer } from '../../service/sealer.ts';
import { createSecretResolver, createSecretService, renewSeals } from '../../service/secrets.ts';
import { createConnectionStore } from '../../store/connections.ts';
import { type OpenDatabase, openEmbedded } from '../../store/database.ts';
import { createSealStore } from '../../store/seals.ts';
import { createSecretStore } from '../../store/secrets.ts';
import { preparedDatabase } from './prepared.ts';

const OLD = 'the master key of last year, long enough';
const NEW = 'the master key of this year, long enough';
const TENANT = '00000000-0000-7000-8000-000000000001';
const PRINCIPAL = { tenant: TENANT, subject: 'dev', roles: ['admin'], permissions: [] as string[] } as Principal;

let folder: string;
let database: OpenDatabase;
beforeAll(async () => {
  folder = await preparedDatabase();
  database = await openEmbedded(folder);
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

it('the first master key seals again what an older one has sealed, so that the older one can go', async () => {
  const { db } = database;
  const stores = { connections: createConnectionStore(db), secrets: createSecretStore(db), seals: createSealStore(db) };
  const sealer = (...keys: string[]) => createSealer(keys, REST_PURPOSE);
  await createConnectionService(stores.connections, sealer(OLD)).put(PRINCIPAL, 'slack', 'default', {
    ...{ settings: {}, secrets: { bot_token: 'xoxb' } },
  });
  await createSecretService(stores.secrets, sealer(OLD)).put(PRINCIPAL, 'A', 'a value');
  const read = async (...keys: string[]) => [
    await createConnectionResolver(stores.connections, sealer(...keys))(TENANT, 'slack', 'default'),
    await createSecretResolver(stores.secrets, sealer(...keys))(TENANT, 'A'),
  ];
  const both = [{ settings: {}, secrets: { bot_token: 'xoxb' } }, 'a value'];
  expect(await read(NEW, OLD)).toEqual(both);
  await expect(read(NEW)).rejects.toMatchObject({ code: 'sealing_key_missing' });
  expect(await renewSeals(stores.seals, sealer(NEW, OLD))).toBe(2);
  expect(await read(NEW)).toEqual(both);
  expect(await renewSeals(stores.seals, sealer(NEW, OLD))).toBe(0);
  // A seal that is moved to another place does not open.
  const { sealed } = (await stores.secrets.find(TENANT, 'A'))!;
  await stores.secrets.put(TENANT, 'B', sealed);
  await expect(createSecretResolver(stores.secrets, sealer(NEW))(TENANT, 'B')).rejects.toThrow('sealed for another');
});
