import { describe, expect, it } from 'vitest';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import { verifyLedger } from '../../interpreter/ledger.ts';
import { DELEGATE_SIGNAL, type Delegation } from '../../model/delegation.ts';
import { deriveUuid } from '../../model/execution-id.ts';
import { DECISION_SIGNAL, type InquiryStatus, type RefusalReason } from '../../model/inquiry.ts';
import type { Json } from '../../model/json.ts';
import type { Ledger, LedgerFinding, LedgerKey } from '../../model/ledger.ts';
import type { RunInput, RunMemo } from '../../model/run-input.ts';
import type { SignedStatement } from '../../model/statement.ts';
import { question } from './inquiry-scripts.ts';
import { runInput, STARTED } from './rehearse.ts';
import { annDecides, FOREIGN_KEY, KEY, placeOf, signedDecision, signer } from './signed.ts';

const CHAIN = 'first';
const RUN: RunInput = {
  ...runInput(
    { tasks: [question('ask', { prompt: 'Deploy?', quorum: 2 }), question('then', { prompt: 'Really?' })] },
    7,
  ),
  tenant: 'acme',
  blind: '00',
  trust: signer.trust(),
  starters: ['starter'],
};

/** The export of a run in which Ann and Bob approve one question, and Bob denies another; `at` is the time of each. */
function exported(at: readonly string[] = []): Ledger {
  const { state } = begin(RUN, {}, STARTED, { chain: CHAIN });
  const sent: SignedStatement[] = [];
  const decide = (inquiry: string, by: string, option: string) => {
    const asked = projectInquiries(state).find(({ key }) => key === inquiry)!;
    const decision = annDecides(inquiry, { id: `${inquiry} ${by}`, by, names: [], option, bound_to: asked.bound_to });
    decision.at = at[sent.length] ?? decision.at;
    const payload = signedDecision(RUN, CHAIN, decision, asked.what);
    sent.push(payload as unknown as SignedStatement);
    step(state, [{ type: 'signal', name: DECISION_SIGNAL, payload }], STARTED + sent.length);
  };
  decide('ask', 'ann', 'approve');
  decide('ask', 'bob', 'approve');
  decide('then', 'bob', 'deny');
  const { n, ref, version, interpreter, starters = [] } = RUN;
  const { warrant } = signer.withWarrant({ input: {}, run: RUN, memo: {} as RunMemo }, STARTED);
  const ledger: Ledger = {
    fermata_decisions: 1,
    execution: { id: n * 1024, uuid: deriveUuid(n), tenant: 'acme', chain: CHAIN, ref, version, interpreter, starters },
    warrant: warrant ?? null,
    digest: state.digest,
    questions: projectInquiries(state).map(({ key, status, what = null, bound_to, request, plan, expires_at }) => ({
      inquiry: key,
      status,
      what,
      bound_to,
      request,
      plan,
      masked: false,
      expires_at,
    })),
    statements: sent.map((each, at) => ({
      ...each,
      event: 10 + at,
      carried_from: null,
      verdict: state.decisions[at]!.verdict,
    })),
    children: [],
  };
  return JSON.parse(JSON.stringify(ledger)) as Ledger;
}

const KEYS: LedgerKey[] = [{ kid: KEY.kid, x: KEY.x, revoked_at: null }];

/** The findings about an export: reasons by statement and question. */
function faults(change: (ledger: Ledger) => unknown, keys = KEYS): string[] {
  const ledger = exported();
  change(ledger);
  const bad = verifyLedger(ledger, keys).filter(({ result }) => result !== 'verified');
  return bad.map(({ subject, inquiry, by, reason }) => `${subject} ${by ?? inquiry ?? 'nobody'}: ${reason}`);
}

/** Marks a decision as refused. */
const refuse = (ledger: Ledger, at: number, reason: RefusalReason) => {
  ledger.statements[at]!.verdict = { result: 'refused', reason, message: 'refused' };
};
const said = (ledger: Ledger, at: number) => ledger.statements[at]!.statement as Record<string, Json>;
const ofNobody = ['question ask: statements_missing', 'question then: statements_missing'];
const all = (reason: string) => [
  `statement ann: ${reason}`,
  `statement bob: ${reason}`,
  `statement bob: ${reason}`,
  ...ofNobody,
];

