import type { Observer } from './derive.ts';
import type { AskedInquiry, Gathering, Items, RunState, RunWork, SignalQueue, Visit, Work } from './state.ts';

/**
 * Returns a copy of the state of a run between two steps, which continues independently, with its own observer. The two share everything
 * that never changes: the program, the run, JSON values, variables, failures, and work that has ended.
 */
export function copyState(state: RunState, observer: Observer | undefined): RunState {
  const { statements, visitsOf, pending, inquiries, gatherings } = state;
  return {
    ...state,
    observer,
    statements: { ...statements, refusals: [...statements.refusals] },
    signals: copySignals(state.signals),
    inquiries: copyMap(inquiries, copyInquiry),
    decisions: [...state.decisions],
    controls: [...state.controls],
    // The visits that an earlier run of a chain did not pass on are holes, and stay so.
    visits: state.visits.map(copyVisit),
    visitsOf: copyMap(visitsOf, (indexes) => [...indexes]),
    pending: copyMap(pending, (each) => ({ ...each })),
    starting: [...state.starting],
    gatherings: copyMap(gatherings, copyGathering),
    roundsOf: new Map(state.roundsOf),
    leaves: new Map(state.leaves),
    commands: [...state.commands],
    work: copyCounters(state.work),
    backlog: [...state.backlog],
    also: [...state.also],
  };
}

function copyMap<K, V>(map: ReadonlyMap<K, V>, copy: (value: V) => V): Map<K, V> {
  const copied = new Map<K, V>();
  for (const [key, value] of map) copied.set(key, copy(value));
  return copied;
}

function copySignals(signals: SignalQueue): SignalQueue {
  return {
    ...signals,
    messages: copyMap(signals.messages, (payloads) => [...payloads]),
    waiters: copyMap(signals.waiters, (keys) => [...keys]),
  };
}

/** An inquiry may change after it has ended: delegations that come too late are recorded. */
function copyInquiry(inquiry: AskedInquiry): AskedInquiry {
  return { ...inquiry, votes: [...inquiry.votes] };
}

function copyGathering(gathering: Gathering): Gathering {
  return { ...gathering, arrivals: new Map(gathering.arrivals) };
}

/** A visit is complete once its end has a position: its transitions and publishes follow in the same step. */
function copyVisit(visit: Visit): Visit {
  if (visit.endedAt !== null) return visit;
  const copied = copyWork(visit);
  if (visit.items !== null) copied.items = copyItems(visit.items);
  return copied;
}

/** Only the places of items change once they have ended: one that runs again is another object. */
function copyItems(items: Items): Items {
  return {
    ...items,
    work: items.work.map((work) => (work.ended === null ? copyWork(work) : work)),
    again: [...items.again],
    failed: [...items.failed],
  };
}

function copyWork<W extends Work>(work: W): W {
  const copied = { ...work };
  if (work.made !== undefined) copied.made = work.made.map((each) => ({ ...each }));
  return copied;
}

function copyCounters(work: RunWork): RunWork {
  return { ...work, meter: work.meter?.copy() };
}
