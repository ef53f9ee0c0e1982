import { findReads, type Reads } from '../language/reads.ts';
import type { CarriedItems, CarriedMiddle, CarriedState, CarriedVisit, CarriedWait } from '../model/carried-state.ts';
import { type Json, jsonSize } from '../model/json.ts';
import { copyCommonFields, copyWork, countersOf, createScopes, isUnfinished } from './carry.ts';
import { derive } from './derive.ts';
import { DRAIN_KEY, type RunEvent } from './events.ts';
import { askedCount, countChanges } from './inquiries.ts';
import { outputAt } from './items.ts';
import type { AskedInquiry, Items, RunState, Visit } from './state.ts';
import { demandsStatements } from './statements.ts';
import { BOUNDED_WORK, CARRIED_START } from './versions.ts';
import { pathBack } from './visits.ts';
import { spanOf } from './work.ts';

/** Bytes of outputs of one visit's items that are carried although nothing reads them. */
const KEPT_BYTES = 64 * 1024;

/**
 * Returns the state with which a run continues as new, while no worker has any of its work: only what the rest of the run can read, so that
 * it stays small however long the chain is. The run and its projection compute the same state.
 */
export function prepareContinuation(state: RunState): CarriedState {
  const reads = findReads(state.program);
  const needed = neededVisits(state, reads);
  const nearest = nearestNeeded(state, needed);
  const table = createScopes();
  const everything = () => true;
  const variables = table.indexOf(state.variables);
  const ended = table.indexOf(state.ended);
  const batches = batchesOf(state, needed);
  const visits = [...needed].map((index): CarriedVisit => {
    const visit = state.visits[index]!;
    const open = visit.endedAt === null;
    const { cleanup, carried, wait, handled, startedAt, endedAt, gathered } = visit;
    const items =
      visit.items === null ? null : carriedItems(state, visit, visit.items, keepsItems(state, reads, visit));
    const work = copyWork(visit);
    return {
      ...work,
      // The history of this run shows visits that ended in it.
      ...(open ? {} : { input: null, output: keepsOutput(state, reads, visit, index) ? work.output : null }),
      ...copyCommonFields(visit, index),
      from: nearest(visit.from),
      ...table.ofVisit(visit, open),
      ...(cleanup ? { cleanup } : {}),
      ...batches(visit),
      carried,
      wait,
      handled,
      startedAt,
      endedAt,
      ...(gathered === null
        ? {}
        : { gathered: { key: gathered.key, arrivals: table.arrivals(gathered.arrivals, (at) => needed.has(at)) } }),
      ...(items === null ? {} : { items }),
    };
  });
  const lineages = new Set([...needed].map((index) => state.visits[index]!.lineage));
  const lives = (lineage: number) => lineage < 0 || lineages.has(lineage);
  const inquiries = [...state.inquiries.values()].filter((inquiry) => staysAsked(state, inquiry, needed));
  const asked = new Set(inquiries.map(({ key }) => key));
  return {
    variables,
    ended,
    visits,
    visited: state.visits.length,
    starting: state.starting.map(({ visit, item }) => (item === null ? visit : [visit, item])),
    gatherings: [...state.gatherings.values()].flatMap(({ name, lineage, round, fired, arrivals }) =>
      fired && !lives(lineage) ? [] : [{ name, lineage, round, fired, arrivals: table.arrivals(arrivals, everything) }],
    ),
    rounds: [...state.roundsOf].filter(([key]) => lives(Number(key.split(' ')[1]))),
    leaves: [...state.leaves],
    signals: [...state.signals.messages].filter(([, payloads]) => payloads.length > 0),
    inquiries: inquiries.map(({ place: { visit, item }, ...inquiry }) => ({ ...inquiry, visit, item })),
    decisions: state.decisions.filter(({ decision }) => asked.has(decision.inquiry)),
    counters: countersOf(state),
    ...(state.run.carried?.children === undefined ? {} : { children: state.run.carried.children }),
    middle: middleOf(state, inquiries),
    scopes: table.scopes,
  };
}

