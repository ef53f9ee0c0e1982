import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { ProcessRow, ProcessStore } from '../../store/access/processes.ts';
import type { SealKind, SealStore } from '../../store/access/seals.ts';
import { keepGoing } from '../background/loops.ts';
import { demandHome } from './principals.ts';
import type { Sealer } from './sealer.ts';

/** Seconds between two signs of life of a process, after which it counts as gone, and after which it is forgotten. */
const NOTE_EVERY = 15;
const GONE_AFTER = 60;
const FORGOTTEN_AFTER = 86_400;

/** The most values that one call encrypts again. */
const MOST_RENEWED = 500;

/** The most damaged values that a check lists. */
const MOST_DAMAGED = 100;

const KINDS: readonly SealKind[] = ['connections', 'secrets', 'signing_keys', 'webhooks'];

/** A master key, by its id (a hash), with the number of stored values that it has encrypted. */
export interface MasterKey {
  id: string;
  /** Whether this process encrypts with it. */
  seals: boolean;
  sealed: Record<SealKind, number>;
}

/**
 * A live process with the keys that it lacks: master keys that have encrypted something or that other processes encrypt with, and
 * payload keys that other processes encrypt with.
 */
export type KeyHolder = ProcessRow & { missing: string[]; missingPayloadKeys: string[] };

/**
 * The result of a call: values encrypted again, values left for further calls, and values that no key of this process decrypts or that
 * were changed.
 */
export interface Resealed {
  renewed: number;
  left: number;
  unopened: number;
}

/** A stored value that its key does not decrypt, or that names no key: it must be stored again. */
export interface Damaged {
  kind: SealKind;
  /** `acme/TOKEN` of a secret, `acme/jira/default` of a connection, `acme/deploys` of a webhook, the id of a signing key. */
  name: string;
}

/** Manages the master keys of the installation, by their ids, and the values that they have encrypted at rest. */
export interface MasterKeyService {
  /** The ids of this process's keys; the first one encrypts. */
  readonly own: readonly string[];
  /**
   * Returns how much each key has encrypted, which process lacks which key, and at most 100 damaged values. Throws `forbidden` outside
   * of the default tenant.
   */
  check(caller: Principal): Promise<{ keys: MasterKey[]; processes: KeyHolder[]; damaged: Damaged[] }>;
  /**
   * Encrypts values of other keys again with the first key of this process, at most 500 per call; can be repeated. Throws `forbidden`
   * outside of the default tenant, and `master_key_missing` while a process lacks that key.
   */
  reseal(caller: Principal): Promise<Resealed>;
}

/** The dependencies of the service. */
export interface MasterKeyDependencies {
  seals: SealStore;
  processes: ProcessStore;
  sealer: Sealer;
}

/** Creates the service; `sealer` encrypts at rest. */
export function createMasterKeyService({ seals, processes, sealer }: MasterKeyDependencies): MasterKeyService {
  const own = sealer.keyIds;
  const everything = async () =>
    (await Promise.all(KINDS.map(async (kind) => (await seals.all(kind)).map((seal) => ({ kind, ...seal }))))).flat();

  async function isDamaged(sealed: string): Promise<boolean> {
    if (sealer.keyIdOf(sealed) === null) return true;
    return sealer.opens(sealed) && (await sealer.open(sealed).catch(() => null)) === null;
  }

  async function check() {
    const [all, alive] = await Promise.all([everything(), processes.list(GONE_AFTER)]);
    const keys = new Map<string, MasterKey>();
    const damaged: Damaged[] = [];
    const keyOf = (id: string): MasterKey => {
      const sealed = { connections: 0, secrets: 0, signing_keys: 0, webhooks: 0 };
      const key = keys.get(id) ?? { id, seals: id === own[0], sealed };
      keys.set(id, key);
      return key;
    };
    for (const id of own) keyOf(id);
    for (const { kind, sealed, name } of all) {
      const id = sealer.keyIdOf(sealed);
      // A value that names no key needs none.
      if (id !== null) keyOf(id).sealed[kind] += 1;
      if (damaged.length < MOST_DAMAGED && (await isDamaged(sealed))) damaged.push({ kind, name });
    }
    const inUse = [...keys.values()].filter(({ sealed }) => KINDS.some((kind) => sealed[kind] > 0)).map(({ id }) => id);
    const needed = new Set([...inUse, ...alive.flatMap(({ keyIds }) => keyIds.slice(0, 1))]);
    const missing = ({ keyIds }: ProcessRow) => [...needed].filter((id) => !keyIds.includes(id));
    const sealing = new Set(alive.flatMap(({ payloadKeyIds }) => payloadKeyIds?.slice(0, 1) ?? []));
    const missingPayloadKeys = ({ payloadKeyIds }: ProcessRow) =>
      [...sealing].filter((id) => payloadKeyIds !== null && !payloadKeyIds.includes(id));
    const holders = alive.map((row) => ({
      ...row,
      missing: missing(row),
      missingPayloadKeys: missingPayloadKeys(row),
    }));
    return { keys: [...keys.values()], processes: holders, damaged };
  }

  return {
    own,
    async check(caller) {
      demandHome(caller, 'list the master keys, which all tenants share');
      return check();
    },
    async reseal(caller) {
      demandHome(caller, 'reseal the data of all tenants');
      const lacking = (await processes.list(GONE_AFTER)).filter(({ keyIds }) => !keyIds.includes(own[0]!));
      if (lacking.length > 0) {
        const who = lacking.map(({ kind, host, pid }) => `${kind} ${pid} on ${host}`).join(', ');
        throw new AppError(
          'master_key_missing',
          `${who} does not have the key ${own[0]} and could not open what it seals`,
        );
      }
      const older = (await everything()).filter(({ sealed }) => !sealer.isNewest(sealed));
      const known = older.filter(({ sealed }) => sealer.opens(sealed));
      let [renewed, changed] = [0, 0];
      for (const { kind, sealed } of known) {
        if (renewed === MOST_RENEWED) break;
        const value = await sealer.open(sealed).catch(() => null);
        if (value === null) changed += 1;
        else {
          await seals.replace(kind, sealed, await sealer.seal(value));
          renewed += 1;
        }
      }
      return { renewed, left: known.length - changed - renewed, unopened: older.length - known.length + changed };
    },
  };
}

/** Records every 15 seconds that a process is alive, until the signal is aborted. */
export async function keepPresent(
  processes: ProcessStore,
  row: Omit<ProcessRow, 'seen'>,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const interval = NOTE_EVERY * 1000;
  const trouble = 'the sign of life of this process cannot be stored; trying again';
  await keepGoing(() => processes.note(row, FORGOTTEN_AFTER), signal, { interval, pause: interval, log, trouble });
  // Other processes notice its end within a minute.
  await processes.end(row.id).catch(() => undefined);
}
