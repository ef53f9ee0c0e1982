import type {
  CarriedArrival,
  CarriedItems,
  CarriedScope,
  CarriedState,
  CarriedVisit,
  CarriedWork,
} from '../model/carried-state.ts';
import type { DelegationRecord } from '../model/delegation.ts';
import type { Vote } from '../model/inquiry.ts';
import type { Json } from '../model/json.ts';
import type { AskedInquiry, Items, RunState, Visit, Work } from './state.ts';
import type { Variables } from './variables.ts';
import { newWork } from './visits.ts';

/** The state for a retry, and what it repeats and keeps. */
export interface Carried {
  state: CarriedState;
  /** Keys of the visits and items that run again, of those that stay as they are, and of those that the state no longer has. */
  again: string[];
  kept: string[];
  dropped: string[];
}

/** Visits and items that run again although they succeeded, because their decisions no longer hold. */
export interface Reopened {
  visits: Set<number>;
  items: Map<number, Set<number>>;
}

const NOTHING_REOPENED: Reopened = { visits: new Set(), items: new Map() };

/**
 * Returns the state with which a retry continues a run that has ended: visits that failed without being handled, were cancelled, or
 * had not begun run again, with only those items that did not succeed; everything else stays. With a task, its latest visit runs again
 * too, and everything that followed from it is dropped. Returns null when nothing is left to do.
 */
export function carry(state: RunState, task: string | null, reopened = NOTHING_REOPENED): Carried | null {
  const { visits } = state;
  const latest = task === null ? undefined : state.visitsOf.get(task)?.at(-1);
  const again = new Set(visits.flatMap((visit, index) => (isUnfinished(visit) ? [index] : [])));
  // A visit that runs again from its beginning renders its list again.
  const anew = new Set(reopened.visits);
  if (latest !== undefined) anew.add(latest);
  for (const index of [...anew, ...reopened.items.keys()]) again.add(index);
  const forgotten = new Set(visits.flatMap((visit, index) => (visit.shielded ? [index] : [])));
  visits.forEach(({ from }, index) => {
    // The visits that lead to a visit have lower indexes than the visit itself.
    if (from.some((before) => forgotten.has(before) || again.has(before))) forgotten.add(index);
  });
  for (const index of forgotten) again.delete(index);
  if (again.size === 0) return null;
  const kept = visits.flatMap((_, index) => (forgotten.has(index) ? [] : [index]));
  const table = createScopes();
  const stays = (index: number) => !forgotten.has(index) && !again.has(index);
  const staysItem = (visit: number, item: number | null) =>
    item !== null &&
    again.has(visit) &&
    !anew.has(visit) &&
    visits[visit]!.items?.work[item]?.status === 'succeeded' &&
    !reopened.items.get(visit)?.has(item);
  const staying = (arrivals: Arrivals) => table.arrivals(arrivals, stays);

  const carriedVisits = kept.map((index): CarriedVisit => {
    const visit = visits[index]!;
    const fresh = again.has(index);
    const items =
      visit.items === null || anew.has(index) ? null : carriedItems(visit.items, fresh, reopened.items.get(index));
    return {
      ...(fresh ? freshWork() : copyWork(visit)),
      ...copyCommonFields(visit, index),
      ...table.ofVisit(visit, fresh),
      wait: fresh ? 0 : visit.wait,
      handled: !fresh && visit.handled,
      startedAt: fresh ? null : visit.startedAt,
      endedAt: fresh ? null : visit.endedAt,
      ...(visit.gathered === null
        ? {}
        : { gathered: { key: visit.gathered.key, arrivals: staying(visit.gathered.arrivals) } }),
      ...(items === null ? {} : { items }),
    };
  });
  const gatherings = new Map<string, CarriedState['gatherings'][number]>();
  for (const [key, { name, lineage, round, fired, arrivals }] of state.gatherings) {
    if (forgotten.has(lineage)) continue;
    gatherings.set(key, { name, lineage, round, fired, arrivals: staying(arrivals) });
  }
  // A join that is dropped waits again, with the arrivals of visits that do not run again.
  for (const index of forgotten) {
    const { gathered, name, lineage } = visits[index]!;
    if (gathered === null || forgotten.has(lineage)) continue;
    const round = Number(gathered.key.split(' ').at(-1));
    gatherings.set(gathered.key, { name, lineage, round, fired: false, arrivals: staying(gathered.arrivals) });
  }
  const inquiries = [...state.inquiries.values()].flatMap(({ place: { visit, item }, ...inquiry }) =>
    (stays(visit) || staysItem(visit, item)) && inquiry.outcome !== null
      ? [{ ...inquiry, ...keptAnswers(inquiry, state), visit, item }]
      : [],
  );
  const carriedState: CarriedState = {
    variables: table.indexOf(state.variables),
    ended: table.indexOf(state.ended),
    visits: carriedVisits,
    visited: visits.length,
    starting: kept.filter((index) => again.has(index)),
    gatherings: [...gatherings.values()],
    rounds: roundsOf(state, stays, forgotten),
    leaves: [...state.leaves].filter(([, index]) => stays(index)),
    signals: [...state.signals.messages],
    inquiries,
    decisions: state.decisions.filter(({ decision }) => inquiries.some(({ key }) => key === decision.inquiry)),
    counters: countersOf(state),
    scopes: table.scopes,
  };
  const keyOf = (index: number) => visits[index]!.key;
  return {
    state: carriedState,
    again: [...again].map(keyOf),
    kept: kept.filter(stays).map(keyOf),
    dropped: [...forgotten].map(keyOf),
  };
}

