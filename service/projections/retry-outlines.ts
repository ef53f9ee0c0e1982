import { mayRepeat } from '../../interpreter/fault.ts';
import { begin } from '../../interpreter/interpreter.ts';
import type { Place, RunState } from '../../interpreter/state.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Json } from '../../model/json.ts';
import type { Mask } from '../../model/mask.ts';
import { preview } from '../../model/preview.ts';
import { type AgainReason, MAX_PLANNED, type PlannedRetry } from '../../model/retry-plan.ts';
import { parseTaskKey, visitKey } from '../../model/task-key.ts';
import type { Projection } from '../../projection/project.ts';
import { type PlayedRetry, playRetry, type RetryStart } from '../../projection/runs/played-retries.ts';
import {
  countAttempts,
  listAllPlaces,
  statusAt,
  type TaskSources,
  taskAt,
  workIn,
} from '../../projection/tasks/tasks.ts';
import { NOTHING_PENDING, type PendingWork } from '../../projection/waits.ts';
import { createMask, hiddenIn, hiddenInTask, maskTaskInput } from './masks.ts';
import { findHiddenInTasks, type KeptState } from './projected-runs.ts';
import { SHOWN_MESSAGE } from './task-rows.ts';

// A retry keeps work, does it again, or gives it up; outlines say which.

/** A retry to outline. */
export interface OutlineRequest {
  /** The arguments of its start; null when it would be refused. */
  start: RetryStart | null;
  /** The state that it continues from; null: it begins from the beginning. */
  kept: KeptState | null;
  /** Values to hide that the run itself does not name. */
  hidden: Json[];
  /** The time in milliseconds. */
  now: number;
}

/** The effect of a retry on the work of a run, masked; lists have the first 200 entries. */
export interface RetryOutline
  extends Pick<PlannedRetry, 'counts' | 'kept' | 'again' | 'dropped' | 'effects' | 'simulated'> {
  /** All keys of the work that is kept, runs again and is dropped. */
  keys: Record<Fate, string[]>;
  /** The keys of the inquiries whose decisions are kept. */
  inquiries: string[];
}

/** A fate of work. */
type Fate = 'kept' | 'again' | 'dropped';

/** Whether a visit runs again, and then which of its items do not; null where it makes its list of items anew. */
interface VisitFate {
  again: boolean;
  items: ReadonlySet<number> | null;
}

/** The fates of the visits of a run. */
interface Fates {
  /** The visits that the retry has, by their keys. */
  visits: ReadonlyMap<string, VisitFate>;
  /** The keys of visits that it gives up, and the number of visits that it knows: later ones are given up, too. */
  dropped: ReadonlySet<string>;
  known: number;
  /** Returns why a visit runs again, by its key. */
  why(key: string): AgainReason;
}

/** Work of a run with its fate. */
interface Fated {
  place: Place;
  key: string;
  fate: Fate;
}

/** Outlines a retry of a projected run. Null when the state of the run is unknown or cannot be trusted. */
export function outlineRetry(
  projection: Projection,
  pending: PendingWork | null,
  request: OutlineRequest,
): RetryOutline | null {
  const sources = projection.sources(pending ?? NOTHING_PENDING);
  if (sources === null) return null;
  const { start, kept, now } = request;
  // When it begins, a retry may have to ask people again.
  const begun = start === null ? null : begin(start.run, start.input, now, { waits: false }).state;
  const carried = (begun === null ? kept?.state : begun.run.carried) ?? null;
  const fates = carried === null ? fatesAnew(begun ?? sources.state) : fatesIn(carried, kept);
  const fated = findFates(sources, fates);
  const redone = fated.filter(({ fate }) => fate !== 'kept').map(({ place }) => place);
  const played = start === null ? null : playRetry(sources, redone, start, now);
  const mask = createOutlineMask(projection, request, played);
  return {
    ...listWork(sources, fated, fates, { start, played, mask }),
    simulated: played && { status: played.status, order: played.order.slice(0, MAX_PLANNED) },
    inquiries: carried?.inquiries.map(({ key }) => key) ?? [],
  };
}

