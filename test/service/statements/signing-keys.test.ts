import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { defer } from '../../../composition/run.ts';
import type { Principal } from '../../../model/principal.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import type { SigningKey } from '../../../service/statements/signing-key.ts';
import {
  createSigningKeyService,
  loadSigningKeys,
  type SigningKeyDependencies,
} from '../../../service/statements/signing-keys.ts';
import { createStatementSigner } from '../../../service/statements/statements.ts';
import type { SigningKeyRow, SigningKeyStore } from '../../../store/access/signing-keys.ts';
import { FOREIGN_KEY, KEY } from '../../interpreter/signed.ts';
import { ann } from '../people.ts';

const admin: Principal = { ...ann, roles: ['admin'] };
const sealer = createSealer(['a master key, long enough'], 'test');
const pemOf = ({ privateKey }: SigningKey) => privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const FILES = [KEY, FOREIGN_KEY].map(pemOf);

const log = pino({ level: 'silent' });

/** A table of keys, the oldest first. */
async function tableOf(inFiles: boolean, revoked: readonly SigningKey[] = []) {
  const rows: SigningKeyRow[] = [];
  for (const key of [FOREIGN_KEY, KEY]) {
    const sealed = inFiles ? null : await sealer.seal({ value: pemOf(key), signing: key.kid });
    const times = { created: new Date(0), retired: null, revoked: revoked.includes(key) ? new Date(1) : null };
    rows.push({ kid: key.kid, x: key.x, sealed, ...times });
  }
  const store: SigningKeyStore = {
    list: async () => rows,
    installed: async () => null,
    ensure: async (create) => void (await create(rows)),
    replace: async () => {},
    async revoke(kid, check) {
      check(rows);
      const row = rows.find((each) => each.kid === kid);
      if (row !== undefined) row.revoked ??= new Date(2);
      return row ?? null;
    },
  };
  return store;
}

/**
 * An API process that has just started; the notices that it sends to runs are recorded, and reach none. Requests have `patience`, runs need
 * a `pause`.
 */
async function processOver(
  store: SigningKeyStore,
  pems: readonly string[],
  {
    patience = () => new Promise<void>(() => {}),
    pause = async () => {},
  }: { patience?: (signal?: AbortSignal) => Promise<void>; pause?: () => Promise<void> } = {},
) {
  const signer = createStatementSigner(await loadSigningKeys(store, sealer, pems));
  const trusted = () => Object.keys(signer.trust().keys);
  const told: { kid: string; own: string | undefined; trusted: string[] }[] = [];
  const tell: SigningKeyDependencies['tell'] = async ({ kid, own }, counts, signal) => {
    told.push({ kid, own: own?.kid, trusted: trusted() });
    counts.failed += 1;
    await pause();
    if (signal.aborted) return false;
    counts.told += 1;
    return true;
  };
  const wait = (milliseconds: number, signal?: AbortSignal) =>
    milliseconds < 10_000 ? Promise.resolve() : patience(signal);
  const service = createSigningKeyService({ store, sealer, signer, pems, tell, log, wait });
  return { service, trusted, told };
}

describe.each<[string, readonly string[]]>([
  ['in the table', []],
  ['in files', FILES],
])('keys %s', (_, pems) => {
  const inFiles = pems.length > 0;

  it.each<[string, SigningKey[], SigningKey[]]>([
    ['all of them', [], [KEY, FOREIGN_KEY]],
    ['not the newest, which is revoked', [KEY], [FOREIGN_KEY]],
    ['not an earlier one, which is revoked', [FOREIGN_KEY], [KEY]],
  ])('are loaded: %s', async (_name, revoked, loaded) => {
    const keys = await loadSigningKeys(await tableOf(inFiles, revoked), sealer, pems);
    expect(keys.map(({ kid }) => kid)).toEqual(loaded.map(({ kid }) => kid));
  });

  it('sign nothing once they are revoked but that, as often as it must be said, and after a restart', async () => {
    const store = await tableOf(inFiles);
    const first = await processOver(store, pems);
    for (let pass = 0; pass < 2; pass += 1) await first.service.revoke(admin, KEY.kid);
    const second = await processOver(store, pems);
    await second.service.revoke(admin, KEY.kid);
    const telling = { kid: KEY.kid, own: KEY.kid, trusted: [FOREIGN_KEY.kid] };
    expect([...first.told, ...second.told]).toEqual([telling, telling, telling]);
    expect([first.trusted(), second.trusted()]).toEqual([[FOREIGN_KEY.kid], [FOREIGN_KEY.kid]]);
  });

  it('sign nothing in another process either that has noticed', async () => {
    const store = await tableOf(inFiles);
    const [one, two] = [await processOver(store, pems), await processOver(store, pems)];
    await one.service.revoke(admin, KEY.kid);
    expect(two.trusted()).toEqual([KEY.kid, FOREIGN_KEY.kid]);
    await two.service.refresh();
    expect(two.trusted()).toEqual([FOREIGN_KEY.kid]);
  });

  it('are not revoked to the last one, whichever process has revoked the others', async () => {
    const store = await tableOf(inFiles);
    const [one, two] = [await processOver(store, pems), await processOver(store, pems)];
    await one.service.revoke(admin, KEY.kid);
    await expect(two.service.revoke(admin, FOREIGN_KEY.kid)).rejects.toMatchObject({ code: 'last_key' });
    await expect(two.service.revoke(admin, 'nobody')).rejects.toMatchObject({ code: 'key_not_found' });
    expect((await store.list()).filter(({ revoked }) => revoked !== null).map(({ kid }) => kid)).toEqual([KEY.kid]);
    expect(two.told).toEqual([]);
  });
});

it('a revocation that takes longer than a request goes on behind it, once, and says how far it is', async () => {
  const paused = defer<void>();
  const patience = defer<void>();
  const { service, told } = await processOver(await tableOf(false), [], {
    pause: () => paused.promise,
    patience: () => patience.promise,
  });
  patience.resolve();
  for (let asked = 0; asked < 2; asked += 1) {
    expect(await service.revoke(admin, KEY.kid)).toMatchObject({ told: 0, finished: false });
  }
  patience.promise = new Promise(() => {});
  const last = service.revoke(admin, KEY.kid);
  setImmediate(paused.resolve);
  expect(await last).toEqual({ told: 1, failed: 1, finished: true });
  expect(told).toHaveLength(1);
});

it('a revocation that the end of the process cuts short is not finished', async () => {
  const paused = defer<void>();
  const begun = defer<void>();
  const pause = async () => {
    begun.resolve();
    await paused.promise;
  };
  const { service } = await processOver(await tableOf(false), [], { pause });
  const ending = new AbortController();
  const running = service.run(ending.signal);
  const answer = service.revoke(admin, KEY.kid);
  await begun.promise;
  ending.abort();
  await running;
  paused.resolve();
  expect(await answer).toEqual({ told: 0, failed: 1, finished: false });
});

it('nothing waits any more for a revocation that is answered', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const patience = (signal?: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>(() => {});
  };
  const { service } = await processOver(await tableOf(false), [], { patience });
  await service.revoke(admin, KEY.kid);
  expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
});

it('files of nothing but revoked keys are refused', async () => {
  const store = await tableOf(true, [KEY, FOREIGN_KEY]);
  await expect(loadSigningKeys(store, sealer, FILES)).rejects.toThrow(
    'every key in FERMATA_SIGNING_KEY_FILE is revoked',
  );
});
