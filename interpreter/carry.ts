import type { CarriedArrival, CarriedScope, CarriedState, CarriedVisit, CarriedWork } from '../model/carried-state.ts';
import { emptyQueue } from './signals.ts';
import type { Items, Published, RunState, Variables, Visit, VisitStatus, Work } from './state.ts';
import { newWork } from './visits.ts';

/** What of a run is run again, and what stays. */
export interface Carried {
  state: CarriedState;
  /** Keys of visits and items that are run again, and that stay as they are. */
  again: string[];
  kept: string[];
}

/**
 * The state of a run that has ended, as another run goes on from it: what failed without being handled, was cancelled, or had
 * not begun is to be done, of items only those without success; everything else stays (design/api.md, Retry). With a task, its
 * latest visit is done again too, and what followed from it is forgotten. Null: nothing is left to do.
 */
export function carry(state: RunState, task: string | null): Carried | null {
  const { visits } = state;
  const latest = task === null ? undefined : state.visitsOf.get(task)?.at(-1);
  const again = new Set(visits.flatMap((visit, index) => (isUnfinished(visit) ? [index] : [])));
  if (latest !== undefined) again.add(latest);
  const forgotten = new Set(visits.flatMap((visit, index) => (visit.shielded ? [index] : [])));
  for (const [index, { from }] of visits.entries()) {
    // What leads to a visit has a lower index than the visit itself.
    if (from.some((before) => forgotten.has(before) || again.has(before))) forgotten.add(index);
  }
  for (const index of forgotten) again.delete(index);
  if (again.size === 0) return null;
  const kept = visits.flatMap((_, index) => (forgotten.has(index) ? [] : [index]));
  const place = new Map(kept.map((index, at) => [index, at]));
  const at = (index: number): number => (index < 0 ? index : (place.get(index) ?? -1));
  const table = createScopes();
  const stays = (index: number) => place.has(index) && !again.has(index);
  const arrivalsOf = (arrivals: Iterable<[string, { visit: number; variables: Variables }]>): CarriedArrival[] =>
    [...arrivals].flatMap(([name, { visit, variables }]) =>
      stays(visit) ? [[name, at(visit), table.indexOf(variables)] as CarriedArrival] : [],
    );

  const carriedVisits = kept.map((index): CarriedVisit => {
    const visit = visits[index]!;
    const fresh = again.has(index);
    const items = carriedItems(visit, fresh && latest !== index);
    return {
      ...(fresh ? freshWork() : workOf(visit)),
      ...{
        name: visit.name,
        visit: visit.visit,
        from: visit.from.map(at),
        error: visit.error === null ? null : at(visit.error),
      },
      lineage: at(visit.lineage),
      scope: table.indexOf(fresh ? visit.began : visit.variables),
      ...{
        retried: visit.retried,
        wait: fresh ? 0 : visit.wait,
        handled: !fresh && visit.handled,
        created: visit.created,
      },
      ...{ startedAt: fresh ? null : visit.startedAt, endedAt: fresh ? null : visit.endedAt },
      ...(visit.gathered === null
        ? {}
        : { gathered: { key: visit.gathered.key, arrivals: arrivalsOf(visit.gathered.arrivals) } }),
      ...(items === null ? {} : { items }),
    };
  });
  const gatherings = new Map<string, CarriedState['gatherings'][number]>();
  for (const [key, { name, lineage, round, fired, arrivals }] of state.gatherings) {
    if (lineage >= 0 && !place.has(lineage)) continue;
    gatherings.set(key, { name, lineage: at(lineage), round, fired, arrivals: arrivalsOf(arrivals) });
  }
  // A join that is forgotten waits again, with what has not to be done again.
  for (const index of forgotten) {
    const { gathered, name, lineage } = visits[index]!;
    if (gathered === null || (lineage >= 0 && !place.has(lineage))) continue;
    const round = Number(gathered.key.split(' ').at(-1));
    gatherings.set(gathered.key, {
      name,
      lineage: at(lineage),
      round,
      fired: false,
      arrivals: arrivalsOf(gathered.arrivals),
    });
  }
  const carriedState: CarriedState = {
    variables: table.indexOf(state.variables),
    ended: table.indexOf(state.ended),
    visits: carriedVisits,
    starting: kept.flatMap((index, order) => (again.has(index) ? [order] : [])),
    gatherings: [...gatherings.values()],
    rounds: roundsOf(state, stays, at),
    leaves: [...state.leaves].flatMap(([name, index]) => (stays(index) ? [[name, at(index)] as [string, number]] : [])),
    signals: [...state.signals.messages],
    inquiries: [...state.inquiries.values()].flatMap(({ place: { visit, item }, ...inquiry }) =>
      stays(visit) && inquiry.outcome !== null ? [{ ...inquiry, visit: at(visit), item }] : [],
    ),
    decisions: state.decisions,
    counters: { endings: state.endings, starts: state.starts, published: state.published, drawn: state.drawn },
    scopes: table.scopes,
  };
  const keyOf = (index: number) => visits[index]!.key;
  return { state: carriedState, again: [...again].map(keyOf), kept: kept.filter(stays).map(keyOf) };
}