/** Returns the fates of visits where everything runs again: the first ones do, and all others are given up. */
function fatesAnew({ visits }: RunState): Fates {
  const first = visits.filter(({ from, shielded }) => from.length === 0 && !shielded);
  return {
    visits: new Map(first.map(({ key }) => [key, { again: true, items: null }])),
    dropped: new Set(),
    known: 0,
    why: () => 'chosen',
  };
}

/** Returns the fates of visits in the state with which a retry begins: the one that is `kept`, or less of it. */
function fatesIn(carried: CarriedState, kept: KeptState | null): Fates {
  const visits = new Map(
    carried.visits.map(({ name, visit, status, items }): [string, VisitFate] => {
      const again = status === 'held';
      return [visitKey(name, visit), { again, items: items === undefined ? null : new Set(listDone(items)) }];
    }),
  );
  const before = kept?.state.visits.map(({ name, visit }) => visitKey(name, visit)) ?? [];
  const reasons = new Map(kept?.again);
  return {
    visits,
    dropped: new Set([...(kept?.dropped ?? []), ...before.filter((key) => !visits.has(key))]),
    known: carried.visited ?? carried.visits.length,
    why: (key) => reasons.get(key) ?? 'undecided',
  };
}

/** Returns the indexes of the items that do not run again. */
function listDone({ work, places }: NonNullable<CarriedState['visits'][number]['items']>): number[] {
  return work.flatMap(({ status }, at) => (status === 'held' ? [] : [places?.[at] ?? at]));
}

/** Finds what becomes of the work of a run that has begun, as far as a plan shows it, in the order of the visits. */
function findFates(sources: TaskSources, fates: Fates): Fated[] {
  return listAllPlaces(sources).flatMap((place) => {
    const fate = fateAt(sources, place, fates);
    return fate === null ? [] : [{ place, fate, key: workIn(sources, place).work.key }];
  });
}

function fateAt(sources: TaskSources, place: Place, { visits, dropped, known }: Fates): Fate | null {
  const { visit } = workIn(sources, place);
  const found = visits.get(visit.key);
  // Any other visit is done, and nothing needs it any more.
  if (found === undefined) return dropped.has(visit.key) || place.visit >= known ? 'dropped' : null;
  if (place.item === null) return found.again ? 'again' : 'kept';
  if (!found.again) return null;
  if (found.items === null) return 'dropped';
  return found.items.has(place.item) ? 'kept' : 'again';
}

/** Everything that the lists are made with. */
interface Listing {
  start: RetryStart | null;
  played: PlayedRetry | null;
  mask: Mask;
}

function listWork(
  sources: TaskSources,
  fated: readonly Fated[],
  fates: Fates,
  listing: Listing,
): Omit<RetryOutline, 'simulated' | 'inquiries'> {
  const ofFate = (fate: Fate) => fated.filter((each) => each.fate === fate);
  // Items that are given up are part of their visit.
  const dropped = ofFate('dropped').filter(({ place }) => place.item === null);
  const kept = ofFate('kept');
  const begun = ofFate('again');
  const known = new Set(begun.map(({ key }) => key));
  const waiting = [...fates.visits].flatMap(([key, { again }]) =>
    again && !known.has(key) ? [{ key, place: null }] : [],
  );
  const again = [...begun, ...waiting];
  const effects = fated.filter(({ place, fate }) => fate !== 'kept' && isEffect(sources, place));
  const keysOf = (list: readonly { key: string }[]) => list.map(({ key }) => key);
  return {
    counts: { kept: kept.length, again: again.length, dropped: dropped.length, effects: effects.length },
    kept: kept.slice(0, MAX_PLANNED).map((each) => showKept(sources, each)),
    again: again.slice(0, MAX_PLANNED).map((each) => showAgain(sources, each, fates, listing)),
    dropped: dropped.slice(0, MAX_PLANNED).map((each) => showDropped(sources, each)),
    effects: effects.slice(0, MAX_PLANNED).map((each) => showEffect(sources, each, listing.mask)),
    keys: { kept: keysOf(kept), again: keysOf(again), dropped: keysOf(dropped) },
  };
}

