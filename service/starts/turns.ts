import { turnOf } from '../../interpreter/turns.ts';
import { AppError } from '../../model/app-error.ts';
import { CONTROL_SIGNAL, type Control } from '../../model/control.ts';
import type { Definition } from '../../model/definition.ts';
import type { Json } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { refusal } from '../../model/refusal.ts';
import { INTERPRETER_VERSION, type Parameters, type RunTurn } from '../../model/run-input.ts';
import { WorkMeter } from '../../model/work.ts';
import type { TurnDecisions, TurnRow, TurnStore } from '../../store/executions/turns.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { createSetAside } from '../index/set-aside.ts';
import { keepGoing, mapConcurrently } from '../loops.ts';
import { isClosedRun } from '../projections/index-entries.ts';

/** Milliseconds between two rounds. */
const INTERVAL = 200;

/** Units of work that the template of a concurrency key may take when a run is started. */
const KEY_WORK = 100_000;

/** Milliseconds after which a claim is given up whose run was never seen. */
const UNSEEN_AFTER = 120_000;

/** What a run of a definition shares with others, `field` being where its input stands. Throws `input_invalid`. */
export function turnFor(
  definition: { definition: Definition; ref: string; version: string },
  input: Parameters,
  field: string,
): RunTurn | undefined {
  const found = turnOf(definition, input, INTERPRETER_VERSION, new WorkMeter(KEY_WORK));
  if (found === null) return undefined;
  if ('turn' in found) return found.turn;
  const { message } = found.failure;
  throw refusal('input_invalid', [{ code: 'input_invalid', path: `/${field}`, message }]);
}

/** Milliseconds between two times that Temporal is asked whether a run for which others only wait is still open. */
const ASK_AGAIN = 1_000;

/** Runs for which others only wait that are asked for in one round, and calls to Temporal at the same time. */
const MAX_ASKED = 200;
const CONCURRENCY = 8;

/**
 * Asks Temporal which of some runs are open, takes the turns of those that are not, and returns the workflow ids of those that are.
 * Temporal knows before the index does. A run that it does not have counts as open until its start should have been made.
 */
export async function openAmong(
  temporal: Pick<Temporal, 'namespace' | 'describe'>,
  store: Pick<TurnStore, 'leave'>,
  rows: readonly Pick<TurnRow, 'workflowId' | 'created'>[],
  now: number,
): Promise<Set<string>> {
  const open = new Set<string>();
  await mapConcurrently(rows, CONCURRENCY, async ({ workflowId, created }) => {
    const found = await temporal.describe(workflowId);
    const isOpen = found === null ? created.getTime() > now - UNSEEN_AFTER : !isClosedRun(found.info);
    if (isOpen) open.add(workflowId);
    else await store.leave(temporal.namespace, workflowId);
  });
  return open;
}

/** The dependencies of the service. */
export interface TurnKeeperDependencies {
  temporal: Temporal;
  store: TurnStore;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/**
 * Gives runs with concurrency keys their turns: one that closes makes room, and the one that waits longest is told by a signal. Any
 * number of keepers may run at once. `clock` gives milliseconds.
 */
export function createTurnKeeper({ temporal, store, log, clock }: TurnKeeperDependencies) {
  const { namespace } = temporal;
  const aside = createSetAside(clock, log, 'a run cannot be told that it is its turn; the others are');
  /** When Temporal was last asked for each run that now stands in the way of another. */
  let askedAt = new Map<string, number>();

  async function tell(row: TurnRow): Promise<void> {
    const { workflowId, granted, refused, told, cancelled, stopped, policy } = row;
    if (!told && (granted !== null || refused)) {
      const verdict = refused ? (policy === 'fail' ? 'fail' : 'skip') : 'begin';
      const id = `turn ${workflowId}`;
      const control: Control = { id, by: SENDER, reason: 'its concurrency key', what: 'turn', verdict };
      const payload = control as unknown as Json; // made of nothing but JSON
      await temporal.signal(workflowId, { name: CONTROL_SIGNAL, payload, identity: SENDER, requestId: id });
      await store.note(row, { told: true });
    }
    if (!cancelled || stopped) return;
    await temporal.cancel(workflowId, 'another run has its concurrency key', SENDER);
    await store.note(row, { stopped: true });
  }

  /** Asks Temporal for the runs that stand in the way of others, and returns what is known of them then. */
  async function look(): Promise<KnownRuns> {
    const rows = await store.standing(namespace);
    const now = clock();
    const obstacles = obstaclesOf(rows);
    askedAt = new Map([...obstacles].map(([{ workflowId }]) => [workflowId, askedAt.get(workflowId) ?? 0]));
    const last = ({ workflowId }: TurnRow) => askedAt.get(workflowId) ?? 0;
    const refusing = [...obstacles].filter(([, { refuses }]) => refuses).map(([row]) => row);
    const holding = [...obstacles]
      .filter(([row, { refuses }]) => !refuses && last(row) <= now - ASK_AGAIN)
      .map(([row]) => row)
      .sort((a, b) => last(a) - last(b))
      .slice(0, MAX_ASKED);
    const asked = [...refusing, ...holding];
    for (const { workflowId } of asked) askedAt.set(workflowId, now);
    const open = await openAmong(temporal, store, asked, now);
    return { open, seen: new Set(rows.map(({ workflowId }) => workflowId)) };
  }

  return {
    /** Works one round. */
    async tick(): Promise<void> {
      const known = await look();
      const told = await store.settle(namespace, new Date(clock() - UNSEEN_AFTER), (rows) => decideTurns(rows, known));
      for (const row of told) await aside.attempt(row.workflowId, () => tell(row));
    },

    /** Works until the signal is aborted. */
    run(signal: AbortSignal): Promise<void> {
      const trouble = 'runs with concurrency keys cannot be told that it is their turn';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 5 * INTERVAL, log, trouble });
    },
  };
}

