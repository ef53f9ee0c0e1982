import { renderValue } from '../language/templates/value.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import { isJsonObject, type Json, jsonSize } from '../model/json.ts';
import { type ActionSpec, MAX_DEPTH_OF_RUNS, MAX_PAYLOAD_BYTES, type Parameters } from '../model/run-input.ts';
import { itemKey, tryKey } from '../model/task-key.ts';
import { MAX_SECONDS } from '../model/words.ts';
import { buildChildInput } from './children.ts';
import { derive } from './derive.ts';
import { end, endItems } from './ends.ts';
import { CLEANUP_SECONDS } from './events.ts';
import { checkActionInput, runInline } from './inline.ts';
import { askPeople } from './inquiries.ts';
import { mayStartItem, renderItems } from './items.ts';
import { armTimer, awaitEvent, hasRoom } from './pending.ts';
import { createScope } from './scope.ts';
import { awaitSignal } from './signals.ts';
import type { Place, RunState, Visit } from './state.ts';
import { countAttempt, endTry, retriesItself } from './tries.ts';
import { BOUNDED_DELAYS } from './versions.ts';
import { mayStart, newWork, taskOf, templateFailure, workAt } from './visits.ts';
import { beginWork, hasTime, spendBytes } from './work.ts';

/** Starts the work at a place: a visit or its delay, more of its items, or another try. Work that may not start stays held. */
export function start(state: RunState, place: Place): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  if (place.item === null && visit.items !== null) {
    if (visit.startedAt === null && mayStart(state, visit)) markStarted(state, visit);
    startItems(state, place.visit);
    return;
  }
  if (!mayStart(state, visit)) {
    if (work.failure !== null) end(state, place, { failure: work.failure, lost: work.lost });
    else visit.status = 'held';
    return;
  }
  beginWork(state);
  if (work.tries > 1) issue(state, place);
  else if (visit.status === 'delayed') launch(state, place.visit);
  else begin(state, place.visit);
}

/** Starts a visit for the first time. */
function begin(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const delay = delayOf(state, visit);
  if (typeof delay !== 'number') {
    markStarted(state, visit);
    end(state, { visit: index, item: null }, delay);
  } else if (delay > 0) {
    visit.status = 'delayed';
    armTimer(state, visit.key, { visit: index, item: null, kind: 'delay' }, delay * 1000);
  } else launch(state, index);
}

/** Runs a visit, or starts its items. */
function launch(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  markStarted(state, visit);
  const plan = taskOf(state, visit).items;
  if (plan === null) {
    run(state, { visit: index, item: null });
    return;
  }
  const found = renderItems(state, visit, plan);
  if ('failure' in found) {
    end(state, { visit: index, item: null }, found);
    return;
  }
  visit.items = found.items;
  startItems(state, index);
}

/** Runs as many items as may run at once; without room or time for more, the rest waits in the queue. */
function startItems(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const items = visit.items!;
  items.queued = true;
  while (mayStartItem(state, visit) && items.running < items.concurrency) {
    if (!hasRoom(state)) {
      visit.together = false;
      state.starting.push({ visit: index, item: null });
      return;
    }
    // The rest starts first in the next slice, so that slices do not change the order of starts.
    if (!hasTime(state)) {
      state.starting.unshift({ visit: index, item: null });
      return;
    }
    const item = items.again.shift() ?? items.work.length;
    items.work[item] = { ...newWork(itemKey(visit.key, item)), status: 'running', started: state.now };
    items.running += 1;
    beginWork(state);
    run(state, { visit: index, item });
  }
  items.queued = false;
  if (items.running === 0) endItems(state, index);
}

function markStarted(state: RunState, visit: Visit): void {
  visit.status = 'running';
  visit.startedAt = state.starts;
  visit.started = state.now;
  state.starts += 1;
}

/** Returns the seconds before a visit starts, or the failure of its delay. */
function delayOf(state: RunState, visit: Visit): number | { failure: Failure } {
  const { delay } = taskOf(state, visit);
  if (delay === null) return visit.wait;
  try {
    const scope = createScope(state, { visit, variables: visit.variables });
    const seconds = derive(state, 'template', () => renderValue(delay, scope));
    if (typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_SECONDS) return visit.wait + seconds;
    const message = `the delay must be a number of seconds from 0 to ${MAX_SECONDS}, not ${JSON.stringify(seconds)}`;
    return { failure: engineFailure('input_invalid', message, { details: { field: 'delay' } }) };
  } catch (error) {
    return { failure: templateFailure(error) };
  }
}

/** Renders the input of work and issues its first try. */
function run(state: RunState, place: Place): void {
  const visit = state.visits[place.visit]!;
  const { variables } = visit;
  try {
    const scope = createScope(state, { visit, variables, item: place.item });
    const { input, index, action } = taskOf(state, visit);
    const work = workAt(state, place);
    const base = `/definition/tasks/${index}/input`;
    const site = state.actions[action]?.workflow ? (`input:${action}` as const) : 'template';
    const rendered = derive(state, site, () => {
      const value = renderValue(input, scope, (path, pieces) => {
        work.secrets = { ...work.secrets, [path.slice(base.length)]: pieces };
      });
      return { value, secrets: work.secrets };
    });
    work.input = rendered.value;
    if (rendered.secrets !== undefined) work.secrets = rendered.secrets;
  } catch (error) {
    end(state, place, { failure: templateFailure(error) });
    return;
  }
  issue(state, place);
}