/** Whether a visit has not done what it was to do: it did not begin, was cancelled, or failed and nothing took that. */
function isUnfinished({ status, handled }: Visit): boolean {
  if (status === 'succeeded') return false;
  return !((status === 'failed' || status === 'timed_out') && handled);
}

/** How often what stays has arrived at joins with rounds. */
function roundsOf(
  state: RunState,
  stays: (index: number) => boolean,
  at: (index: number) => number,
): CarriedState['rounds'] {
  const rounds: CarriedState['rounds'] = [];
  for (const [key, count] of state.roundsOf) {
    const [join = '', lineage = '', task = ''] = key.split(' ');
    const own = Number(lineage);
    if (own >= 0 && at(own) < 0) continue;
    // Each visit that is gone or done again had arrived once at most.
    const gone = (state.visitsOf.get(task) ?? []).filter(
      (index) => !stays(index) && state.visits[index]!.endedAt !== null,
    );
    const left = count - gone.filter((index) => state.visits[index]!.lineage === own).length;
    if (left > 0) rounds.push([`${join} ${at(own)} ${task}`, left]);
  }
  return rounds;
}

function carriedItems(visit: Visit, again: boolean): NonNullable<CarriedVisit['items']> | null {
  const { items, status } = visit;
  if (items === null) return null;
  if (status === 'succeeded') {
    return { list: [...items.list], concurrency: items.concurrency, work: items.work.map(workOf), again: [] };
  }
  // A visit that is done again from its beginning renders its list again.
  if (!again) return null;
  const redone = items.work.flatMap((work, index) => (work.status === 'succeeded' ? [] : [index]));
  return {
    ...{ list: [...items.list], concurrency: items.concurrency, again: redone },
    work: items.work.map((work) => (work.status === 'succeeded' ? workOf(work) : freshWork())),
  };
}

function workOf({ status, tries, reissues, input, output, failure, lost, started, ended }: Work): CarriedWork {
  const known = status === 'running' || status === 'delayed' ? 'held' : status;
  return { status: known, tries, reissues, input, output, failure, lost, started, ended };
}

function freshWork(): CarriedWork {
  const { key: _, skipped: __, ...work } = newWork('');
  return { ...work, status: 'held' };
}

/** Scopes by number: many visits share one. */
function createScopes() {
  const scopes: CarriedScope[] = [];
  const numbers = new Map<Variables, number>();
  return {
    scopes,
    indexOf(variables: Variables): number {
      const known = numbers.get(variables);
      if (known !== undefined) return known;
      numbers.set(variables, scopes.length);
      return scopes.push([...variables].map(([name, { number, value }]) => [name, number, value])) - 1;
    },
  };
}

/** Puts a run that has not begun where another one stood. */
export function restore(state: RunState, carried: CarriedState): void {
  const scopes = carried.scopes.map(
    (scope): Map<string, Published> => new Map(scope.map(([name, number, value]) => [name, { number, value }])),
  );
  const arrivalsOf = (arrivals: readonly CarriedArrival[]) =>
    new Map(arrivals.map(([task, visit, scope]) => [task, { visit, variables: scopes[scope]! }]));
  state.variables = scopes[carried.variables]!;
  state.ended = new Map(scopes[carried.ended]!);
  for (const [index, visit] of carried.visits.entries()) {
    const { name, gathered, items, scope, status, ...rest } = visit;
    const indexes = state.visitsOf.get(name) ?? [];
    const key = visit.visit === 1 ? name : `${name}#${visit.visit}`;
    indexes.push(index);
    state.visitsOf.set(name, indexes);
    state.visits.push({
      ...rest,
      ...{ key, name, status, variables: scopes[scope]!, began: scopes[scope]!, cleanup: false, shielded: false },
      ...{ carried: status !== 'held', skipped: null },
      gathered: gathered === undefined ? null : { key: gathered.key, arrivals: arrivalsOf(gathered.arrivals) },
      items: items === undefined ? null : restoredItems(key, items),
    });
  }
  state.starting = carried.starting.map((visit) => ({ visit, item: null }));
  for (const { name, lineage, round, fired, arrivals } of carried.gatherings) {
    const gathering = { name, lineage, round, fired, arrivals: arrivalsOf(arrivals) };
    state.gatherings.set(`${name} ${lineage} ${round}`, gathering);
  }
  state.roundsOf = new Map(carried.rounds);
  state.leaves = new Map(carried.leaves);
  state.signals = {
    ...emptyQueue(),
    messages: new Map(carried.signals.map(([name, payloads]) => [name, [...payloads]])),
  };
  for (const payload of carried.signals.flatMap(([, payloads]) => payloads)) {
    state.signals.count += 1;
    state.signals.bytes += JSON.stringify(payload).length;
  }
  for (const { visit, item, ...inquiry } of carried.inquiries) {
    state.inquiries.set(inquiry.key, { ...inquiry, place: { visit, item } });
  }
  state.decisions = [...carried.decisions];
  Object.assign(state, carried.counters);
}

function restoredItems(key: string, { list, concurrency, work, again }: NonNullable<CarriedVisit['items']>): Items {
  return {
    ...{ list, concurrency, again: [...again], running: 0, failed: [], queued: false },
    work: work.map((each, index) => ({
      ...each,
      skipped: null,
      key: `${key}[${index}]`,
      status: each.status satisfies VisitStatus,
    })),
  };
}