describe('an export of decisions', () => {
  it('has sub-workflows that were started for the same people', () => {
    const child = exported();
    child.warrant = null;
    child.execution.parent = 7 * 1024;
    const parent: Ledger = { ...exported(), questions: [], statements: [], children: [child] };
    expect(verifyLedger(parent, KEYS).filter(({ result }) => result !== 'verified')).toEqual([]);
    child.execution.starters = ['eve'];
    expect(verifyLedger(parent, KEYS).filter(({ result }) => result !== 'verified')).toMatchObject([
      { subject: 'start', by: 'eve', reason: 'altered' },
    ]);
    child.execution.starters = ['starter'];
    parent.warrant = null;
    expect(verifyLedger(parent, KEYS).filter(({ result }) => result !== 'verified')).toMatchObject([
      { subject: 'start', reason: 'warrant_missing' },
      { subject: 'start', reason: 'warrant_missing' },
    ]);
  });

  it.each<[string, (ledger: Ledger) => unknown, LedgerFinding['result']]>([
    ['no word of a warrant', (ledger) => delete ledger.warrant, 'not recomputable'],
    [
      'the word that there is no warrant',
      (ledger) => {
        ledger.warrant = null;
      },
      'failed',
    ],
  ])('with %s has a start that is, as are those below it: %s', (_, change, result) => {
    const child = exported();
    child.execution.parent = 7 * 1024;
    const parent: Ledger = { ...exported(), children: [child] };
    change(parent);
    const starts = verifyLedger(parent, KEYS).filter(({ subject }) => subject === 'start');
    expect(starts.map((finding) => finding.result)).toEqual([result, result]);
  });

  it('is verified as it is, below a parent too', () => {
    const ledger = exported();
    const parent: Ledger = { ...exported(), questions: [], statements: [], children: [ledger] };
    expect(verifyLedger(parent, KEYS).map(({ result }) => result)).toEqual(Array(7).fill('verified'));
  });

  it.each<[string, (ledger: Ledger) => unknown, string[]]>([
    [
      'a changed person',
      (ledger) => {
        said(ledger, 0).subject = 'eve';
      },
      ['statement eve: bad_signature', 'question ask: verdict_differs'],
    ],
    [
      'a changed option',
      (ledger) => {
        said(ledger, 2).option = 'approve';
      },
      ['statement bob: bad_signature', ofNobody[1]!],
    ],
    [
      'a changed answer',
      (ledger) => {
        ledger.statements[0]!.given!.response = {};
      },
      ['statement ann: altered', 'question ask: verdict_differs'],
    ],
    ['a missing vote', (ledger) => ledger.statements.splice(1, 1), ['question ask: statements_missing']],
    [
      'a repeated vote',
      (ledger) => {
        ledger.statements[1] = structuredClone(ledger.statements[0]!);
      },
      ['statement ann: repeated', ofNobody[0]!],
    ],
    [
      'another order',
      (ledger) => ledger.statements.reverse(),
      ['statement bob: reordered', 'statement ann: reordered', ofNobody[0]!],
    ],
    [
      'another execution',
      (ledger) => {
        ledger.execution.uuid = deriveUuid(8);
        ledger.execution.id = 8 * 1024;
      },
      [
        ...['start starter: wrong_run', ...all('wrong_run').slice(0, 3)],
        ...['question ask: digest_differs', 'question then: digest_differs'],
      ],
    ],
    [
      'a vote that is said to be kept of the execution itself',
      (ledger) => {
        Object.assign(ledger.statements[0]!, { event: null, carried_from: ledger.execution.id });
      },
      ['statement ann: wrong_run', 'question ask: verdict_differs'],
    ],
    [
      'the integer id of another execution',
      (ledger) => {
        ledger.execution.id = 8 * 1024;
      },
      [...all('wrong_run').slice(0, 3), 'question ask: wrong_run', 'question then: wrong_run'],
    ],
    [
      'another chain',
      (ledger) => {
        ledger.execution.chain = 'second';
      },
      all('wrong_run'),
    ],
    [
      'another prompt',
      (ledger) => {
        ledger.questions[0]!.request.prompt = 'Lunch?';
      },
      ['question ask: digest_differs'],
    ],
    [
      'a lower quorum',
      (ledger) => {
        ledger.questions[0]!.request.quorum = 1;
      },
      ['question ask: digest_differs'],
    ],
    [
      'other parameters',
      (ledger) => {
        ledger.digest!.parameters = '00';
      },
      ['question ask: digest_differs', 'question then: digest_differs'],
    ],
    [
      'no parameters, and what is said to be hidden',
      (ledger) => {
        ledger.digest = null;
        ledger.questions[0]!.masked = true;
      },
      ['question ask: digest_missing', 'question then: digest_missing'],
    ],
    [
      'a decision without its event',
      (ledger) => {
        ledger.statements[0]!.event = null;
      },
      ['statement ann: reordered', 'question ask: verdict_differs'],
    ],
    [
      'another outcome',
      (ledger) => {
        ledger.questions[1]!.status = 'approved';
      },
      ['question then: statements_missing'],
    ],
    [
      'an outcome that is hidden',
      (ledger) => {
        ledger.questions[1]!.status = 'pending';
      },
      ['question then: outcome_differs'],
    ],
    [
      'another verdict',
      (ledger) => {
        ledger.statements[0]!.verdict = { result: 'decided', outcome: 'approved' };
      },
      ['question ask: verdict_differs'],
    ],
    [
      'a vote of who started it',
      (ledger) => {
        ledger.execution.starters = ['bob'];
      },
      ['start bob: altered', 'question ask: self_approval', 'question then: self_approval'],
    ],
    [
      'a starter more, whom nobody has signed',
      (ledger) => ledger.execution.starters.push('eve'),
      ['start starter: altered'],
    ],
    [
      'a starter less',
      (ledger) => {
        ledger.execution.starters = [];
      },
      ['start nobody: altered'],
    ],
    [
      'no warrant',
      (ledger) => {
        ledger.warrant = null;
      },
      ['start starter: warrant_missing'],
    ],
    [
      'an export of an earlier build, which says nothing of warrants',
      (ledger) => delete ledger.warrant,
      ['start starter: warrant_not_exported'],
    ],
    [
      'the warrant of another execution, for other people',
      (ledger) => {
        const run = { ...RUN, n: 8, starters: ['eve'] };
        ledger.warrant = signer.withWarrant({ input: {}, run, memo: {} as RunMemo }, STARTED).warrant!;
      },
      ['start starter: wrong_run'],
    ],
    [
      'a warrant that nobody has signed so',
      (ledger) => {
        ledger.warrant!.statement.starters = ['eve'];
        ledger.execution.starters = ['eve'];
      },
      ['start eve: bad_signature'],
    ],
    [
      'a schedule that has not started it',
      (ledger) => {
        ledger.execution.schedule = 'nightly';
      },
      ['start starter: wrong_run'],
    ],
    [
      'another workflow',
      (ledger) => {
        ledger.execution.ref = 'other.workflow';
      },
      ['start starter: altered'],
    ],
    [
      'an execution that is said to be below another one',
      (ledger) => {
        ledger.execution.parent = 8 * 1024;
      },
      ['start starter: parent_missing'],
    ],
    [
      'an execution of before signatures',
      (ledger) => {
        ledger.execution.interpreter = 8;
      },
      ['start starter: unsigned'],
    ],
    ['a question that is gone', (ledger) => ledger.questions.pop(), ['statement bob: unknown_question']],
    [
      'a question that is gone, and its decision refused',
      (ledger) => {
        ledger.questions.pop();
        refuse(ledger, 2, 'unknown');
      },
      ['statement bob: unknown_question'],
    ],
    [
      'a hidden answer, which proves less',
      (ledger) => {
        ledger.statements[0]!.given = null;
      },
      ['statement ann: masked'],
    ],
    [
      'a hidden prompt, which proves less',
      (ledger) => {
        ledger.questions[0]!.masked = true;
      },
      ['question ask: masked'],
    ],
  ])('shows %s', (_, change, found) => {
    expect(faults(change)).toEqual(found);
  });

  it.each<[RefusalReason, InquiryStatus, Partial<{ masked: boolean; bound_to: string }>, string[]]>([
    ['already_voted', 'pending', {}, ['verdict_differs']],
    ['already_voted', 'pending', { masked: true }, ['verdict_differs']],
    ['already_decided', 'pending', {}, ['verdict_differs']],
    ['self_approval', 'pending', { masked: true }, ['verdict_differs']],
    ['not_allowed', 'pending', {}, ['verdict_differs']],
    ['not_allowed', 'pending', { masked: true }, ['masked']],
    ['option_unknown', 'pending', {}, ['verdict_differs']],
    ['response_invalid', 'pending', {}, ['verdict_differs']],
    ['binding_changed', 'pending', {}, ['verdict_differs']],
    ['binding_changed', 'pending', { masked: true, bound_to: 'what it is about now' }, ['masked']],
    ['expired', 'pending', {}, ['verdict_differs']],
    ['expired', 'cancelled', {}, ['verdict_differs']],
    ['expired', 'expired', {}, []],
    ['withdrawn', 'expired', {}, ['verdict_differs']],
    ['withdrawn', 'cancelled', {}, []],
  ])('with a denial that is marked as %s, of a question that is %s, %o', (reason, status, change, found) => {
    const shown = faults((ledger) => {
      refuse(ledger, 2, reason);
      Object.assign(ledger.questions[1]!, { status, ...change });
    });
    expect(shown).toEqual(found.map((each) => `question then: ${each}`));
  });

  it.each<[string[], string[]]>([
    [['2026-01-01T00:01:00.000Z', '2026-01-01T00:00:00.000Z'], []],
    [
      ['2026-01-01T00:01:00.001Z', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.002Z'],
      ['statement bob: reordered', ofNobody[0]!],
    ],
  ])('was signed in the order in which it was taken, give or take a minute: %j', (at, found) => {
    const bad = verifyLedger(exported(at), KEYS).filter(({ result }) => result !== 'verified');
    expect(bad.map(({ subject, inquiry, by, reason }) => `${subject} ${by ?? inquiry}: ${reason}`)).toEqual(found);
  });

  it.each<[string, LedgerKey[], string[]]>([
    ['no key', [], ['start starter: unknown_key', ...all('unknown_key')]],
    [
      'another key',
      [{ kid: FOREIGN_KEY.kid, x: FOREIGN_KEY.x }],
      ['start starter: unknown_key', ...all('unknown_key')],
    ],
    [
      'another key under its name',
      [{ kid: KEY.kid, x: FOREIGN_KEY.x }],
      ['start starter: bad_signature', ...all('bad_signature')],
    ],
    [
      'a key revoked before the start',
      [{ ...KEYS[0]!, revoked_at: new Date(STARTED).toISOString() }],
      ['start starter: revoked_key', ...all('revoked_key')],
    ],
    ['a key revoked before', [{ ...KEYS[0]!, revoked_at: '2026-01-01T00:00:01.000Z' }], all('revoked_key')],
    ['a key revoked after', [{ ...KEYS[0]!, revoked_at: '2026-01-01T00:00:01.001Z' }], []],
  ])('with %s', (_, keys, found) => {
    expect(faults(() => {}, keys)).toEqual(found);
  });
});

describe('an export of a delegated decision', () => {
  const run: RunInput = {
    ...RUN,
    ...runInput(
      { tasks: [question('ask', { prompt: 'Deploy?', approvers: ['ann', 'bob'], quorum: 2, delegable: true })] },
      7,
    ),
  };

  /** The actions of people, in turn. */
  interface Play {
    delegate(by: string, to: string, rest?: Partial<Delegation>): void;
    decide(by: string, behalf?: string): void;
  }

  /** The export of a run with actions of people, after checking the expected verdicts. */
  function played(play: (people: Play) => void, expected: string[]): Ledger {
    const { state } = begin(run, {}, STARTED, { chain: CHAIN });
    const sent: SignedStatement[] = [];
    const inquiry = () => projectInquiries(state)[0]!;
    const send = (name: string, payload: Json) => {
      sent.push(payload as unknown as SignedStatement);
      step(state, [{ type: 'signal', name, payload }], STARTED + sent.length);
    };
    const delegate: Play['delegate'] = (by, to, rest = {}) => {
      const people = { by, names: [], groups: [], to, to_names: [], to_groups: [] };
      const delegation: Delegation = {
        ...people,
        id: `${by} to ${to}`,
        inquiry: 'ask',
        reason: null,
        at: '2026-01-01T00:00:01.000Z',
        ...rest,
      };
      send(DELEGATE_SIGNAL, signer.sealDelegation(placeOf(run, CHAIN), delegation));
    };
    const decide: Play['decide'] = (by, behalf) => {
      const { bound_to, what } = inquiry();
      const decision = annDecides('ask', { id: `by ${by}`, by, names: [], groups: [], bound_to });
      if (behalf !== undefined) decision.on_behalf_of = behalf;
      send(DECISION_SIGNAL, signedDecision(run, CHAIN, decision, what));
    };
    play({ delegate, decide });
    const { delegations = [], decisions, key, status, what = null, bound_to, request, plan, expires_at } = inquiry();
    const verdicts = [...delegations, ...decisions].map(({ verdict }) => verdict);
    expect(verdicts.map(({ result }) => result)).toEqual(expected);
    const { execution, warrant = null } = exported();
    const ledger: Ledger = {
      fermata_decisions: 1,
      execution,
      warrant,
      digest: state.digest,
      questions: [{ inquiry: key, status, what, bound_to, request, plan, masked: false, expires_at }],
      statements: sent.map((each, at) => ({ ...each, event: 10 + at, carried_from: null, verdict: verdicts[at]! })),
      children: [],
    };
    return JSON.parse(JSON.stringify(ledger)) as Ledger;
  }

  /** Ann delegates to Cid, who tries to pass it on to Dan; then Ann is refused, and Cid and Bob approve. */
  const delegated = () =>
    played(
      ({ delegate, decide }) => {
        delegate('ann', 'cid');
        delegate('cid', 'dan');
        decide('ann');
        decide('cid', 'ann');
        decide('bob');
      },
      ['delegated', 'refused', 'refused', 'counted', 'decided'],
    );

  /** Ann delegates to Cid, takes it back, and approves as Bob does. */
  const withdrawn = () =>
    played(
      ({ delegate, decide }) => {
        delegate('ann', 'cid');
        delegate('ann', 'ann', { ends: 'ann to cid', why: 'withdrawn' });
        decide('ann');
        decide('bob');
      },
      ['delegated', 'delegated', 'counted', 'decided'],
    );

  it.each<[string, (ledger: Ledger) => unknown, string[]]>([
    ['is verified as it is', () => {}, []],
    [
      'counts: without it nobody but the other person decides',
      ({ statements }) => statements.splice(1, 1),
      ['not_allowed'],
    ],
    ['is of a delegation that is there', ({ statements }) => statements.splice(0, 1), ['not_allowed']],
    [
      'does not count where it is said to be refused',
      ({ statements }) => {
        statements[1]!.verdict = { result: 'refused', reason: 'already_voted', message: '' };
      },
      ['verdict_differs'],
    ],
    [
      'was signed by nobody for another delegation',
      ({ statements }) => {
        statements[1]!.statement.ends = 'another';
      },
      ['bad_signature', 'not_allowed'],
    ],
    [
      'does not come after the decision that it allows',
      ({ statements }) => statements.splice(2, 0, { ...statements.splice(1, 1)[0]!, event: 30 }),
      ['reordered', 'not_allowed'],
    ],
  ])('the end of one %s', (_, change, found) => {
    const ledger = withdrawn();
    change(ledger);
    const bad = verifyLedger(ledger, KEYS).filter(({ result }) => result !== 'verified');
    expect(bad.map(({ reason }) => reason)).toEqual(found);
  });

  it('is verified where a retry has kept it, also by whoever has retried the run since', () => {
    const ledger = delegated();
    const { execution, questions, statements } = ledger;
    statements.splice(1, 2);
    for (const entry of statements) {
      const { subject: by, response: _, comment: __, reason: ___, ...made } = entry.statement;
      const { salt: ____, ...given } = entry.given!;
      const wish = { ...made, ...given, by } as never;
      const place = placeOf({ ...run, n: 8 }, 'earlier');
      const isDelegation = entry.statement.type === 'delegate';
      const payload = isDelegation
        ? signer.sealDelegation(place, wish)
        : signer.sealDecision(place, wish, questions[0]!.what!);
      Object.assign(entry, payload, { event: null, carried_from: 8 * 1024 });
    }
    execution.starters = ['starter', 'cid', 'bob'];
    // Its warrant names another list.
    const [, ...found] = verifyLedger(ledger, KEYS).map(({ reason, result }) => reason ?? result);
    expect(found).toEqual(Array(4).fill('verified'));
    execution.starters = ['cid', 'starter'];
    expect(verifyLedger(ledger, KEYS).at(-1)).toMatchObject({ result: 'failed', reason: 'delegate_unsuitable' });
    execution.starters = ['bob', 'starter'];
    expect(verifyLedger(ledger, KEYS).at(-1)).toMatchObject({ result: 'failed', reason: 'self_approval' });
    execution.starters = ['starter'];
    statements.shift();
    expect(verifyLedger(ledger, KEYS).at(-1)).toMatchObject({ result: 'failed', reason: 'not_allowed' });
  });

  it.each<[string, (ledger: Ledger) => unknown, string[]]>([
    ['nothing where it is as it was', () => {}, []],
    ['a missing delegation', ({ statements }) => statements.shift(), ['question ask: verdict_differs']],
    [
      'a missing delegation, and whoever has made it too',
      ({ statements }) => {
        const [, pass, , ...others] = statements.splice(0);
        statements.push(pass!, ...others);
      },
      ['question ask: not_allowed'],
    ],
    [
      'a delegation that comes too late',
      ({ statements }) => statements.push({ ...statements.shift()!, event: 20 }),
      ['question ask: verdict_differs'],
    ],
    [
      'a delegation that is said to be refused',
      ({ statements }) => {
        statements[0]!.verdict = { result: 'refused', reason: 'not_allowed', message: '' };
      },
      ['question ask: verdict_differs'],
    ],
    [
      'a refused delegation that is said to count',
      ({ statements }) => {
        statements[1]!.verdict = { result: 'delegated' };
      },
      ['question ask: not_allowed'],
    ],
    [
      'a delegation by somebody else',
      (ledger) => {
        said(ledger, 0).subject = 'eve';
      },
      ['statement eve: bad_signature', 'question ask: verdict_differs'],
    ],
    [
      'a delegation to somebody else',
      (ledger) => {
        said(ledger, 0).to = 'eve';
      },
      ['statement ann: bad_signature', 'question ask: verdict_differs'],
    ],
    [
      'a delegation of another execution',
      ({ statements }) => {
        const foreign: Delegation = { ...(statements[0]!.statement as unknown as Delegation), by: 'ann', reason: null };
        const payload = signer.sealDelegation(placeOf({ ...run, n: 8 }, CHAIN), foreign);
        Object.assign(statements[0]!, payload);
      },
      ['statement ann: wrong_run', 'question ask: verdict_differs'],
    ],
    [
      'a delegation of another type',
      (ledger) => {
        said(ledger, 0).type = 'trust';
      },
      ['statement ann: altered', 'question ask: verdict_differs'],
    ],
    [
      'another reason',
      ({ statements }) => {
        statements[0]!.given!.reason = 'x';
      },
      ['statement ann: altered', 'question ask: verdict_differs'],
    ],
    [
      'a decision that is not said to be delegated',
      (ledger) => delete said(ledger, 3).on_behalf_of,
      ['statement cid: bad_signature', 'question ask: verdict_differs'],
    ],
    [
      'the vote of whoever has delegated',
      ({ statements }) => {
        statements[2]!.verdict = { result: 'counted' };
      },
      ['question ask: not_allowed'],
    ],
    [
      'a delegation to who started it',
      ({ execution }) => {
        execution.starters = ['cid'];
      },
      ['start cid: altered', 'question ask: delegate_unsuitable'],
    ],
    [
      'a question that is not delegable',
      ({ questions }) => delete questions[0]!.request.delegable,
      ['question ask: digest_differs'],
    ],
  ])('shows %s', (_, change, found) => {
    const ledger = delegated();
    change(ledger);
    const bad = verifyLedger(ledger, KEYS).filter(({ result }) => result !== 'verified');
    expect(bad.map(({ subject, inquiry, by, reason }) => `${subject} ${by ?? inquiry}: ${reason}`)).toEqual(found);
  });
});