/** Returns whether work outside of the service has begun at a place; that of a visit with items is in the items. */
function isEffect(sources: TaskSources, place: Place): boolean {
  const { visit } = workIn(sources, place);
  if (place.item === null && visit.items !== null) return false;
  const spec = sources.state.actions[actionOf(sources, visit)];
  return spec !== undefined && !spec.inline && !spec.waits && countAttempts(sources, place) > 0;
}

function actionOf({ state }: TaskSources, { name }: { name: string }): string {
  return state.program.tasks.get(name)!.action;
}

function namesOf(sources: TaskSources, { place, key }: Fated): { key: string; name: string; action_ref: string } {
  const { visit } = workIn(sources, place);
  return { key, name: visit.name, action_ref: actionOf(sources, visit) };
}

function showKept(sources: TaskSources, fated: Fated): PlannedRetry['kept'][number] {
  return { ...namesOf(sources, fated), status: statusAt(sources, fated.place) };
}

function showDropped(sources: TaskSources, fated: Fated): PlannedRetry['dropped'][number] {
  const { visit } = workIn(sources, fated.place);
  return {
    ...namesOf(sources, fated),
    was: statusAt(sources, fated.place),
    why: visit.shielded ? 'cleanup' : 'followed',
  };
}

function showAgain(
  sources: TaskSources,
  { key, place }: { key: string; place: Place | null },
  fates: Fates,
  { start, played, mask }: Listing,
): PlannedRetry['again'][number] {
  const { name, visit } = parseTaskKey(key);
  const run = start?.run ?? sources.state.run;
  const action = run.definition.tasks.find((task) => task.name === name)?.action ?? '';
  const input = played?.inputs.get(key);
  const was = place && statusAt(sources, place);
  const why = fates.why(visitKey(name, visit));
  // Each item of a visit that did not succeed has its own reason.
  const isItem = place !== null && place.item !== null && (why === 'failed' || why === 'cancelled');
  return {
    key,
    name,
    action_ref: action,
    was,
    why: isItem ? (was === 'cancelled' ? 'cancelled' : 'failed') : why,
    input: input === undefined ? null : preview(maskTaskInput({ action, input }, run, mask)),
  };
}

function showEffect(sources: TaskSources, { place, key }: Fated, mask: Mask): PlannedRetry['effects'][number] {
  const { action, input, failure, ended, attempts } = taskAt(sources, place);
  const error = failure ?? attempts.findLast((attempt) => attempt.error !== null)?.error ?? null;
  return {
    key,
    action_ref: action,
    idempotent: mayRepeat(sources.state.actions[action]!, input),
    attempts: countAttempts(sources, place),
    ended,
    last_error: error && { type: error.type, message: mask.hideInMessage(error.message).slice(0, SHOWN_MESSAGE) },
  };
}

/** Creates the mask for what the run, its tasks, the input of the retry and the inputs that it would give to its tasks hide. */
function createOutlineMask(
  projection: Projection,
  { start, hidden }: OutlineRequest,
  played: PlayedRetry | null,
): Mask {
  const { run = null, input = null } = projection.opening ?? {};
  const given = start === null ? [] : hiddenIn(start.input, start.run.write_only ?? []);
  const actions = new Map(start?.run.definition.tasks.map(({ name, action }) => [name, action]));
  const inputs = [...(played?.inputs ?? [])].flatMap(([key, each]) => {
    const action = actions.get(parseTaskKey(key).name) ?? '';
    return hiddenInTask(start?.run ?? null, { action, input: each });
  });
  const own = hiddenIn(input, run?.write_only ?? []);
  return createMask([...hidden, ...own, ...given, ...findHiddenInTasks(projection, run), ...inputs]);
}
