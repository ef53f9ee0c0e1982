import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { SealKind, SealStore } from '../../store/access/seals.ts';
import type { ProcessRow, ProcessStore } from '../../store/processes.ts';
import { keepGoing } from '../loops.ts';
import { demandHome } from './principals.ts';
import type { Sealer } from './sealer.ts';

/** Seconds between two notes of a process that it is alive, after which it counts as gone, and after which it is forgotten. */
const NOTE_EVERY = 15;
const GONE_AFTER = 60;
const FORGOTTEN_AFTER = 86_400;

/** Seals that one call renews, at most. */
const MOST_RENEWED = 500;

/** Damaged seals that a check names, at most. */
const MOST_DAMAGED = 100;

const KINDS: readonly SealKind[] = ['connections', 'secrets', 'signing_keys'];

/** A master key, by the hash that is its id, and how much it has sealed that is stored. */
export interface MasterKey {
  id: string;
  /** Whether this process seals with it. */
  seals: boolean;
  sealed: Record<SealKind, number>;
}

/**
 * A process that is alive, and the keys that it lacks: master keys that have sealed something or that other processes seal with, and
 * payload keys that other processes seal with.
 */
export type KeyHolder = ProcessRow & { missing: string[]; missingPayloadKeys: string[] };

/** What a call has renewed, what is left for others, and what no key here opens or was changed. */
export interface Resealed {
  renewed: number;
  left: number;
  unopened: number;
}

/** Something stored that its own key does not open, or that names no key: it has to be stored again. */
export interface Damaged {
  kind: SealKind;
  /** `acme/TOKEN` of a secret, `acme/jira/default` of a connection, the id of a signing key. */
  name: string;
}

/** The master keys of an installation, as their ids, and what they have sealed at rest. */
export interface MasterKeyService {
  /** The ids of this process's keys; the first one seals. */
  readonly own: readonly string[];
  /**
   * Returns which key has sealed how much, which process lacks which key, and 100 of what is damaged at most. Throws `forbidden` outside
   * of the default tenant.
   */
  check(caller: Principal): Promise<{ keys: MasterKey[]; processes: KeyHolder[]; damaged: Damaged[] }>;
  /**
   * Seals with the first key of this process what another one has sealed, 500 at most; it may be repeated. Throws `forbidden` outside of the default
   * tenant, and `master_key_missing` while a process lacks that key.
   */
  reseal(caller: Principal): Promise<Resealed>;
}

/** The dependencies of the service. */
export interface MasterKeyDependencies {
  seals: SealStore;
  processes: ProcessStore;
  sealer: Sealer;
}

/** Creates the service; `sealer` seals at rest. */
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
      const sealed = { connections: 0, secrets: 0, signing_keys: 0 };
      const key = keys.get(id) ?? { id, seals: id === own[0], sealed };
      keys.set(id, key);
      return key;
    };
    for (const id of own) keyOf(id);
    for (const { kind, sealed, name } of all) {
      const id = sealer.keyIdOf(sealed);
      // No key is needed for what names none.
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

/** Notes every 15 seconds that a process is alive, until the signal is aborted. */
export async function keepPresent(
  processes: ProcessStore,
  row: Omit<ProcessRow, 'seen'>,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const interval = NOTE_EVERY * 1000;
  const trouble = 'it cannot be noted that this process is alive; trying again';
  await keepGoing(() => processes.note(row, FORGOTTEN_AFTER), signal, { interval, pause: interval, log, trouble });
  // Others see it within a minute.
  await processes.end(row.id).catch(() => undefined);
}
