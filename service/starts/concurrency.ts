import { renderConcurrencyKey } from '../../interpreter/concurrency-key.ts';
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
import { isClosedRun } from '../../temporal/run-info.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, mapConcurrently, type RoundLoop } from '../background/loops.ts';
import { createSetAside } from '../background/set-aside.ts';

/** The least milliseconds between two rounds. */
const INTERVAL = 200;

/** Units of work that the template of a concurrency key may take at the start of a run. */
const KEY_WORK = 100_000;

/** Milliseconds after which the claim of a run that was never seen is dropped. */
const UNSEEN_AFTER = 120_000;

/**
 * Returns the concurrency key of a run, with its limit and policy; undefined when the definition has none. `field` is the field of the
 * request that holds the input. Throws `input_invalid`.
 */
export function concurrencyFor(
  definition: { definition: Definition; ref: string; version: string },
  input: Parameters,
  field: string,
): RunTurn | undefined {
  const found = renderConcurrencyKey(definition, input, INTERPRETER_VERSION, new WorkMeter(KEY_WORK));
  if (found === null) return undefined;
  if ('turn' in found) return found.turn;
  const { message } = found.failure;
  throw refusal('input_invalid', [{ code: 'input_invalid', path: `/${field}`, message }]);
}

/** Milliseconds between two questions to Temporal whether a run for which others only wait is still open. */
const ASK_AGAIN = 1_000;

/** The most such runs that one round asks for, and concurrent calls to Temporal. */
const MAX_ASKED = 200;
const CONCURRENCY = 8;

/**
 * Asks Temporal which of some runs are open, frees the slots of the others, and returns the workflow ids of the open ones. Temporal
 * knows before the index does. A run that Temporal does not have counts as open until its start should have been made.
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
export interface ConcurrencyKeeperDependencies {
  temporal: Pick<Temporal, 'namespace' | 'describe' | 'signal' | 'cancel'>;
  store: Pick<TurnStore, 'standing' | 'settle' | 'note' | 'noteSuccessors' | 'leave'>;
  /** Rings when a run may get a slot, or must be told about it. */
  bell: Bell;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/**
 * Creates the loop that gives runs with concurrency keys their slots: a run that closes makes room, and the run that has waited longest
 * is told by a signal. Any number may run at once.
 */
export function createConcurrencyKeeper({
  temporal,
  store,
  bell,
  log,
  clock,
}: ConcurrencyKeeperDependencies): RoundLoop {
  const { namespace } = temporal;
  const aside = createSetAside(clock, log, 'a run cannot be told that it has its slot; the others are');
  /** When Temporal was last asked for each run that blocks another one. */
  let askedAt = new Map<string, number>();

  /**
   * Sends a run its verdict, and asks one that must make room to stop. A run that Temporal does not have open has either closed, and
   * leaves its slot, or was not started yet, and is sent it in a later round: its start may have been on its way already when it got its
   * slot.
   */
  async function tell(row: TurnRow): Promise<void> {
    const { workflowId, granted, refused, told, cancelled, stopped, policy } = row;
    if (!told && (granted !== null || refused)) {
      const verdict = refused ? (policy === 'fail' ? 'fail' : 'skip') : 'begin';
      const id = `turn ${workflowId}`;
      const control: Control = { id, by: SENDER, reason: 'its concurrency key', what: 'turn', verdict };
      const payload = control as unknown as Json; // made of nothing but JSON
      const signal = { name: CONTROL_SIGNAL, payload, identity: SENDER, requestId: id };
      if (!(await temporal.signal(workflowId, signal))) return leaveIfClosed(row);
      await store.note(row, { told: true });
    }
    if (!cancelled || stopped) return;
    await store.noteSuccessors(row);
    if (!(await temporal.cancel(workflowId, 'another run has its concurrency key', SENDER))) return leaveIfClosed(row);
    await store.note(row, { stopped: true });
  }

  async function leaveIfClosed(row: TurnRow): Promise<void> {
    await openAmong(temporal, store, [row], clock());
  }

  /** Asks Temporal for the runs that block others, and returns what is known then. */
  async function look(): Promise<KnownRuns> {
    const rows = await store.standing(namespace);
    const now = clock();
    const obstacles = findObstacles(rows);
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
    async tick() {
      const known = await look();
      // Claims of runs that are delayed are settled once they are due.
      if (known.seen.size === 0) return;
      const told = await store.settle(namespace, new Date(clock() - UNSEEN_AFTER), (rows) => decideSlots(rows, known));
      for (const row of told) await aside.attempt(row.workflowId, () => tell(row));
    },

    run(signal) {
      const trouble = 'runs with concurrency keys cannot be told that they have their slots';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, bell, pause: 5 * INTERVAL, log, trouble });
    },
  };
}

/** The identity of Fermata itself for requests to Temporal. */
const SENDER = 'fermata';

/** The runs that a lookup found, and those of them that Temporal reported as open. */
export interface KnownRuns {
  seen: ReadonlySet<string>;
  open: ReadonlySet<string>;
}

/**
 * Decides which of some runs, in order, get a slot, get none, or must make room. A run gets none only if all runs that block it were
 * open when it was there already; otherwise it waits until Temporal was asked for them.
 */
export function decideSlots(rows: readonly TurnRow[], { seen, open }: KnownRuns): TurnDecisions {
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

/** Returns the runs that hold a slot, or get one now, and block others; `refuses`: one of those would get no slot because of it. */
export function findObstacles(rows: readonly TurnRow[]): Map<TurnRow, { refuses: boolean }> {
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

/** The runs of one key: holders of slots, holders that get theirs now, runs without a slot, and runs that must make room. */
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

/** Returns the refusal of a start that has no room and may not wait. */
export function conflict(ref: string, { key }: RunTurn): AppError {
  return new AppError('concurrency_conflict', `another execution of "${ref}" holds the concurrency key "${key}"`);
}
