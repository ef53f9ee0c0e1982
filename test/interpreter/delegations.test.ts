import { describe, expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import type { Fault } from '../../interpreter/events.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { CarriedInquiry, CarriedState } from '../../model/carried-state.ts';
import { DELEGATE_SIGNAL, type Delegation } from '../../model/delegation.ts';
import { DECISION_SIGNAL, type Decision, inquiryRequest } from '../../model/inquiry.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
import type { RunInput } from '../../model/run-input.ts';
import { question, wordOf } from './inquiry-scripts.ts';
import { act, runInput, STARTED } from './rehearse.ts';
import { annDecides, FOREIGN_KEY, KEY, placeOf, SIGNED, signedDecision, signer } from './signed.ts';

const CHAIN = 'first';
const ASKED = { prompt: 'Deploy?', approvers: ['ann', 'bob'], groups: ['ops'], quorum: 2, delegable: true };

function runOf(input: JsonObject, more: Partial<RunInput> = {}): RunInput {
  const definition = { tasks: [question('ask', input, { on_success: 'broken' }), act('broken')] };
  return { ...runInput(definition, 7), ...SIGNED, ...more };
}

const delegationOf = (by: string, to: string, rest: Partial<Delegation> = {}): Delegation => ({
  id: `${by} to ${to}`,
  inquiry: 'ask',
  by,
  names: [],
  groups: [],
  to,
  to_names: [],
  to_groups: [],
  reason: 'on holiday',
  at: '2026-01-01T00:00:01.000Z',
  ...rest,
});

/** A run that asks, with its verdicts on delegations (`delegated` where they count) and on decisions. */
function ask(input: JsonObject = {}, more: Partial<RunInput> = {}) {
  const run = runOf({ ...ASKED, ...input }, more);
  const { state } = begin(run, {}, STARTED, { chain: CHAIN });
  const send = (name: string, payload: Json) => step(state, [{ type: 'signal', name, payload }], STARTED + 2_000);
  const inquiry = () => projectInquiries(state)[0]!;
  const seal = (delegation: Delegation) => signer.sealDelegation(placeOf(run, CHAIN), delegation) as JsonObject;
  return {
    run,
    state,
    send,
    inquiry,
    seal,
    delegate(by: string, to: string, rest: Partial<Delegation> = {}): string {
      const delegation = delegationOf(by, to, rest);
      send(DELEGATE_SIGNAL, seal(delegation));
      const record = inquiry().delegations?.find((each) => each.delegation.id === delegation.id);
      if (record === undefined) return 'not taken';
      return record.verdict.result === 'refused' ? record.verdict.reason : record.verdict.result;
    },
    decide(by: string, rest: Partial<Decision> = {}): string {
      const { bound_to, what } = inquiry();
      const id = `decision ${state.decisions.length}`;
      const decision = annDecides('ask', { id, by, names: [], groups: [], response: null, bound_to, ...rest });
      send(DECISION_SIGNAL, signedDecision(run, CHAIN, decision, what));
      return wordOf(inquiry().decisions.at(-1)!.verdict);
    },
  };
}

type Asking = ReturnType<typeof ask>;

/** The end of a delegation that Ann has made. */
const ending = (ends: string, rest: Partial<Delegation> = {}): Partial<Delegation> => ({
  id: `end of ${ends}`,
  ends,
  why: 'withdrawn',
  ...rest,
});

describe('the end of a delegation', () => {
  it('has whoever has delegated decide again, and the other person no longer', () => {
    const run = ask();
    const shown = run.inquiry().bound_to;
    expect(run.delegate('ann', 'cid')).toBe('delegated');
    expect(run.delegate('ann', 'ann', ending('ann to cid'))).toBe('delegated');
    expect(run.inquiry()).toMatchObject({ status: 'pending', bound_to: shown });
    expect(run.decide('cid', { on_behalf_of: 'ann' })).toBe('not_allowed');
    expect(run.decide('ann')).toBe('counted');
    expect(run.decide('bob')).toBe('decided');
  });

  it('lets it be delegated anew, also to the same person', () => {
    const run = ask();
    expect(run.delegate('ann', 'cid')).toBe('delegated');
    expect(run.delegate('ann', 'ann', ending('ann to cid'))).toBe('delegated');
    expect(run.delegate('bob', 'cid')).toBe('delegated');
    expect(run.delegate('ann', 'dan')).toBe('delegated');
    expect(run.delegate('ann', 'ann', ending('ann to dan'))).toBe('delegated');
    expect(run.delegate('bob', 'bob', ending('bob to cid'))).toBe('delegated');
    expect(run.delegate('ann', 'cid', { id: 'again' })).toBe('delegated');
    expect(run.decide('cid', { on_behalf_of: 'ann' })).toBe('counted');
    expect(run.decide('bob')).toBe('decided');
  });

  it.each<[string, string, (run: Asking) => string]>([
    [
      'by whoever has made it, by another name',
      'delegated',
      (run) => run.delegate('a', 'ann', ending('ann to cid', { names: ['Ann'] })),
    ],
    ['by the other person', 'not_allowed', (run) => run.delegate('cid', 'ann', ending('ann to cid'))],
    ['by somebody else who is asked', 'not_allowed', (run) => run.delegate('bob', 'ann', ending('ann to cid'))],
    [
      'since somebody was disabled, whoever has led to that',
      'delegated',
      (run) => run.delegate('eve', 'ann', ending('ann to cid', { why: 'disabled' })),
    ],
    [
      'since somebody may no longer decide',
      'delegated',
      (run) => run.delegate('bob', 'ann', ending('ann to cid', { why: 'not_permitted' })),
    ],
    ['that was never made', 'not_allowed', (run) => run.delegate('ann', 'ann', ending('ann to dan'))],
    [
      'for a reason that is none',
      'not taken',
      (run) => run.delegate('ann', 'ann', ending('ann to cid', { why: 'because' as never })),
    ],
    ['without a reason', 'not taken', (run) => run.delegate('ann', 'ann', { id: 'end', ends: 'ann to cid' })],
    [
      'that has ended',
      'not_allowed',
      (run) => {
        run.delegate('ann', 'ann', ending('ann to cid'));
        return run.delegate('ann', 'ann', ending('ann to cid', { id: 'again' }));
      },
    ],
    [
      'after the other person has decided',
      'already_voted',
      (run) => {
        run.decide('cid', { on_behalf_of: 'ann' });
        return run.delegate('ann', 'ann', ending('ann to cid', { why: 'disabled' }));
      },
    ],
    [
      'after the question was decided',
      'already_decided',
      (run) => {
        run.decide('cid', { on_behalf_of: 'ann' });
        run.decide('bob');
        return run.delegate('ann', 'ann', ending('ann to cid'));
      },
    ],
  ])('%s: %s', (_, word, play) => {
    const run = ask();
    run.delegate('ann', 'cid');
    expect(play(run)).toBe(word);
  });

  it('counts once for each delegation past the 100 records of a question, which keeps nothing else then', () => {
    const run = ask();
    expect(run.delegate('ann', 'cid')).toBe('delegated');
    expect(run.delegate('bob', 'dan')).toBe('delegated');
    for (let n = 2; n < 100; n += 1) run.delegate('eve', 'cid', { id: `refused ${n}` });
    expect(run.inquiry().delegations).toHaveLength(100);
    expect(run.delegate('eve', 'ann', ending('ann to cid', { id: 'of another' }))).toBe('not taken');
    expect(run.delegate('ann', 'ann', ending('ann to cid'))).toBe('delegated');
    expect(run.delegate('ann', 'ann', ending('ann to cid', { id: 'again' }))).toBe('not taken');
    expect(run.delegate('eve', 'bob', ending('bob to dan', { why: 'disabled' }))).toBe('delegated');
    expect(run.delegate('ann', 'fay')).toBe('not taken');
    expect(run.inquiry().delegations).toHaveLength(102);
    expect([run.decide('ann'), run.decide('bob')]).toEqual(['counted', 'decided']);
  });

  it('that was forged, or was made for another run, ends nothing', () => {
    const run = ask();
    run.delegate('ann', 'cid');
    const end = run.seal(delegationOf('ann', 'ann', ending('ann to cid')));
    run.send(DELEGATE_SIGNAL, { ...end, sig: 'A'.repeat(86) });
    const other = signer.sealDelegation(
      placeOf({ ...run.run, n: 8 }, CHAIN),
      delegationOf('ann', 'ann', ending('ann to cid')),
    );
    run.send(DELEGATE_SIGNAL, other);
    expect(run.state.statements.refusals.map(({ reason }) => reason)).toEqual(['bad_signature', 'wrong_run']);
    expect(run.decide('ann')).toBe('not_allowed');
  });

  it('is none in a run of interpreter 9', () => {
    const run = ask({}, { interpreter: 9 });
    expect(run.delegate('ann', 'cid')).toBe('delegated');
    expect(run.delegate('ann', 'ann', ending('ann to cid'))).toBe('not_allowed');
    expect(run.decide('ann')).toBe('not_allowed');
    expect(run.decide('cid', { on_behalf_of: 'ann' })).toBe('counted');
  });
});

describe('a delegation', () => {
  it('lets another person decide on behalf of somebody who is asked, who no longer does', () => {
    const run = ask();
    const shown = run.inquiry().bound_to;
    expect(run.decide('cid')).toBe('not_allowed');
    expect(run.delegate('ann', 'cid')).toBe('delegated');
    expect(run.inquiry()).toMatchObject({ status: 'pending', bound_to: shown, request: { approvers: ['ann', 'bob'] } });
    expect(run.decide('ann')).toBe('not_allowed');
    expect(run.decide('cid', { on_behalf_of: 'ann' })).toBe('counted');
    expect(run.decide('bob')).toBe('decided');
    expect(run.inquiry().votes.map(({ by, on_behalf_of }) => [by, on_behalf_of])).toEqual([
      ['cid', 'ann'],
      ['bob', undefined],
    ]);
  });

  it('is allowed by what is asked, which is the same as ever where it is not', () => {
    const [left, never, allowed] = [{}, { delegable: false }, { delegable: true }].map(inquiryRequest);
    expect([left, never].map((request) => Object.hasOwn(request!, 'delegable'))).toEqual([false, false]);
    expect(allowed).toEqual({ ...left, delegable: true });
  });

  it.each<[string, string, (run: Asking) => string[]]>([
    ['of a question that is not delegable', 'not_delegable', () => [ask({ delegable: false }).delegate('ann', 'cid')]],
    ['by who is not asked', 'not_allowed', (run) => [run.delegate('eve', 'cid')]],
    ['by a member of a group that is asked', 'delegated', (run) => [run.delegate('eve', 'cid', { groups: ['ops'] })]],
    ['by another name that is asked', 'delegated', (run) => [run.delegate('a', 'cid', { names: ['ann'] })]],
    ['by a starter', 'self_approval', () => [ask({}, { starters: ['ann'] }).delegate('ann', 'cid')]],
    [
      'by a starter, where starters may decide',
      'self_approval',
      () => [ask({ allow_self: true }, { starters: ['ann'] }).delegate('ann', 'cid')],
    ],
    [
      'by a starter, by another name',
      'self_approval',
      () => [ask({}, { starters: ['Ann@Example.com'] }).delegate('ann', 'cid', { names: ['ann@example.com'] })],
    ],
    ['by who has voted', 'already_voted', (run) => [run.decide('ann'), run.delegate('ann', 'cid')]],
    [
      'by who has voted, by another name',
      'already_voted',
      (run) => [run.decide('ann'), run.delegate('a', 'cid', { names: ['Ann'], groups: ['ops'] })],
    ],
    ['by who has delegated', 'not_allowed', (run) => [run.delegate('ann', 'cid'), run.delegate('ann', 'dan')]],
    [
      'by who has delegated, by another name',
      'not_allowed',
      (run) => [
        run.delegate('ann', 'cid', { names: ['ann-ci'] }),
        run.delegate('a', 'dan', { names: ['ANN-CI'], groups: ['ops'] }),
      ],
    ],
    ['by who decides for somebody', 'not_allowed', (run) => [run.delegate('ann', 'cid'), run.delegate('cid', 'dan')]],
    [
      'by who decides for somebody, and is asked since',
      'not_allowed',
      (run) => [run.delegate('ann', 'cid'), run.delegate('cid', 'dan', { groups: ['ops'] })],
    ],
    ['to oneself', 'delegate_unsuitable', (run) => [run.delegate('ann', 'ann')]],
    ['to oneself, by another name', 'delegate_unsuitable', (run) => [run.delegate('ann', 'a', { to_names: ['Ann'] })]],
    [
      'to oneself, by a name of one and another of the other',
      'delegate_unsuitable',
      (run) => [run.delegate('ann', 'a', { names: ['ann@x.org'], to_names: ['ANN@x.org'] })],
    ],
    ['to a starter', 'delegate_unsuitable', () => [ask({}, { starters: ['cid'] }).delegate('ann', 'cid')]],
    [
      'to a starter, where starters may decide',
      'delegate_unsuitable',
      () => [ask({ allow_self: true }, { starters: ['cid'] }).delegate('ann', 'cid')],
    ],
    [
      'to a starter, by another name',
      'delegate_unsuitable',
      () => [ask({}, { starters: ['Cid@example.com'] }).delegate('ann', 'cid', { to_names: ['cid@example.com'] })],
    ],
    ['to who is asked', 'delegate_unsuitable', (run) => [run.delegate('ann', 'bob')]],
    [
      'to a member of a group that is asked',
      'delegate_unsuitable',
      (run) => [run.delegate('ann', 'cid', { to_groups: ['ops'] })],
    ],
    [
      'to whom a later step of the ladder asks',
      'delegate_unsuitable',
      () => [ask({ timeout: 900, escalate: [{ after: 60, approvers: ['cid'] }] }).delegate('ann', 'cid')],
    ],
    [
      'to a member of a group that a later step of the ladder asks',
      'delegate_unsuitable',
      () => [
        ask({ timeout: 900, escalate: [{ after: 60, groups: ['boards'] }] }).delegate('ann', 'cid', {
          to_groups: ['boards'],
        }),
      ],
    ],
    [
      'to who has voted as a member of a group, and has left it',
      'delegate_unsuitable',
      (run) => [run.decide('cid', { groups: ['ops'] }), run.delegate('ann', 'cid')],
    ],
    [
      'to who has delegated as a member of a group, and has left it',
      'delegate_unsuitable',
      (run) => [run.delegate('cid', 'dan', { groups: ['ops'] }), run.delegate('ann', 'cid')],
    ],
    [
      'to who decides for somebody',
      'delegate_unsuitable',
      (run) => [run.delegate('ann', 'cid'), run.delegate('bob', 'cid')],
    ],
    [
      'to who decides for somebody, by another name',
      'delegate_unsuitable',
      (run) => [
        run.delegate('ann', 'cid', { to_names: ['cid-ci'] }),
        run.delegate('bob', 'c', { to_names: ['CID-CI'] }),
      ],
    ],
    [
      'that is made too late',
      'expired',
      () => [ask({ timeout: 60 }).delegate('ann', 'cid', { at: '2099-01-01T00:00:00.000Z' })],
    ],
    [
      'after the decision',
      'already_decided',
      (run) => [run.decide('ann'), run.decide('bob'), run.delegate('eve', 'cid', { groups: ['ops'] })],
    ],
    ['about another question', 'not taken', (run) => [run.delegate('ann', 'cid', { inquiry: 'other' })]],
    ['in a run of an older interpreter', 'not taken', () => [ask({}, { interpreter: 8 }).delegate('ann', 'cid')]],
  ])('%s: %s', (_, word, play) => {
    expect(play(ask()).at(-1)).toBe(word);
  });

  it.each<[string, (run: Asking) => string[], string[]]>([
    ['without a delegation', (run) => [run.decide('cid', { on_behalf_of: 'ann' })], ['not_allowed']],
    [
      'on behalf of somebody else',
      (run) => [run.delegate('ann', 'cid'), run.decide('cid', { on_behalf_of: 'bob' })],
      ['delegated', 'not_allowed'],
    ],
    [
      'by a delegation that is not claimed',
      (run) => [run.delegate('ann', 'cid'), run.decide('cid')],
      ['delegated', 'not_allowed'],
    ],
    [
      'by the delegation of another',
      (run) => [run.delegate('ann', 'cid'), run.decide('dan', { on_behalf_of: 'ann' })],
      ['delegated', 'not_allowed'],
    ],
    [
      'twice',
      (run) => [
        run.delegate('ann', 'cid'),
        run.decide('cid', { on_behalf_of: 'ann' }),
        run.decide('c', { names: ['CID'], on_behalf_of: 'ann' }),
        run.decide('c', { names: ['cid'], on_behalf_of: 'ann' }),
        run.decide('cid', { groups: ['ops'] }),
      ],
      ['delegated', 'counted', 'not_allowed', 'already_voted', 'already_voted'],
    ],
    [
      'by another name of whoever has delegated',
      (run) => [run.delegate('ann', 'cid'), run.decide('a', { names: ['Ann'], groups: ['ops'] })],
      ['delegated', 'not_allowed'],
    ],
    [
      'by somebody who turned out to be a starter',
      (run) => [run.delegate('ann', 'cid'), run.decide('cid', { names: ['zoe'], on_behalf_of: 'ann' })],
      ['delegated', 'self_approval'],
    ],
    [
      'by somebody who turned out to be whoever has delegated',
      (run) => [run.delegate('ann', 'cid'), run.decide('cid', { names: ['ann'], on_behalf_of: 'ann' })],
      ['delegated', 'not_allowed'],
    ],
    [
      'about something else than was shown',
      (run) => [run.delegate('ann', 'cid'), run.decide('cid', { on_behalf_of: 'ann', bound_to: 'other' })],
      ['delegated', 'binding_changed'],
    ],
    [
      'as an override, by whoever has delegated',
      (run) => [run.delegate('ann', 'cid'), run.decide('ann', { override: true })],
      ['delegated', 'decided'],
    ],
  ])('a decision %s: %j', (_, play, words) => {
    const run = ask({}, { starters: ['zoe'] });
    expect(play(run)).toEqual(words);
  });

  it('is passed on to the next run of a chain', () => {
    const { run, state, seal } = ask();
    const payload = seal(delegationOf('ann', 'cid'));
    const signal = { type: 'signal' as const, name: DELEGATE_SIGNAL, payload };
    const [next] = step(state, [signal], STARTED + 2_000, { length: 5_000, suggested: true });
    const carried = next?.type === 'continue' ? next.run.carried : undefined;
    const again = begin({ ...run, carried: carried! }, {}, STARTED + 3_000, { chain: CHAIN }).state;
    step(again, [signal], STARTED + 4_000);
    expect(projectInquiries(again)[0]!.delegations).toMatchObject([
      { delegation: { by: 'ann', to: 'cid' }, verdict: { result: 'delegated' } },
    ]);
  });
});

describe('a signed delegation', () => {
  const good = ask().seal(delegationOf('ann', 'cid'));
  const said = good.statement as JsonObject;
  const withStatement = (change: JsonObject): JsonObject => ({ ...good, statement: { ...said, ...change } });
  const resigned = (kid: string, change: JsonObject = {}): JsonObject => {
    const statement = { ...said, ...change };
    return { ...good, statement, kid, sig: FOREIGN_KEY.sign(`fermata-statement-v1\n${canonicalJson(statement)}`) };
  };
  const other = (more: Partial<RunInput>, chain = CHAIN) =>
    signer.sealDelegation(placeOf(runOf(ASKED, more), chain), delegationOf('ann', 'cid'));

  it.each<[string, Json, string]>([
    ['nothing', null, 'malformed'],
    ['the plain wish', delegationOf('ann', 'cid') as unknown as Json, 'unsigned'],
    ['a decision', signedDecision(runOf(ASKED), CHAIN, annDecides('ask')), 'malformed'],
    ['a key that nobody trusts', resigned(FOREIGN_KEY.kid), 'unknown_key'],
    ['a foreign signature under a trusted name', resigned(KEY.kid), 'bad_signature'],
    ['another run', other({ n: 8 }), 'wrong_run'],
    ['another tenant', other({ tenant: 'other' }), 'wrong_run'],
    ['another chain', other({}, 'second'), 'wrong_run'],
    ['another reason', { ...good, given: { ...(good.given as JsonObject), reason: 'x' } }, 'altered'],
    ['no salt', { ...good, given: { reason: 'on holiday' } }, 'altered'],
    ['another person who delegates', withStatement({ subject: 'bob' }), 'bad_signature'],
    ['another name of theirs', withStatement({ names: ['bob'] }), 'bad_signature'],
    ['another group of theirs', withStatement({ groups: ['ops'] }), 'bad_signature'],
    ['another person who decides', withStatement({ to: 'eve' }), 'bad_signature'],
    ['fewer names of that person', withStatement({ to_names: ['eve'] }), 'bad_signature'],
    ['another question', withStatement({ inquiry: 'ask~2' }), 'bad_signature'],
    ['another id', withStatement({ id: 'again' }), 'bad_signature'],
    ['another time', withStatement({ at: '2026-01-01T00:00:00.000Z' }), 'bad_signature'],
  ])('does not count with %s: %s', (_, payload, reason) => {
    const run = ask();
    run.send(DELEGATE_SIGNAL, payload);
    expect(run.state.statements.refusals.map((refusal) => refusal.reason)).toEqual([reason]);
    expect(run.inquiry().delegations).toEqual([]);
    expect([run.decide('cid', { on_behalf_of: 'ann' }), run.decide('ann')]).toEqual(['not_allowed', 'counted']);
  });

  it('is no decision, no control, and nothing that a task waits for', () => {
    const run = ask();
    for (const name of [DECISION_SIGNAL, '__fermata_control', '__fermata_trust']) run.send(name, good);
    expect(run.state.statements.refusals.map(({ reason }) => reason)).toEqual(Array(3).fill('malformed'));
    expect([run.state.decisions, run.state.controls, run.inquiry().status]).toEqual([[], [], 'pending']);
  });

  it('that comes again is one, and one that was refused does not count later', () => {
    const run = ask();
    for (let n = 0; n < 3; n += 1) run.send(DELEGATE_SIGNAL, good);
    expect(run.inquiry().delegations).toHaveLength(1);
    expect(run.state.statements).toMatchObject({ accepted: 1, refused: 0 });
    const full = ask();
    const refused = full.seal(delegationOf('eve', 'cid', { id: 'the first' }));
    full.send(DELEGATE_SIGNAL, refused);
    for (let n = 0; n < 120; n += 1) full.delegate('eve', 'cid', { id: `${n}` });
    expect(full.inquiry().delegations).toHaveLength(100);
    expect(full.delegate('ann', 'cid')).toBe('not taken');
  });
});

describe('a retry', () => {
  /** The carried state of a run in which Cid approved on behalf of Ann, and Bob himself. */
  function carried(): { run: RunInput; kept: CarriedState } {
    const { run, state, delegate, decide } = ask();
    const words = [
      delegate('eve', 'dan'),
      delegate('ann', 'cid'),
      decide('cid', { on_behalf_of: 'ann' }),
      decide('bob'),
    ];
    expect(words).toEqual(['not_allowed', 'delegated', 'counted', 'decided']);
    const fault: Fault = { kind: 'application', type: 'E', message: 'E', details: [] };
    step(state, [{ type: 'failed', key: 'broken', fault }], STARTED + 3_000);
    return { run, kept: JSON.parse(JSON.stringify(carry(state, null)!.state)) as CarriedState };
  }
  const stateOf = (run: RunInput, kept: CarriedState): RunState =>
    begin({ ...run, n: 70, carried: kept, starters: ['cid'] }, {}, STARTED + 4_000, { chain: 'second' }).state;

  it.each<[string, (inquiry: CarriedInquiry) => unknown, string]>([
    ['keeps a decision that was delegated', () => {}, 'approved'],
    ['asks again without the delegation', (inquiry) => delete inquiry.delegations, 'pending'],
    ['asks again where the delegation has no proof', ({ delegations }) => delete delegations![0]!.proof, 'pending'],
    [
      'asks again where it was made in another run',
      ({ delegations }) => Object.assign(delegations![0]!, { carried_from: 8 * 1024 }),
      'pending',
    ],
    [
      'asks again where it is by somebody else',
      ({ delegations }) => Object.assign(delegations![0]!.delegation, { by: 'bob' }),
      'pending',
    ],
    [
      'asks again where it is to somebody else',
      ({ delegations }) => Object.assign(delegations![0]!.delegation, { to: 'dan' }),
      'pending',
    ],
    [
      'asks again where it hides a name',
      ({ delegations }) => Object.assign(delegations![0]!.delegation, { to_names: ['bob'] }),
      'pending',
    ],
    [
      'asks again where the reason is another one',
      ({ delegations }) => Object.assign(delegations![0]!.delegation, { reason: 'x' }),
      'pending',
    ],
    [
      'asks again where it was refused',
      ({ delegations }) => Object.assign(delegations![0]!, { verdict: { result: 'refused' } }),
      'pending',
    ],
    [
      'asks again where the signature is another one',
      ({ delegations }) => Object.assign(delegations![0]!.proof!, { sig: 'A'.repeat(86) }),
      'pending',
    ],
    ['asks again where the vote is not said to be delegated', ({ votes }) => delete votes[0]!.on_behalf_of, 'pending'],
    ['asks again where another vote is', ({ votes }) => Object.assign(votes[1]!, { on_behalf_of: 'ann' }), 'pending'],
    ['asks again where it is no longer delegable', ({ request }) => delete request.delegable, 'pending'],
  ])('%s', (_, change, status) => {
    const { run, kept } = carried();
    expect(kept.inquiries[0]!.delegations).toHaveLength(1);
    change(kept.inquiries[0]!);
    expect(projectInquiries(stateOf(run, kept)).at(-1)?.status).toBe(status);
  });

  it('shows whom a kept decision was delegated to, and asks again without it', () => {
    const { run, kept } = carried();
    const [inquiry] = projectInquiries(stateOf(run, kept));
    expect(inquiry).toMatchObject({
      delegations: [{ delegation: { by: 'ann', to: 'cid' }, carried_from: 7 * 1024 }],
      votes: [{ by: 'cid', on_behalf_of: 'ann' }, { by: 'bob' }],
    });
    kept.inquiries[0]!.votes.pop();
    expect(projectInquiries(stateOf(run, kept)).at(-1)).toMatchObject({
      status: 'pending',
      delegations: [],
      votes: [],
    });
  });
});
