import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { presence, REST_PURPOSE } from '../../../composition/reach.ts';
import type { Principal } from '../../../model/principal.ts';
import { createConnectionResolver, createConnectionService } from '../../../service/access/connections.ts';
import { createMasterKeyService } from '../../../service/access/master-keys.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { createSecretResolver, createSecretService } from '../../../service/access/secrets.ts';
import { createConnectionStore } from '../../../store/access/connections.ts';
import { createProcessStore } from '../../../store/access/processes.ts';
import { createSealStore } from '../../../store/access/seals.ts';
import { createSecretStore } from '../../../store/access/secrets.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { openPrepared } from '../support/prepared.ts';

const OLD = 'the master key of last year, long enough';
const NEW = 'the master key of this year, long enough';
const TENANT = '00000000-0000-7000-8000-000000000001';
const PRINCIPAL = {
  tenant: TENANT,
  tenantRef: 'default',
  subject: 'dev',
  roles: ['admin'],
  permissions: [],
} as unknown as Principal;
const FOREIGNER: Principal = { ...PRINCIPAL, tenantRef: 'other' };
const SETTINGS = { settings: {}, secrets: { bot_token: 'xoxb' } };

let database: OpenDatabase;
beforeAll(async () => {
  database = await openPrepared();
});
afterAll(() => database.close());
beforeEach(async () => {
  for (const name of ['A', 'B']) await createSecretStore(database.db).remove(TENANT, name);
  await createConnectionStore(database.db).remove(TENANT, 'slack', 'default');
  for (const { id } of await createProcessStore(database.db).list(1_000_000)) {
    await createProcessStore(database.db).end(id);
  }
});

const sealerOf = (...keys: string[]) => createSealer(keys, REST_PURPOSE);
const idOf = (key: string) => sealerOf(key).keyIds[0]!;

/** A process with some master keys, as the services in it see them. */
function processWith(...keys: string[]) {
  const { db } = database;
  const [connections, secrets, processes] = [createConnectionStore(db), createSecretStore(db), createProcessStore(db)];
  const sealer = sealerOf(...keys);
  return {
    connections: createConnectionService({ store: connections, sealer }),
    secrets: createSecretService({ store: secrets, sealer }),
    read: async () => [
      await createConnectionResolver({ store: connections, sealer })(TENANT, 'slack', 'default'),
      await createSecretResolver({ store: secrets, sealer })(TENANT, 'A'),
    ],
    masterKeys: createMasterKeyService({ seals: createSealStore(db), processes, sealer }),
    join: (...payloadKeyIds: string[]) => processes.note(presence('worker', sealer, { keyIds: payloadKeyIds }), 3_600),
    joinAsBefore: () => processes.note({ ...presence('worker', sealer, undefined), payloadKeyIds: null }, 3_600),
  };
}

/** Stores a secret and a connection in one process. */
async function store({ connections, secrets }: ReturnType<typeof processWith>): Promise<void> {
  await connections.put(PRINCIPAL, 'slack', 'default', SETTINGS);
  await secrets.put(PRINCIPAL, 'A', 'a value');
}

const STEPS = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];

/** Every way in which two processes go through the steps, none beginning one before the other has ended the one before it. */
const ORDERS = Array.from({ length: 2 ** 3 }, (_, order) => {
  const stations = [[0, 0]];
  for (const [index, step] of [1, 2, 3].entries()) {
    const first = (order >> index) & 1;
    stations.push(first === 0 ? [step, step - 1] : [step - 1, step], [step, step]);
  }
  return { name: stations.map((station) => station.join('')).join(' '), stations };
});

it.each(ORDERS)('in a rotation each process reads what the other stores: $name', async ({ stations }) => {
  await store(processWith(OLD));
  for (const [left, right] of stations) {
    const both = [processWith(...STEPS[left!]!), processWith(...STEPS[right!]!)];
    // Values stored before the last step can be read in it.
    if (left! + right! > 4) expect(await readings(both)).toEqual(Array(2).fill([SETTINGS, 'a value']));
    for (const writer of both) {
      await store(writer);
      expect(await readings(both)).toEqual(Array(2).fill([SETTINGS, 'a value']));
    }
    // The last step is made once nothing needs the old key any more.
    if (left === 2 && right === 2) await both[0]!.masterKeys.reseal(PRINCIPAL);
  }
});

const readings = (processes: ReturnType<typeof processWith>[]) => Promise.all(processes.map(({ read }) => read()));

it('a reseal seals with the first key what others have sealed, and says what still needs them', async () => {
  await store(processWith(OLD));
  const both = processWith(NEW, OLD);
  const counts = async () => {
    const { keys } = await both.masterKeys.check(PRINCIPAL);
    return Object.fromEntries(keys.map(({ id, seals, sealed }) => [id, [seals, sealed.connections, sealed.secrets]]));
  };
  await expect(processWith(NEW).read()).rejects.toMatchObject({ code: 'sealing_key_missing' });
  expect(await counts()).toEqual({ [idOf(NEW)]: [true, 0, 0], [idOf(OLD)]: [false, 1, 1] });
  expect(await both.masterKeys.reseal(PRINCIPAL)).toEqual({ renewed: 2, left: 0, unopened: 0 });
  expect(await counts()).toEqual({ [idOf(NEW)]: [true, 1, 1], [idOf(OLD)]: [false, 0, 0] });
  expect(await processWith(NEW).read()).toEqual([SETTINGS, 'a value']);
  expect(await both.masterKeys.reseal(PRINCIPAL)).toEqual({ renewed: 0, left: 0, unopened: 0 });
  // Values that no key here opens stay unchanged.
  expect(await processWith(OLD).masterKeys.reseal(PRINCIPAL)).toEqual({ renewed: 0, left: 0, unopened: 2 });
});

