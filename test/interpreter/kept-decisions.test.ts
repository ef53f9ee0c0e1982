import { describe, expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import type { Fault } from '../../interpreter/events.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { CarriedState, CarriedVisit } from '../../model/carried-state.ts';
import { CONTROL_SIGNAL } from '../../model/control.ts';
import type { Definition } from '../../model/definition.ts';
import { DECISION_SIGNAL } from '../../model/inquiry.ts';
import type { RunInput } from '../../model/run-input.ts';
import { question } from './inquiry-scripts.ts';
import { act, runInput, STARTED } from './rehearse.ts';
import { annDecides, SIGNED, signedDecision } from './signed.ts';

const CHAIN = '0199-first-run';

/** A question for two people, or two of them as items, before a task that fails. */
function definitionOf(items: boolean): Definition {
  const asked = question('ask', { prompt: 'Deploy?', quorum: 2 }, { on_success: 'broken' });
  return { tasks: [items ? { ...asked, with_items: [1, 2] } : asked, act('broken')] };
}

/** Lets the last task fail, and returns the carried state of a retry. */
function carriedFrom(state: RunState): CarriedState {
  const fault: Fault = { kind: 'application', type: 'E', message: 'E', details: [] };
  step(state, [{ type: 'failed', key: 'broken', fault }], STARTED + 3_000);
  return JSON.parse(JSON.stringify(carry(state, null)!.state)) as CarriedState;
}

/** Begins a run, and returns the status of its questions, by key. */
function shownIn(run: RunInput): Record<string, string> {
  const { state } = begin(run, {}, STARTED + 4_000, { chain: 'second chain' });
  return Object.fromEntries(projectInquiries(state).map(({ key, status }) => [key, status]));
}

/** Begins a retry of a run in which two people have approved a question, or each of its two items. */
function retryOfTwo(items: boolean, change: (state: CarriedState) => void): Record<string, string> {
  const run: RunInput = { ...runInput(definitionOf(items), 7), ...SIGNED };
  const { state } = begin(run, {}, STARTED, { chain: CHAIN });
  for (const { key, bound_to, what } of projectInquiries(state)) {
    for (const by of ['ann', 'bob']) {
      const decision = annDecides(key, { id: `${key} ${by}`, by, names: [], bound_to });
      const payload = signedDecision(run, CHAIN, decision, what);
      step(state, [{ type: 'signal', name: DECISION_SIGNAL, payload }], STARTED + 2_000);
    }
  }
  const kept = carriedFrom(state);
  change(kept);
  return shownIn({ ...run, n: 70, carried: kept });
}

describe('a retry', () => {
  it.each<[string, boolean, (state: CarriedState) => void, Record<string, string>]>([
    ['keeps what two people have approved', false, () => {}, { ask: 'approved' }],
    [
      'asks again where one of two votes is missing',
      false,
      ({ inquiries }) => inquiries[0]!.votes.pop(),
      { ask: 'pending' },
    ],
    [
      'asks again where one of two votes is there twice',
      false,
      ({ inquiries }) => inquiries[0]!.votes.fill(inquiries[0]!.votes[0]!),
      { ask: 'pending' },
    ],
    [
      'asks again where there are more votes than it took',
      false,
      ({ inquiries }) => inquiries[0]!.votes.push(inquiries[0]!.votes[0]!),
      { ask: 'pending' },
    ],
    ['keeps items that two people have approved', true, () => {}, { 'ask[0]': 'approved', 'ask[1]': 'approved' }],
    [
      'asks again about the item without a question',
      true,
      ({ inquiries }) => inquiries.pop(),
      { 'ask[0]': 'approved', 'ask[1]': 'pending' },
    ],
    [
      'asks again about all items where those that are done were not handed on',
      true,
      ({ visits, inquiries }) => {
        inquiries.length = 0;
        delete visits[0]!.items;
      },
      { 'ask[0]': 'pending', 'ask[1]': 'pending' },
    ],
    [
      'asks again about all items where one that is done was not handed on',
      true,
      ({ visits, inquiries }) => {
        inquiries.pop();
        Object.assign(visits[0]!.items!, { places: [0], begun: 2, outputs: [{}, {}] });
        visits[0]!.items!.work.pop();
      },
      { 'ask[0]': 'pending', 'ask[1]': 'pending' },
    ],
    [
      'asks again about all items where others are to be done, and one that is done was not handed on',
      true,
      ({ visits, inquiries, starting }) => {
        const [{ items }] = visits as [CarriedVisit];
        inquiries.length = 0;
        items!.work.shift();
        items!.work[0]!.status = 'held';
        Object.assign(items!, { places: [1], begun: 2, outputs: [{}], again: [1] });
        visits[0]!.status = 'held';
        starting.unshift(0);
      },
      { 'ask[0]': 'pending', 'ask[1]': 'pending' },
    ],
  ])('%s', (_, items, change, wanted) => {
    expect(retryOfTwo(items, change)).toEqual(wanted);
  });

  it('asks again what was skipped in a run of an older interpreter', () => {
    const run: RunInput = { ...runInput(definitionOf(false), 7), ...SIGNED };
    const { trust: _, ...old } = run;
    const { state } = begin({ ...old, interpreter: 8 }, {}, STARTED);
    const payload = { id: 'c', by: 'ann', reason: null, what: 'skip', key: 'ask', output: null };
    step(state, [{ type: 'signal', name: CONTROL_SIGNAL, payload }], STARTED + 1_000);
    const carried = carriedFrom(state);
    expect([carried.inquiries, carried.visits[0]]).toMatchObject([[], { name: 'ask', status: 'succeeded' }]);
    expect(shownIn({ ...run, n: 70, carried })).toEqual({ ask: 'pending' });
  });
});