/** Issues the current try: inline, as a wait, as a sub-workflow, or as an activity. */
function issue(state: RunState, place: Place): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { action } = taskOf(state, visit);
  const spec = state.actions[action];
  if (spec === undefined) {
    end(state, place, { failure: engineFailure('action_unavailable', `there is no action "${action}"`) });
    return;
  }
  const checked = checkActionInput(state, { spec, action, key: tryKey(work) }, work.input);
  if ('failure' in checked) {
    end(state, place, checked);
    return;
  }
  work.input = checked.input;
  const mocked = state.mocked.has(visit.name);
  if (!mocked && (spec.inline || spec.waits !== undefined)) countAttempt(state, place);
  if (spec.inline && !mocked) {
    const result = state.simulated?.endOf(tryKey(work)) ?? runInline(action, work.input);
    if ('output' in result) end(state, place, result);
    else endTry(state, place, result.failure);
  } else if (spec.waits !== undefined && !mocked) wait(state, place, spec.waits);
  else if (spec.workflow) issueChild(state, place);
  else issueActivity(state, place, spec);
}

function issueActivity(state: RunState, place: Place, spec: ActionSpec): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { action, retry, timeout } = taskOf(state, visit);
  const { secrets } = work;
  const large = tooLarge(state, secrets === undefined ? work.input : [work.input, secrets]);
  if (large !== null) {
    end(state, place, large);
    return;
  }
  const key = tryKey(work);
  const { delay, factor, maxDelay } = retry;
  countAttempt(state, place);
  state.commands.push({
    type: 'activity',
    key,
    action,
    spec,
    input: work.input,
    shielded: visit.shielded,
    ...(secrets === undefined ? {} : { secrets }),
    retry: { count: retriesItself(state, visit) ? 0 : retry.count, delay, factor, maxDelay },
    timeout: timeout ?? (visit.shielded ? CLEANUP_SECONDS : spec.timeout),
  });
  awaitEvent(state, key, { ...place, kind: 'activity', due: null });
}

function issueChild(state: RunState, place: Place): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { action, timeout } = taskOf(state, visit);
  const { input } = work;
  const refuse = (type: 'action_unavailable' | 'limit_exceeded' | 'input_invalid', message: string) =>
    end(state, place, { failure: engineFailure(type, message) });
  if ((state.run.depth ?? 0) >= MAX_DEPTH_OF_RUNS) {
    refuse('limit_exceeded', `sub-workflows may be ${MAX_DEPTH_OF_RUNS} levels deep`);
    return;
  }
  if (!isJsonObject(input)) {
    refuse('input_invalid', 'the input of a workflow must be an object');
    return;
  }
  const key = tryKey(work);
  const limit = timeout ?? (visit.shielded ? CLEANUP_SECONDS : undefined);
  const child = buildChildInput(state, { ref: action, key, timeout: limit, input: input as Parameters });
  if (child === null) {
    refuse('action_unavailable', `the workflow "${action}" was not there when the run was started`);
    return;
  }
  if ('failure' in child) {
    end(state, place, child);
    return;
  }
  const large = tooLarge(state, [input, child.run as unknown as Json]);
  if (large !== null) {
    end(state, place, large);
    return;
  }
  countAttempt(state, place);
  state.commands.push({ type: 'child', key, input, ...child, shielded: visit.shielded });
  awaitEvent(state, key, { ...place, kind: 'child', due: null });
}

/** Counts the bytes of a command's input. Returns a failure when it is too large, else null. */
function tooLarge(state: RunState, input: Json): { failure: Failure } | null {
  return derive(state, 'size', () => {
    const bytes = jsonSize(input);
    spendBytes(state, bytes);
    if (bytes <= MAX_PAYLOAD_BYTES) return null;
    const message = `the input has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    return { failure: engineFailure('too_large', message, { details: { field: 'input' } }) };
  });
}

/** Waits for time (`core.delay`), for a signal (`core.wait_signal`) or for people (`core.inquiry`). */
function wait(state: RunState, place: Place, what: 'timer' | 'signal' | 'inquiry'): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const key = tryKey(work);
  if (what === 'inquiry') {
    const failure = askPeople(state, place, key);
    if (failure !== null) end(state, place, { failure });
    return;
  }
  // The schema of the action ensures these types.
  const { seconds, until, name, timeout } = work.input as Partial<Record<string, Json>>;
  if (what === 'signal') {
    const unlimited = visit.shielded ? CLEANUP_SECONDS : null;
    const limit = derive(state, 'time', () => (typeof timeout === 'number' ? timeout : unlimited));
    const early = awaitSignal(state, { place, key, name: name as string, timeout: limit });
    if (early !== undefined) end(state, place, { output: early });
    return;
  }
  if ((seconds === undefined) === (until === undefined)) {
    end(state, place, { failure: engineFailure('input_invalid', 'exactly one of seconds and until is required') });
    return;
  }
  const milliseconds = derive(state, 'time', () =>
    until === undefined ? (seconds as number) * 1000 : Date.parse(until as string) - state.now,
  );
  if (milliseconds > MAX_SECONDS * 1000 && state.version >= BOUNDED_DELAYS) {
    const message = `"until" must be at most ${MAX_SECONDS} seconds (10 years) ahead`;
    end(state, place, { failure: engineFailure('input_invalid', message) });
    return;
  }
  if (milliseconds <= 0) end(state, place, { output: { waited_ms: 0 } });
  else armTimer(state, key, { ...place, kind: 'wait' }, milliseconds);
}
