import { describe, expect, it } from 'vitest';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { step } from '../../interpreter/interpreter.ts';
import { CONTROL_SIGNAL } from '../../model/control.ts';
import { DELEGATE_SIGNAL } from '../../model/delegation.ts';
import { DECISION_SIGNAL } from '../../model/inquiry.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
import { TRUST_SIGNAL } from '../../model/statement.ts';
import { ASKED_AT, type AskingRun, askingRun, hasMoved, SHAPES, type Shape } from '../service/inquiries/asking-runs.ts';
import { annDecides, FOREIGN_KEY, KEY, placeOf, signedDecision, signer } from './signed.ts';

// Nothing that is sent to a run with a Temporal client, but without the key, changes the run, wherever it asks.

const INPUT = { prompt: 'Deploy?', approvers: ['boss', 'ann', 'alice'], delegable: true, bind: false };

const at = new Date(ASKED_AT - 1).toISOString();
const object = (value: Json | undefined) => value as JsonObject;
const asked = ({ state, key }: AskingRun) => projectInquiries(state).find((inquiry) => inquiry.key === key)!;
const changed = (payload: JsonObject, change: JsonObject): JsonObject => ({
  ...payload,
  statement: { ...object(payload.statement), ...change },
});

/** A decision about the question, as the API would sign it for a person. */
function decides(run: AskingRun, by: string): JsonObject {
  const { bound_to, what } = asked(run);
  const decision = annDecides(run.key, { id: `${by} decides`, by, names: [], groups: [], bound_to, at });
  return object(signedDecision(run.run, run.chain, decision, what));
}

/** A statement of a key that no run trusts; `kid` is the name that it claims. */
function signedByMallory(statement: JsonObject, kid: string, given: JsonObject): JsonObject {
  const text = `fermata-statement-v1\n${canonicalJson(statement)}`;
  return { statement, kid, sig: FOREIGN_KEY.sign(text), given };
}

const skip = { id: 'c', by: 'boss', what: 'skip', output: { outcome: 'approve' }, reason: null };
const delegation = {
  id: 'd',
  by: 'boss',
  names: [],
  groups: [],
  to: 'mallory',
  to_names: [],
  to_groups: [],
};

/** The sent payloads, in order, and why the last one is refused; null where it is the same statement as an earlier one. */
type Attack = [name: string, signals: (run: AskingRun) => [string, Json][], reason: string | null];

const ATTACKS: Attack[] = [
  [
    'a decision in the name of another, as older runs took it',
    ({ key }) => [[DECISION_SIGNAL, annDecides(key, { by: 'boss' }) as unknown as Json]],
    'unsigned',
  ],
  [
    'a decision that is signed by another key',
    (run) => {
      const { statement, given } = decides(run, 'boss');
      return [[DECISION_SIGNAL, signedByMallory(object(statement), FOREIGN_KEY.kid, object(given))]];
    },
    'unknown_key',
  ],
  [
    'a decision that is signed by another key under the name of the right one',
    (run) => {
      const { statement, given } = decides(run, 'boss');
      return [[DECISION_SIGNAL, signedByMallory(object(statement), KEY.kid, object(given))]];
    },
    'bad_signature',
  ],
  [
    'the decision of a person who may not, in the name of one who may',
    (run) => [[DECISION_SIGNAL, changed(decides(run, 'mallory'), { subject: 'boss' })]],
    'bad_signature',
  ],
  [
    'a denial that is turned into an approval',
    (run) => {
      const { bound_to, what } = asked(run);
      const denial = annDecides(run.key, { by: 'boss', option: 'deny', response: null, bound_to, at });
      const payload = object(signedDecision(run.run, run.chain, denial, what));
      return [[DECISION_SIGNAL, changed(payload, { option: 'approve' })]];
    },
    'bad_signature',
  ],
  [
    'a decision with another form than was signed',
    (run) => {
      const payload = decides(run, 'boss');
      return [[DECISION_SIGNAL, { ...payload, given: { ...object(payload.given), response: { why: 'other' } } }]];
    },
    'altered',
  ],
  [
    'an approval of something else, renamed to this',
    ({ earlier, key, run, chain }) => {
      const { tenant, execution } = object(
        object(signer.sealDecision(placeOf(run, chain), annDecides(key), undefined)).statement,
      );
      const place = { tenant: tenant!, execution: execution!, chain };
      return [[DECISION_SIGNAL, changed(earlier, { ...place, inquiry: key, id: 'renamed' })]];
    },
    'bad_signature',
  ],
  [
    'the approval of another run',
    (run) => [
      [
        DECISION_SIGNAL,
        signedDecision({ ...run.run, n: 99 }, run.chain, annDecides(run.key, { by: 'boss', at }), asked(run).what),
      ],
    ],
    'wrong_run',
  ],
  [
    'the approval of another chain under the same id',
    (run) => [[DECISION_SIGNAL, signedDecision(run.run, 'elsewhere', annDecides(run.key, { by: 'boss', at }))]],
    'wrong_run',
  ],
  ['a skip with an output', ({ key }) => [[CONTROL_SIGNAL, { ...skip, key } as Json]], 'unsigned'],
  [
    'a delegation to oneself',
    ({ key }) => [[DELEGATE_SIGNAL, { ...delegation, inquiry: key, reason: null, at }]],
    'unsigned',
  ],
  [
    'a delegation of somebody else, renamed',
    (run) => {
      const made = { ...delegation, inquiry: run.key, by: 'mallory', reason: null, at };
      const payload = object(signer.sealDelegation(placeOf(run.run, run.chain), made));
      return [[DELEGATE_SIGNAL, changed(payload, { subject: 'boss' })]];
    },
    'bad_signature',
  ],
  [
    'a key of one’s own, and a decision that it signs',
    (run) => {
      const { statement, given } = decides(run, 'boss');
      const { tenant, execution, chain } = object(statement);
      const add = [{ kid: FOREIGN_KEY.kid, x: FOREIGN_KEY.x }];
      const place = { v: 1, type: 'trust', id: 't', tenant: tenant!, execution: execution!, chain: chain! };
      const trust = { ...place, subject: 'fermata', add, revoke: [], at };
      return [
        [TRUST_SIGNAL, signedByMallory(trust, FOREIGN_KEY.kid, { salt: '' })],
        [DECISION_SIGNAL, signedByMallory(object(statement), FOREIGN_KEY.kid, object(given))],
      ];
    },
    'unknown_key',
  ],
];

