import type { CarriedArrival, CarriedItems, CarriedMiddle, CarriedState } from '../model/carried-state.ts';
import { jsonSize } from '../model/json.ts';
import { itemKey, visitKey } from '../model/task-key.ts';
import { armTimer, awaitEvent } from './pending.ts';
import { emptyQueue } from './signals.ts';
import type { Items, RunState, Visit, Work } from './state.ts';
import { type Published, Variables } from './variables.ts';

/** Restores carried state into the state of a run that has not begun. */
export function restore(state: RunState, carried: CarriedState): void {
  const scopes = carried.scopes.map((scope) => {
    const published = scope.map(([name, number, value]): [string, Published] => [name, { number, value }]);
    return new Variables([new Map(published)]);
  });
  const arrivalsOf = (arrivals: readonly CarriedArrival[]) =>
    new Map(arrivals.map(([task, visit, scope]) => [task, { visit, variables: scopes[scope]! }]));
  state.variables = scopes[carried.variables]!;
  state.ended = new Variables().merged(scopes[carried.ended]!);
  for (const name of carried.middle?.tasks ?? []) state.visitsOf.set(name, []);
  state.visits = new Array<Visit>(carried.visited ?? carried.visits.length);
  for (const [place, each] of carried.visits.entries()) {
    const { index = place, name, gathered, items, scope, began = scope, status, carried: before, ...rest } = each;
    const indexes = state.visitsOf.get(name) ?? [];
    const key = visitKey(name, each.visit);
    indexes.push(index);
    state.visitsOf.set(name, indexes);
    state.visits[index] = {
      cleanup: false,
      skipped: null,
      postponed: 0,
      batch: null,
      together: false,
      ...rest,
      key,
      name,
      status,
      variables: scopes[scope]!,
      began: scopes[began]!,
      shielded: false,
      carried: before ?? status !== 'held',
      gathered: gathered === undefined ? null : { key: gathered.key, arrivals: arrivalsOf(gathered.arrivals) },
      items: items === undefined ? null : restoredItems(key, items),
    };
  }
  state.starting = carried.starting.map((place) =>
    typeof place === 'number' ? { visit: place, item: null } : { visit: place[0], item: place[1] },
  );
  for (const { visit, item } of state.starting) {
    const { items } = state.visits[visit]!;
    if (item === null && items !== null) items.queued = true;
  }
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
    state.signals.bytes += jsonSize(payload);
  }
  for (const { visit, item, ...inquiry } of carried.inquiries) {
    // Votes are added in place: the carried state is that of the run before, and of whoever else begins with it.
    state.inquiries.set(inquiry.key, { ...inquiry, votes: [...inquiry.votes], place: { visit, item } });
  }
  state.decisions = [...carried.decisions];
  Object.assign(state, carried.counters);
  if (carried.middle !== undefined) restoreMiddle(state, carried.middle);
}

/** Awaits again everything that the earlier run awaited; timers run for the rest of their time. */
function restoreMiddle(state: RunState, middle: CarriedMiddle): void {
  const { started, waits, waiters, dropped, paused, controls, asked, failure, lost, also, turn = null } = middle;
  const { backlog = [], statements, newest_control = 0 } = middle;
  for (const { key, due, ...pending } of waits) {
    if (due === null) awaitEvent(state, key, { ...pending, due });
    else armTimer(state, key, pending, Math.max(1, due - state.now));
  }
  state.signals.waiters = new Map(waiters.map(([name, keys]) => [name, [...keys]]));
  state.signals.dropped = dropped;
  Object.assign(state, { started, paused, asked, failure, lost, turn });
  state.controls = [...controls];
  state.backlog = backlog.map(([name, payload]) => ({ type: 'signal', name, payload }));
  state.also = [...also];
  if (statements !== undefined) Object.assign(state.statements, { ...statements, refusals: [...statements.refusals] });
  state.newestControl = newest_control;
}

function restoredItems(key: string, carried: CarriedItems): Items {
  const { list: rest, first = 0, values = [], concurrency, places, begun, outputs = [], again, failed = [] } = carried;
  const list = new Array<Items['list'][number]>(first + rest.length);
  for (const [at, value] of rest.entries()) list[first + at] = value;
  for (const [item, value] of values) list[item] = value;
  const work = new Array<Work>(begun ?? carried.work.length);
  for (const [at, each] of carried.work.entries()) {
    const item = places?.[at] ?? at;
    work[item] = { skipped: null, postponed: 0, ...each, key: itemKey(key, item) };
  }
  const running = carried.work.filter(({ status }) => status === 'running').length;
  return {
    list,
    first,
    concurrency,
    work,
    outputs: [...outputs],
    forgotten: carried.forgotten ?? false,
    again: [...again],
    running,
    failed: [...failed],
    queued: false,
  };
}
