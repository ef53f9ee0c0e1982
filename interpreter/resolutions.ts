import { readSkip } from '../model/control.ts';
import { engineFailure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { endDrain } from './drain.ts';
import { end } from './ends.ts';
import type { Fault, RunEvent } from './events.ts';
import { classifyFault } from './fault.ts';
import { schemaFailure } from './inline.ts';
import { takeDue } from './inquiries.ts';
import { forget } from './pending.ts';
import type { Place, RunState } from './state.ts';
import { endGrace, stop } from './stop.ts';
import { endTry, givenUp, mayPostpone, numbered, postpone, reissue, tellAttempt, withdrawAttempt } from './tries.ts';
import { mayStart, taskOf, workAt } from './visits.ts';

/** How often a task is reissued after its worker was lost, and after the id of its sub-workflow was taken. */
const MAX_REISSUES = 5;
const MAX_CLASHES = 100;

/** Takes a timer that has fired; ignores an unknown key. */
export function takeTimer(state: RunState, key: string): void {
  const pending = state.pending.get(key);
  if (pending === undefined) return;
  const { visit: index, item, kind } = pending;
  const place: Place = { visit: index, item };
  forget(state, key);
  if (kind === 'grace') {
    endGrace(state);
    return;
  }
  if (kind === 'drain') {
    endDrain(state);
    return;
  }
  const visit = state.visits[index];
  if (visit === undefined) stop(state, 'timeout');
  else if (kind === 'inquiry') takeDue(state, key, place);
  else if (kind === 'delay' || kind === 'retry') state.starting.push(place);
  else if (kind === 'wait') {
    end(state, place, { output: { waited_ms: state.now - (workAt(state, place).started ?? state.now) } });
  } else {
    const message = `no signal "${pending.signal}" came in time`;
    endTry(state, place, engineFailure('timeout', message));
  }
}

/** Takes the end of an activity or a sub-workflow; ignores an unknown key. */
export function takeResolution(state: RunState, event: Extract<RunEvent, { type: 'completed' | 'failed' }>): void {
  const pending = state.pending.get(event.key);
  if (pending === undefined) return;
  const place: Place = { visit: pending.visit, item: pending.item };
  forget(state, event.key);
  if (event.type === 'completed') takeOutput(state, place, event.output, event.attempt);
  else takeFault(state, place, event.fault);
}

function takeOutput(state: RunState, place: Place, output: Json, attempt: number | undefined): void {
  const { skipping } = workAt(state, place);
  if (skipping !== undefined && readSkip(output) === skipping.id) {
    endSkipped(state, place);
    return;
  }
  tellAttempt(state, place, attempt);
  const { out_schema: schema } = state.actions[taskOf(state, state.visits[place.visit]!).action]!;
  const failure = schema === undefined ? null : schemaFailure(state, 'output', schema, output);
  end(state, place, failure === null ? { output } : { failure });
}

function takeFault(state: RunState, place: Place, fault: Fault): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { action } = taskOf(state, visit);
  const spec = state.actions[action]!;
  const { failure: told, lost, again, busy } = classifyFault(fault, spec, work.input, work.key, action);
  tellAttempt(state, place, told.attempt);
  const isUnstarted = busy || (fault.kind === 'timeout' && fault.timeout === 'schedule_to_start');
  if (isUnstarted) withdrawAttempt(state, place);
  const failure = numbered(state, place, told);
  if (work.skipping !== undefined && state.stopping === null) {
    endSkipped(state, place);
    return;
  }
  const most = fault.kind === 'clash' ? MAX_CLASHES : MAX_REISSUES;
  if (busy && mayPostpone(state, work, spec) && mayStart(state, visit)) postpone(state, place, failure);
  else if (again && work.reissues < most && mayStart(state, visit)) reissue(state, place, failure);
  else endTry(state, place, busy ? givenUp(state, failure) : failure, lost);
}

/** Ends work with the output of the skip that waited for its activity to end. */
function endSkipped(state: RunState, place: Place): void {
  const work = workAt(state, place);
  const { by, output } = work.skipping!;
  work.skipped = by;
  end(state, place, { output });
}