/** Sends the approval of another question again unchanged, and returns the outcome. */
const REPLAYED: Record<Shape, string | null> = {
  plain: 'wrong_run',
  'sub-workflow': 'wrong_run',
  retry: 'wrong_run',
  // Within one run it is the statement that has already counted for its own question.
  ...{ loop: null, item: null, try: null, continued: null },
};

function standing(run: AskingRun) {
  const { key, votes, decisions, delegations, status } = asked(run);
  return { key, status, votes, decisions, delegations, moved: hasMoved(run), paused: run.state.paused };
}

describe.each(SHAPES)('a question in the shape "%s"', (shape) => {
  const rows: Attack[] = [
    ...ATTACKS,
    ['an approval of something else, as it is', ({ earlier }) => [[DECISION_SIGNAL, earlier]], REPLAYED[shape]],
  ];
  it.each(rows)('is not decided by %s, and the true decision counts', (_, signals, reason) => {
    const run = askingRun(shape, INPUT);
    const before = standing(run);
    expect(before).toMatchObject({ status: 'pending', votes: [], decisions: [], moved: false });
    const known = run.state.statements.refusals.length;
    for (const [name, payload] of signals(run)) {
      const commands = step(run.state, [{ type: 'signal', name, payload }], ASKED_AT + 1);
      expect(commands).toEqual([]);
    }
    expect(standing(run)).toEqual(before);
    const refusals = run.state.statements.refusals.slice(known);
    expect(refusals.at(-1)?.reason ?? null).toBe(reason);
    for (const by of shape === 'try' ? ['boss', 'ann'] : ['boss']) {
      const payload = signedDecision(run.run, run.chain, {
        ...annDecides(run.key),
        id: `true ${by}`,
        by,
        names: [],
        at,
      });
      step(run.state, [{ type: 'signal', name: DECISION_SIGNAL, payload }], ASKED_AT + 2);
    }
    expect([asked(run).status, hasMoved(run)]).toEqual(['approved', true]);
  });

  it('is not approved by what was shown somewhere else', () => {
    const run = askingRun(shape, { ...INPUT, bind: true });
    const { bound_to: elsewhere } = object(run.earlier.statement);
    const decision = { ...annDecides(run.key), by: 'boss', names: [], at, bound_to: elsewhere as string };
    const payload = signedDecision(run.run, run.chain, decision, asked(run).what);
    expect(step(run.state, [{ type: 'signal', name: DECISION_SIGNAL, payload }], ASKED_AT + 1)).toEqual([]);
    const { status, decisions } = asked(run);
    expect([status, decisions[0]?.verdict, hasMoved(run)]).toMatchObject([
      'pending',
      { reason: 'binding_changed' },
      false,
    ]);
  });
});