/** Finds the visits that start together among those that wait in the queue or for their delay. */
function batchesOf(
  { starting, visits }: RunState,
  needed: ReadonlySet<number>,
): (visit: Visit) => Pick<CarriedVisit, 'batch' | 'together'> {
  const waiting = new Set(starting.flatMap(({ visit, item }) => (item === null ? [visits[visit]!] : [])));
  for (const index of needed) if (visits[index]!.status === 'delayed') waiting.add(visits[index]!);
  const counts = new Map<number | null, number>();
  for (const { batch } of waiting) counts.set(batch, (counts.get(batch) ?? 0) + 1);
  return (visit) => ({
    ...(visit.batch !== null && waiting.has(visit) && counts.get(visit.batch)! > 1 ? { batch: visit.batch } : {}),
    ...(visit.together ? { together: true } : {}),
  });
}

function middleOf(state: RunState, inquiries: readonly AskedInquiry[]): CarriedMiddle {
  const { started, signals, paused, controls, failure, lost, also, turn, backlog, version } = state;
  const waits = [...state.pending].flatMap(([key, { kind, visit, item, due, signal }]): CarriedWait[] =>
    key === DRAIN_KEY
      ? []
      : [{ key, kind: kind as CarriedWait['kind'], visit, item, due, ...(signal === undefined ? {} : { signal }) }],
  );
  const waiters = [...signals.waiters].flatMap(([name, keys]): [string, string[]][] => {
    const waiting = keys.filter((key) => state.pending.get(key)?.signal === name);
    return waiting.length === 0 ? [] : [[name, waiting]];
  });
  const asked = askedCount(state) - countChanges(inquiries);
  const began = version < CARRIED_START ? undefined : state.run.carried?.middle?.content;
  const content = version < CARRIED_START ? undefined : (began ?? derive(state, 'start', () => state.content?.()));
  return {
    started,
    tasks: [...state.visitsOf.keys()],
    waits,
    waiters,
    dropped: signals.dropped,
    paused,
    controls,
    asked,
    failure,
    lost,
    also,
    ...(turn === null ? {} : { turn }),
    ...(version < BOUNDED_WORK ? {} : { span: spanOf(state) }),
    ...(demandsStatements(state) ? { statements: state.statements, newest_control: state.newestControl } : {}),
    ...(content === undefined ? {} : { content }),
    ...(backlog.length === 0 ? {} : { backlog: backlog.flatMap(signalIn) }),
  };
}

/** Returns the signal of an event. A timer that has fired is armed again, and no other event can be in the backlog. */
function signalIn(event: RunEvent): [name: string, payload: Json][] {
  return event.type === 'signal' ? [[event.name, event.payload]] : [];
}

/** Returns whether an inquiry is open, or its outcome can still be read. */
function staysAsked({ pending, visits }: RunState, { key, place, outcome }: AskedInquiry, needed: ReadonlySet<number>) {
  if (pending.get(key)?.kind === 'inquiry') return true;
  if (outcome === null || !needed.has(place.visit)) return false;
  return (
    place.item === null || (visits[place.visit]!.endedAt === null && isOpen(visits[place.visit]!.items!, place.item))
  );
}

function isOpen({ work }: Items, item: number): boolean {
  return work[item] !== undefined && work[item].status !== 'succeeded';
}

/** Returns the indexes of the visits that the rest of the run may still read, in order. */
function neededVisits(state: RunState, reads: Reads): ReadonlySet<number> {
  const { visits, visitsOf, leaves } = state;
  const from = openVisits(state);
  const several = [...visitsOf].flatMap(([name, indexes]) => (indexes.length > 1 && reads.output(name) ? [name] : []));
  const needed = new Set([...from, ...visitsSeenByRetries(state, several)]);
  for (const index of from) {
    const { gathered } = visits[index]!;
    for (const { visit } of gathered?.arrivals.values() ?? []) needed.add(visit);
    for (const found of seenFrom(state, index, several)) needed.add(found);
    // Among visits that the word `retry` led to, only the first has the arrivals at a join.
    for (let at = index; (visits[at]?.retried ?? 0) > 0; needed.add(at)) at = visits[at]!.from[0]!;
  }
  for (const index of [...needed]) {
    const { error } = visits[index]!;
    if (error !== null && visits[error] !== undefined) needed.add(error);
  }
  for (const index of leaves.values()) needed.add(index);
  // An arrival at a join may belong to a visit that an earlier run of the chain did not carry.
  return new Set([...needed].filter((index) => visits[index] !== undefined).sort((a, b) => a - b));
}