/** Who Fermata says it is where it does something to a run by itself. */
const SENDER = 'fermata';

/** What is known of runs from one look: those that were there, and those of them that Temporal said were open. */
export interface KnownRuns {
  seen: ReadonlySet<string>;
  open: ReadonlySet<string>;
}

/**
 * Returns which of some runs, in order, get a turn, get none, or make room. A run gets none only where all that are in its way were
 * open when it was there already; else it stays as it is until they have been asked for.
 */
export function decideTurns(rows: readonly TurnRow[], { seen, open }: KnownRuns): TurnDecisions {
  const decisions: TurnDecisions = { granted: [], refused: [], cancelled: [] };
  for (const { holders, begin, blocked, leaving } of groupsOf(rows).map(placesOf)) {
    decisions.granted.push(...begin.map(({ workflowId }) => workflowId));
    decisions.cancelled.push(...leaving.map(({ workflowId }) => workflowId));
    const areOpen = holders.every(({ workflowId }) => open.has(workflowId));
    const refused = areOpen ? blocked.filter((row) => isImpatient(row) && seen.has(row.workflowId)) : [];
    decisions.refused.push(...refused.map(({ workflowId }) => workflowId));
  }
  return decisions;
}

/** Returns the runs that have a turn, or get one now, and keep others from theirs; `refuses`: one of those would get none for it. */
export function obstaclesOf(rows: readonly TurnRow[]): Map<TurnRow, { refuses: boolean }> {
  const obstacles = new Map<TurnRow, { refuses: boolean }>();
  for (const { holders, blocked } of groupsOf(rows).map(placesOf)) {
    if (blocked.length === 0) continue;
    const refuses = blocked.some(isImpatient);
    for (const row of holders) obstacles.set(row, { refuses });
  }
  return obstacles;
}

function isImpatient({ policy }: TurnRow): boolean {
  return policy === 'skip' || policy === 'fail';
}

/** How the runs of one key stand: those with a turn, of them those that get it now, those without, and those that make room. */
interface Places {
  holders: TurnRow[];
  begin: TurnRow[];
  blocked: TurnRow[];
  leaving: TurnRow[];
}

function placesOf(group: readonly TurnRow[]): Places {
  const places: Places = {
    holders: group.filter(({ granted }) => granted !== null),
    begin: [],
    blocked: [],
    leaving: [],
  };
  const taker = group.findLastIndex(({ granted, policy }) => granted === null && policy === 'cancel_previous');
  const before = group.slice(0, Math.max(0, taker)).filter(({ cancelled }) => !cancelled);
  const leaving = new Set(before.slice(0, Math.max(0, before.length - (group[taker]?.limit ?? 1) + 1)));
  for (const row of group) {
    if (leaving.has(row)) places.leaving.push(row);
    else if (row.granted !== null || row.refused || row.cancelled) continue;
    else if (places.holders.length < row.limit) {
      places.holders.push(row);
      places.begin.push(row);
    } else places.blocked.push(row);
  }
  return places;
}

function groupsOf(rows: readonly TurnRow[]): TurnRow[][] {
  const groups = new Map<string, TurnRow[]>();
  for (const row of rows) {
    const name = JSON.stringify([row.tenant, row.ref, row.key]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** What is told to whoever starts a run for which there is no room, and which is not to wait. */
export function conflict(ref: string, { key }: RunTurn): AppError {
  return new AppError('concurrency_conflict', `another execution of "${ref}" holds the concurrency key "${key}"`);
}
