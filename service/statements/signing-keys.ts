import { createPrivateKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { SigningKeyRow, SigningKeyStore } from '../../store/access/signing-keys.ts';
import { demandHome } from '../access/principals.ts';
import type { Sealer } from '../access/sealer.ts';
import type { RevocationCounts } from './revocations.ts';
import { createSigningKey, type SigningKey, toSigningKey } from './signing-key.ts';
import type { StatementSigner } from './statements.ts';

/** A published public key (RFC 8037), with its status. Times are ISO 8601. */
export interface PublishedKey {
  kty: 'OKP';
  crv: 'Ed25519';
  alg: 'EdDSA';
  use: 'sig';
  kid: string;
  x: string;
  status: 'active' | 'retired' | 'revoked';
  created_at: string;
  retired_at: string | null;
  revoked_at: string | null;
}

/**
 * Loads the keys that sign statements, newest first: those in `pems` (PKCS 8), if there are any, else those of the table, where one is
 * created if there is none. Leaves out revoked keys. Throws an Error that says what is wrong with a key.
 */
export async function loadSigningKeys(
  store: SigningKeyStore,
  sealer: Sealer,
  pems: readonly string[] = [],
): Promise<SigningKey[]> {
  if (pems.length > 0) {
    // The newest key is stored last.
    for (const { kid, x } of keysOf(pems).toReversed()) await store.ensure(async () => ({ kid, x, sealed: null }));
  } else await store.ensure(async (known) => (known.some(canSign) ? null : sealed(createSigningKey(), sealer)));
  const keys = await usableKeys(await store.list(), sealer, pems);
  if (keys.length === 0) throw new Error('every key in FERMATA_SIGNING_KEY_FILE is revoked');
  return keys;
}

/** Opens the keys that are not revoked, newest first, and retired ones after the others. */
async function usableKeys(
  rows: readonly SigningKeyRow[],
  sealer: Sealer,
  pems: readonly string[],
): Promise<SigningKey[]> {
  const revoked = new Set(rows.filter((row) => row.revoked !== null).map(({ kid }) => kid));
  if (pems.length > 0) return keysOf(pems).filter(({ kid }) => !revoked.has(kid));
  const newest = rows.filter(canSign).reverse();
  const inOrder = [
    ...newest.filter(({ retired }) => retired === null),
    ...newest.filter(({ retired }) => retired !== null),
  ];
  return Promise.all(inOrder.map((row) => open(row, sealer)));
}

function keysOf(pems: readonly string[]): SigningKey[] {
  return pems.map((pem) => toSigningKey(createPrivateKey(pem), 'a key in FERMATA_SIGNING_KEY_FILE'));
}

async function sealed({ kid, x, privateKey }: SigningKey, sealer: Sealer) {
  const value = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  return { kid, x, sealed: await sealer.seal({ value, signing: kid }) };
}

/** The progress of a revocation in open runs; `finished` once all of them were tried. */
export interface Revocation extends RevocationCounts {
  finished: boolean;
}

/** Manages the keys that sign statements. */
export interface SigningKeyService {
  /** Lists every key that has ever signed, oldest first. */
  list(): Promise<PublishedKey[]>;
  /**
   * Creates a key, which signs for runs that start from now on; earlier keys continue to sign for runs that trust no other. Throws
   * `forbidden` outside of the default tenant, and `request_invalid` if the keys are in files.
   */
  rotate(caller: Principal): Promise<PublishedKey[]>;
  /**
   * Revokes a key permanently. It signs nothing any more but the notice of its revocation to every open run that trusts it, once all
   * API processes have had the time to notice. Returns the progress within 20 seconds; the rest continues in the background. Can be
   * repeated to see the progress, to reach runs that could not be informed, and after a restart, which ends the work. Throws
   * `forbidden`, `key_not_found`, `last_key`.
   */
  revoke(caller: Principal, kid: string): Promise<Revocation>;
  /** Reads the keys again, so that additions and revocations by other API processes take effect. */
  refresh(): Promise<void>;
  /** Refreshes until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** Milliseconds after which an API process notices changes of keys by another one. */
const REFRESH_EVERY = 1_000;

/** Milliseconds for which a request waits until all open runs are informed of a revocation. */
const ANSWER_WITHIN = 15_000;

/** The dependencies of the service. */
export interface SigningKeyDependencies {
  store: SigningKeyStore;
  sealer: Sealer;
  signer: Pick<StatementSigner, 'use' | 'trust'>;
  pems: readonly string[];
  log: Logger;
  /** Resolves after some milliseconds; rejects once the signal is aborted. */
  wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Informs open runs of a revocation; resolves with false if the signal was aborted before all were tried. */
  tell: (
    key: { kid: string; own: SigningKey | null },
    counts: RevocationCounts,
    signal: AbortSignal,
  ) => Promise<boolean>;
}

/** Creates the service; `pems` are the keys of FERMATA_SIGNING_KEY_FILE. */
export function createSigningKeyService({
  store,
  sealer,
  signer,
  pems,
  log,
  wait,
  tell,
}: SigningKeyDependencies): SigningKeyService {
  const list = async () => publishKeys(await store.list());
  let seen = '';
  const telling = new Map<string, { counts: RevocationCounts; done: Promise<boolean> }>();
  const stopped = new AbortController();

  /** Starts to inform open runs of a revocation. */
  function beginTelling(row: SigningKeyRow) {
    const { kid } = row;
    const counts: RevocationCounts = { told: 0, failed: 0 };
    const work = async () => {
      // Other processes start runs that trust the key until they have noticed.
      await wait(2 * REFRESH_EVERY);
      return tell({ kid, own: await privateKeyOf(row) }, counts, stopped.signal);
    };
    const done = work().finally(() => telling.delete(kid));
    done.catch((error: unknown) =>
      log.error({ err: error, kid }, 'open runs cannot be told that a signing key is revoked'),
    );
    const begun = { counts, done };
    telling.set(kid, begun);
    return begun;
  }

  async function refresh(): Promise<void> {
    const rows = await store.list();
    const now = JSON.stringify(rows.map(({ kid, retired, revoked }) => [kid, retired, revoked]));
    if (now === seen) return;
    signer.use(await usableKeys(rows, sealer, pems));
    seen = now;
  }

  /** Finds the private key of a row; null if it is not stored, or if its master key is gone. */
  async function privateKeyOf(row: SigningKeyRow): Promise<SigningKey | null> {
    const given = keysOf(pems).find(({ kid }) => kid === row.kid);
    if (given !== undefined || row.sealed === null) return given ?? null;
    return open(row, sealer).catch(() => null);
  }

  return {
    list,
    async rotate(caller) {
      demandHome(caller, 'rotate the signing keys, which all tenants share');
      if (pems.length > 0)
        throw new AppError(
          'request_invalid',
          'the signing keys are read from FERMATA_SIGNING_KEY_FILE: rotate them there',
        );
      await store.replace(await sealed(createSigningKey(), sealer));
      await refresh();
      return list();
    },
    async revoke(caller, kid) {
      demandHome(caller, 'revoke a signing key, which all tenants share');
      const revoked = await store.revoke(kid, (known) => {
        const usable = new Set(known.filter((row) => row.revoked === null).map((row) => row.kid));
        if (Object.keys(signer.trust().keys).some((each) => each !== kid && usable.has(each))) return;
        throw new AppError('last_key', 'the only signing key cannot be revoked: create another one first');
      });
      if (revoked === null) throw new AppError('key_not_found', `signing key "${kid}" not found`);
      await refresh();
      const { counts, done } = telling.get(kid) ?? beginTelling(revoked);
      const answered = new AbortController();
      try {
        const finished = await Promise.race([done, wait(ANSWER_WITHIN, answered.signal).then(() => false)]);
        return { ...counts, finished };
      } finally {
        answered.abort();
      }
    },
    refresh,
    async run(signal) {
      let failing = false;
      while (!signal.aborted) {
        await sleep(REFRESH_EVERY, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) break;
        try {
          await refresh();
          failing = false;
        } catch (error) {
          if (!failing) log.warn({ err: error }, 'the signing keys cannot be read again');
          failing = true;
        }
      }
      stopped.abort();
    },
  };
}

function canSign({ sealed, revoked }: SigningKeyRow): boolean {
  return sealed !== null && revoked === null;
}

/** Converts keys to members of a JWKS. */
function publishKeys(rows: readonly SigningKeyRow[]): PublishedKey[] {
  return rows.map(({ kid, x, created, retired, revoked }) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    alg: 'EdDSA',
    use: 'sig',
    kid,
    x,
    status: revoked !== null ? 'revoked' : retired !== null ? 'retired' : 'active',
    created_at: created.toISOString(),
    retired_at: iso(retired),
    revoked_at: iso(revoked),
  }));
}

async function open({ kid, sealed }: SigningKeyRow, sealer: Sealer): Promise<SigningKey> {
  const { value, signing } = await sealer.open(sealed!).catch((cause: unknown) => {
    throw new Error(`the signing key ${kid} was sealed by none of the keys in FERMATA_SECRET_KEY`, { cause });
  });
  if (typeof value !== 'string' || signing !== kid)
    throw new Error(`the signing key ${kid} was sealed for another place`);
  return toSigningKey(createPrivateKey(value), `the signing key ${kid}`);
}

function iso(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}