/** Returns the votes and the delegations that count, with the execution in which they were made. */
function keptAnswers(
  { votes, delegations = [] }: Pick<AskedInquiry, 'votes' | 'delegations'>,
  { info }: RunState,
): Pick<AskedInquiry, 'votes' | 'delegations'> {
  const kept = <T extends Vote | DelegationRecord>(made: T): T => ({
    ...made,
    carried_from: made.carried_from ?? info.id,
  });
  const held = delegations.filter(({ verdict }) => verdict.result === 'delegated');
  return { votes: votes.map(kept), ...(held.length === 0 ? {} : { delegations: held.map(kept) }) };
}

/** Returns whether a visit is unfinished: it did not begin, was cancelled, or failed without being handled. */
export function isUnfinished({ status, handled }: Visit): boolean {
  if (status === 'succeeded') return false;
  return !((status === 'failed' || status === 'timed_out') && handled);
}

/** Returns how often the kept visits have arrived at joins with rounds. */
function roundsOf(
  state: RunState,
  stays: (index: number) => boolean,
  forgotten: ReadonlySet<number>,
): CarriedState['rounds'] {
  const rounds: CarriedState['rounds'] = [];
  for (const [key, count] of state.roundsOf) {
    const [, lineage = '', task = ''] = key.split(' ');
    const own = Number(lineage);
    if (forgotten.has(own)) continue;
    // Each visit that is dropped or repeated had arrived at most once.
    const gone = (state.visitsOf.get(task) ?? []).filter(
      (index) => !stays(index) && state.visits[index]!.endedAt !== null,
    );
    const left = count - gone.filter((index) => state.visits[index]!.lineage === own).length;
    if (left > 0) rounds.push([key, left]);
  }
  return rounds;
}

/** Returns the items of a visit. `again`: items without success, and reopened ones, run again. */
function carriedItems(
  { list, first, concurrency, work, outputs, forgotten }: Items,
  again: boolean,
  reopened: ReadonlySet<number> = new Set(),
): CarriedItems {
  const places = work.flatMap((_, index) => [index]);
  const isAgain = (index: number) => work[index]!.status !== 'succeeded' || reopened.has(index);
  const redone = again ? places.filter(isAgain) : [];
  const fresh = new Set(redone);
  const complete = places.length === work.length;
  return {
    list: list.slice(first),
    concurrency,
    again: redone,
    work: places.map((index) => (fresh.has(index) ? freshWork() : copyWork(work[index]!))),
    ...(complete ? {} : { places, begun: work.length, outputs: dense(outputs) }),
    ...(first === 0 ? {} : { first, values: redone.map((index): [number, Json] => [index, list[index] ?? null]) }),
    ...(forgotten ? { forgotten } : {}),
  };
}

/** Returns the fields of a visit that stay the same however it continues. */
export function copyCommonFields(visit: Visit, index: number) {
  const { name, from, error, lineage, retried, created } = visit;
  return { index, name, visit: visit.visit, from: [...from], error, lineage, retried, created };
}

/** Returns work as it stands. */
export function copyWork({
  status,
  tries,
  reissues,
  postponed,
  postponedSince: since,
  attempts,
  input,
  secrets,
  output,
  failure,
  lost,
  skipped,
  started,
  ended,
}: Work): CarriedWork {
  const beside = {
    ...(postponed === 0 ? {} : { postponed }),
    ...(since === undefined ? {} : { postponedSince: since }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(secrets === undefined ? {} : { secrets }),
  };
  return { status, tries, reissues, input, ...beside, output, failure, lost, skipped, started, ended };
}

function freshWork(): CarriedWork {
  return { ...copyWork(newWork('')), status: 'held' };
}

/** Returns a list without holes, since JSON has none. */
function dense(values: readonly Json[]): Json[] {
  return Array.from(values, (value) => value ?? null);
}

/** Returns the counters of a run. */
export function countersOf({ endings, starts, published, drawn }: RunState): CarriedState['counters'] {
  return { endings, starts, published, drawn };
}

type Arrivals = ReadonlyMap<string, { visit: number; variables: Variables }>;

/** Creates a table of scopes, numbered because many visits share one. */
export function createScopes() {
  const scopes: CarriedScope[] = [];
  const numbers = new Map<Variables, number>();
  const indexOf = (variables: Variables): number => {
    const known = numbers.get(variables);
    if (known !== undefined) return known;
    numbers.set(variables, scopes.length);
    return scopes.push([...variables].map(([name, { number, value }]) => [name, number, value])) - 1;
  };
  return {
    scopes,
    indexOf,

    /** Returns the scopes of a visit; for a `fresh` one, the scope that it begins with. */
    ofVisit({ began, variables }: Visit, fresh: boolean): Pick<CarriedVisit, 'scope' | 'began'> {
      if (fresh || began === variables) return { scope: indexOf(began) };
      return { scope: indexOf(variables), began: indexOf(began) };
    },

    /** Returns the arrivals of the visits that stay. */
    arrivals: (arrivals: Arrivals, stays: (index: number) => boolean): CarriedArrival[] =>
      [...arrivals].flatMap(([name, { visit, variables }]) =>
        stays(visit) ? [[name, visit, indexOf(variables)] as CarriedArrival] : [],
      ),
  };
}