it.each([
  ['nothing', ''],
  ['no seal at all', 'x'],
  ['a seal without a header', '.a.b.c.d'],
  ['a header that is no JSON', 'eA.a.b.c.d'],
  ['a header that names no key', `${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}..a.b.c`],
])('what is damaged where it is stored fails what needs it and nothing else: %s', async (_, damaged) => {
  const holder = processWith(NEW, OLD);
  await store(processWith(OLD));
  const secrets = createSecretStore(database.db);
  await secrets.put(TENANT, 'B', damaged);
  await expect(createSecretResolver({ store: secrets, sealer: sealerOf(OLD) })(TENANT, 'B')).rejects.toMatchObject({
    code: 'token_invalid',
    message: 'the secret "B" is damaged: store it again',
  });
  const { keys, damaged: named } = await holder.masterKeys.check(PRINCIPAL);
  expect([keys.map(({ id }) => id), named]).toEqual([
    [idOf(NEW), idOf(OLD)],
    [{ kind: 'secrets', name: `${TENANT}/B` }],
  ]);
  expect(await holder.masterKeys.reseal(PRINCIPAL)).toEqual({ renewed: 2, left: 0, unopened: 1 });
  expect(await holder.read()).toEqual([SETTINGS, 'a value']);
});

it('what its own key does not open is named as damaged, and what another key has sealed is not', async () => {
  await store(processWith(OLD));
  const connections = createConnectionStore(database.db);
  const found = (await connections.find(TENANT, 'slack', 'default'))!;
  await connections.put({ ...found, sealed: `${found.sealed.slice(0, -4)}AAAA` });
  const damagedFor = async (...keys: string[]) => (await processWith(...keys).masterKeys.check(PRINCIPAL)).damaged;
  expect(await damagedFor(NEW, OLD)).toEqual([{ kind: 'connections', name: `${TENANT}/slack/default` }]);
  expect(await damagedFor(NEW)).toEqual([]);
});

it('a process that lacks a key is seen, and nothing is resealed while it does', async () => {
  await store(processWith(OLD));
  const api = processWith(NEW, OLD);
  await api.join();
  await processWith(OLD).join();
  const { processes } = await api.masterKeys.check(PRINCIPAL);
  expect(processes.map(({ keyIds, missing }) => [keyIds, missing])).toEqual(
    expect.arrayContaining([
      [[idOf(NEW), idOf(OLD)], []],
      [[idOf(OLD)], [idOf(NEW)]],
    ]),
  );
  await expect(api.masterKeys.reseal(PRINCIPAL)).rejects.toMatchObject({ code: 'master_key_missing' });
  // Ids are hashes.
  expect(JSON.stringify(processes)).not.toContain('master key');
});

it.each([
  ['nobody seals payloads', [[], []], [[], []]],
  ['all have the same key', [['a'], ['a']], [[], []]],
  ['one has a second key that nobody seals with yet', [['a'], ['a', 'b']], [[], []]],
  ['one seals with a key that another one lacks', [['a'], ['b', 'a']], [['b'], []]],
  ['one seals, another one does not know how', [['a'], []], [[], ['a']]],
  ['each seals with a key of its own', [['a'], ['b']], [['b'], ['a']]],
])('payload keys that a process lacks are seen: %s', async (_, keys, missing) => {
  const { masterKeys } = processWith(OLD);
  for (const ids of keys) await processWith(OLD).join(...ids);
  const { processes } = await masterKeys.check(PRINCIPAL);
  const pairs = processes.map(({ payloadKeyIds, missingPayloadKeys }) => [payloadKeyIds, missingPayloadKeys]);
  expect(pairs).toHaveLength(keys.length);
  expect(pairs).toEqual(expect.arrayContaining(keys.map((ids, index) => [ids, missing[index]])));
});

it('a process of an earlier release, whose payload keys are not known, is not said to lack one', async () => {
  const { masterKeys, join } = processWith(OLD);
  await join('a');
  await processWith(OLD).joinAsBefore();
  const { processes } = await masterKeys.check(PRINCIPAL);
  expect(processes.map(({ missingPayloadKeys }) => missingPayloadKeys)).toEqual([[], []]);
});

it('another tenant neither sees nor reseals', async () => {
  const { masterKeys } = processWith(NEW);
  await expect(masterKeys.reseal(FOREIGNER)).rejects.toMatchObject({ code: 'forbidden' });
  await expect(masterKeys.check(FOREIGNER)).rejects.toMatchObject({ code: 'forbidden' });
});

it('a seal that is moved to another place does not open', async () => {
  const holder = processWith(OLD);
  await store(holder);
  const secrets = createSecretStore(database.db);
  const { sealed } = (await secrets.find(TENANT, 'A'))!;
  await secrets.put(TENANT, 'B', sealed);
  await expect(createSecretResolver({ store: secrets, sealer: sealerOf(OLD) })(TENANT, 'B')).rejects.toThrow(
    'sealed for another',
  );
});