/** Returns the visits that the run may continue from, and for each task its latest visit and the one that ended last. */
function openVisits(state: RunState): Set<number> {
  const { visits, visitsOf, gatherings } = state;
  const open = new Set<number>();
  visits.forEach((visit, index) => {
    if (visit.endedAt === null || isUnfinished(visit)) open.add(index);
  });
  for (const { arrivals } of gatherings.values()) for (const { visit } of arrivals.values()) open.add(visit);
  for (const indexes of visitsOf.values()) {
    open.add(indexes.at(-1)!);
    open.add(lastEnded(state, indexes));
  }
  return open;
}

function lastEnded({ visits }: RunState, indexes: readonly number[]): number {
  const endOf = (index: number) => visits[index]!.endedAt ?? -1;
  return indexes.reduce((last, index) => (endOf(index) > endOf(last) ? index : last));
}

/**
 * Returns the visits that a retry may see. A retry may go back to the latest visit of any task; where no path leads to a task, it sees the
 * visit that ended last before.
 */
function visitsSeenByRetries(state: RunState, names: readonly string[]): number[] {
  const { visits, visitsOf } = state;
  return [...visitsOf.values()].flatMap((indexes) => {
    const gone = new Set([indexes.at(-1)!]);
    visits.forEach((visit, index) => {
      if (visit.from.some((before) => gone.has(before))) gone.add(index);
    });
    return names.flatMap((name) => {
      const left = visitsOf.get(name)!.filter((index) => !gone.has(index));
      return left.length > 0 ? [lastEnded(state, left)] : [];
    });
  });
}

/** Returns the visits that names mean on the paths that led to a visit: the latest of each. */
function seenFrom(state: RunState, index: number, names: readonly string[]): number[] {
  const wanted = new Set(names);
  const found: number[] = [];
  for (const [earlier, { name }] of pathBack(state, state.visits[index]!.from)) {
    if (wanted.size === 0) break;
    if (wanted.delete(name)) found.push(earlier);
  }
  return found;
}

/** Returns a function that leads back from visits to the nearest needed ones. */
function nearestNeeded({ visits }: RunState, needed: ReadonlySet<number>): (from: readonly number[]) => number[] {
  const known = new Map<number, number[]>();
  visits.forEach(({ from }, index) => {
    // The visits that lead to a visit have lower indexes, so they are known by now.
    if (!needed.has(index)) known.set(index, nearest(from));
  });
  function nearest(from: readonly number[]): number[] {
    return [...new Set(from.flatMap((index) => (needed.has(index) ? [index] : (known.get(index) ?? []))))];
  }
  return nearest;
}

/** Returns whether anything may read the output of a visit that has ended. */
function keepsOutput(state: RunState, reads: Reads, visit: Visit, index: number): boolean {
  if (reads.output(visit.name)) return true;
  const result = state.leaves.get(visit.name) === index || index === state.visits.length - 1;
  return state.program.output === null && result;
}

/** Returns whether anything may read the outputs of a visit's items. */
function keepsItems({ program }: RunState, reads: Reads, { name }: Visit): boolean {
  if (reads.items(name)) return true;
  const leads = program.tasks
    .get(name)!
    .transitions.some(({ on, when, targets }) => on !== 'failure' && when === null && targets.length > 0);
  return program.output === null && !leads;
}

/** Returns the items that a visit still needs; null: it needs none. */
function carriedItems(state: RunState, visit: Visit, items: Items, keeps: boolean): CarriedItems | null {
  const { list, concurrency, work, again, failed } = items;
  const open = visit.endedAt === null;
  // A failure that was not handled may be retried: its items without success run again.
  if (!open && (visit.status === 'succeeded' || visit.handled)) return null;
  const places = work.flatMap((_, item) => (isOpen(items, item) ? [item] : []));
  const outputs = Array.from(work, (_, item) => outputAt(items, item));
  // Small outputs are carried anyway, since a failure lists them.
  const kept = !items.forgotten && (keeps || derive(state, 'size', () => jsonSize(outputs) <= KEPT_BYTES));
  return {
    list: list.slice(work.length),
    first: work.length,
    begun: work.length,
    concurrency,
    places,
    values: places.map((item): [number, Json] => [item, list[item] ?? null]),
    work: places.map((item) => copyWork(work[item]!)),
    ...(kept ? { outputs } : { forgotten: true as const }),
    again: [...again],
    failed: [...failed],
  };
}
