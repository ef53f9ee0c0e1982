import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { prepareContinuation } from '../../interpreter/continuation.ts';
import type { RunState } from '../../interpreter/state.ts';
import { copyState } from '../../interpreter/state-copy.ts';
import { createProjection, type Projection } from '../../projection/project.ts';
import { RECORDED_RUNS, readEvents } from '../fixtures/recorded.ts';
import { draws } from '../seed.ts';

/** The copies that are made of each run. */
const COPIES = 2;

/** Returns everything that a run knows: its execution, its state, and what it would pass on. */
function allOf(projection: Projection) {
  const state = projection.replayed()?.state ?? null;
  // The state that a run passes on shows the variables of each visit, which they keep to themselves.
  return [projection.execution(), state, state && prepareContinuation(copyState(state, undefined))];
}

it('a copy of a run stands where the run stood, whatever the run does next, and continues as the run does', () => {
  let copied = 0;
  for (const [name, names] of RECORDED_RUNS.slice(0, draws(RECORDED_RUNS.length))) {
    const events = names.flatMap((each) => readEvents(each));
    const run = createProjection(name);
    const copies: { at: number; copy: Projection; stood: string }[] = [];
    for (const [at, event] of events.entries()) {
      run.take(event);
      if (at % Math.ceil(events.length / (COPIES + 1)) !== 1 || copies.length === COPIES) continue;
      copies.push({ at, copy: run.copy(), stood: JSON.stringify(run.execution()) });
    }
    const end = allOf(run);
    for (const { at, copy, stood } of copies) {
      copied += 1;
      const about = `${name} at ${at + 1}`;
      const first = copy.copy();
      for (const event of events.slice(at + 1)) first.take(event);
      expect({ about, same: isDeepStrictEqual(allOf(first), end) }).toEqual({ about, same: true });
      // Neither the run nor the copy of it has changed what it was copied from.
      expect({ about, stood: JSON.stringify(copy.execution()) }).toEqual({ about, stood });
    }
  }
  expect(copied).toBeGreaterThan(COPIES);
});

/** Returns the objects that a value holds directly, if it is a map or a list. */
function entriesOf(value: unknown): unknown[] {
  const entries = value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : [];
  return entries.filter((entry) => typeof entry === 'object' && entry !== null);
}

it('a copy of a state shares what never changes, and nothing else', () => {
  const shared = new Set<string>();
  const note = (state: RunState) => {
    const copy = copyState(state, undefined);
    for (const [field, value] of Object.entries(state)) {
      const copied = copy[field as keyof RunState];
      if (typeof value === 'object' && value !== null && copied === value) shared.add(field);
      const entries = new Set(entriesOf(copied));
      if (copied !== value && entriesOf(value).some((entry) => entries.has(entry))) shared.add(`${field}[]`);
    }
  };
  for (const [, names] of RECORDED_RUNS) {
    const projection = createProjection('');
    for (const event of names.flatMap((each) => readEvents(each))) {
      projection.take(event);
      const state = projection.replayed()?.state ?? null;
      if (state !== null && event.workflowTaskCompletedEventAttributes) note(state);
    }
  }
  // Records of what has happened, places, and visits that have ended.
  const entries = ['also[]', 'controls[]', 'decisions[]', 'starting[]', 'visits[]'];
  const fields = ['actions', 'digest', 'ended', 'failure', 'history', 'info', 'input', 'mocked', 'output', 'paused'];
  expect([...shared].sort()).toEqual([...entries, ...fields, 'program', 'run', 'trust', 'variables'].sort());
});
