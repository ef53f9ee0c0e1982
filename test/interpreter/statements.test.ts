import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import { buildChildInput } from '../../interpreter/children.ts';
import { type Command, type Fault, isSliceKey } from '../../interpreter/events.ts';
import { projectInquiries } from '../../interpreter/inquiries.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { CarriedInquiry, CarriedState } from '../../model/carried-state.ts';
import { CONTROL_SIGNAL, type Control } from '../../model/control.ts';
import type { Definition } from '../../model/definition.ts';
import { DECISION_SIGNAL, type Vote } from '../../model/inquiry.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RunInput } from '../../model/run-input.ts';
import { TRUST_SIGNAL } from '../../model/statement.ts';
import { createStatementSigner } from '../../service/statements/statements.ts';
import { draws } from '../seed.ts';
import { question, wordOf } from './inquiry-scripts.ts';
import { act, runInput, STARTED } from './rehearse.ts';
import { annDecides, FOREIGN_KEY, KEY, placeOf, signedDecision, signer } from './signed.ts';

const CHAIN = '0199-first-run';
const asking: Definition = {
  tasks: [
    question('ask', { prompt: 'Deploy?', response_schema: { type: 'object' } }, { on_success: 'broken' }),
    act('broken'),
  ],
};
const RUN: RunInput = { ...runInput(asking, 7), tenant: 'acme', blind: '00', trust: signer.trust() };

const started = (run = RUN, chain = CHAIN) => begin(run, {}, STARTED, { chain }).state;
const shown = (state: RunState) => projectInquiries(state)[0]!;
const signal = (name: string, payload: Json) => ({ type: 'signal' as const, name, payload });

/** Sends a payload to a run; returns the status of its question, and the refusals. */
function send(state: RunState, payload: Json, name = DECISION_SIGNAL) {
  step(state, [signal(name, payload)], STARTED + 2_000);
  const { refused, refusals } = state.statements;
  expect(refusals.length).toBe(Math.min(refused, 100));
  return {
    status: shown(state).status,
    refused: refusals.map(({ reason }) => reason),
    verdicts: state.decisions.map(({ verdict }) => wordOf(verdict)),
  };
}

/** Ann's decision about the question of a run as it is shown. */
function annSigned(run = RUN, chain = CHAIN): JsonObject {
  const { bound_to, what } = shown(started(run, chain));
  return signedDecision(run, chain, annDecides('ask', { bound_to }), what) as JsonObject;
}

const object = (value: Json | undefined): JsonObject => (value !== undefined && isJsonObject(value) ? value : {});
const withStatement = (payload: JsonObject, change: JsonObject): JsonObject => ({
  ...payload,
  statement: { ...object(payload.statement), ...change },
});

const UNTOUCHED = { status: 'pending', refused: [] as string[], verdicts: [] as string[] };

describe('a signed decision', () => {
  it('counts once, with its values, and its vote keeps the proof', () => {
    const state = started();
    const payload = annSigned();
    const wanted = { status: 'approved', refused: [], verdicts: ['decided'] };
    expect(send(state, payload)).toEqual(wanted);
    expect(send(state, payload)).toEqual(wanted);
    const [vote] = shown(state).votes as [Vote];
    expect(vote).toMatchObject({ by: 'ann', response: { why: 'fine', n: 1.5 }, comment: 'go' });
    expect(vote.proof?.statement).toMatchObject({ subject: 'ann', execution: expect.any(String), chain: CHAIN });
    expect(state.statements).toEqual({ accepted: 1, refused: 0, refusals: [] });
  });

  it('is refused by the rules like any other', () => {
    const state = started();
    const payload = signedDecision(RUN, CHAIN, annDecides('ask', { bound_to: 'something else' }));
    expect(send(state, payload)).toEqual({ ...UNTOUCHED, verdicts: ['binding_changed'] });
  });

  const good = annSigned();
  it.each<[string, Json, string]>([
    ['nothing', null, 'malformed'],
    ['a text', 'approve', 'malformed'],
    ['what was sent to older runs', annDecides('ask') as unknown as Json, 'unsigned'],
    ['no signature', { statement: good.statement!, kid: KEY.kid, given: good.given! }, 'malformed'],
    ['something more', { ...good, more: 1 }, 'malformed'],
    ['another version of statements', withStatement(good, { v: 2 }), 'malformed'],
    ['a statement of another kind', withStatement(good, { type: 'control' }), 'malformed'],
    ['no time', withStatement(good, { at: 'soon' }), 'malformed'],
    [
      'a time in the time zone of whoever reads it',
      withStatement(good, { at: '2026-01-01T00:00:01.000' }),
      'malformed',
    ],
    ['a time in another zone', withStatement(good, { at: '2026-01-01T01:00:01.000+01:00' }), 'malformed'],
    ['a key that nobody trusts', { ...good, kid: FOREIGN_KEY.kid }, 'unknown_key'],
    ['an inherited name for a key', { ...good, kid: 'constructor' }, 'unknown_key'],
    ['another tenant', withStatement(good, { tenant: 'other' }), 'wrong_run'],
    ['another chain', withStatement(good, { chain: 'other' }), 'wrong_run'],
    ['another run', withStatement(good, { execution: 'other' }), 'wrong_run'],
    ['another answer', { ...good, given: { ...object(good.given), response: { why: 'bad' } } }, 'altered'],
    ['another comment', { ...good, given: { ...object(good.given), comment: null } }, 'altered'],
    ['another salt', { ...good, given: { ...object(good.given), salt: 'x' } }, 'altered'],
    ['no salt', { ...good, given: {} }, 'altered'],
    ['one more value', { ...good, given: { ...object(good.given), output: 1 } }, 'altered'],
    ['another person', withStatement(good, { subject: 'boss' }), 'bad_signature'],
    ['another option', withStatement(good, { option: 'deny' }), 'bad_signature'],
    ['another visit', withStatement(good, { inquiry: 'ask#2' }), 'bad_signature'],
    ['another item', withStatement(good, { inquiry: 'ask[0]' }), 'bad_signature'],
    ['another try', withStatement(good, { inquiry: 'ask~2' }), 'bad_signature'],
    ['another group', withStatement(good, { groups: ['admins'] }), 'bad_signature'],
    ['a short signature', { ...good, sig: 'AAAA' }, 'bad_signature'],
    ['a second spelling of the signature', { ...good, sig: respelled(good.sig as string) }, 'bad_signature'],
    ['the signature of a foreign key', foreign(good, FOREIGN_KEY.kid), 'unknown_key'],
    ['the signature of a foreign key under a trusted name', foreign(good, KEY.kid), 'bad_signature'],
  ])('does not count with %s', (_, payload, reason) => {
    const state = started();
    expect(send(state, payload)).toEqual({ ...UNTOUCHED, refused: [reason] });
    // A forgery with the id of a statement does not keep out the genuine one.
    expect(send(state, annSigned())).toMatchObject({ status: 'approved' });
  });

  it('does not count in any other run', () => {
    const others = [{ n: 8 }, { tenant: 'other' }].map((change) => started({ ...RUN, ...change }));
    for (const state of [...others, started(RUN, 'another chain')]) {
      expect(send(state, good)).toEqual({ ...UNTOUCHED, refused: ['wrong_run'] });
    }
  });

  it('does not count after any change of a single character', () => {
    const text = JSON.stringify(good);
    const change = fc.record({ at: fc.nat(text.length - 1), to: fc.constantFrom(...' !"#-0159AEaefnz{}[],:\\_') });
    fc.assert(
      fc.property(change, ({ at, to }) => {
        const payload = parsed(text.slice(0, at) + to + text.slice(at + 1));
        if (payload === undefined || canonicalJson(payload) === canonicalJson(good)) return;
        const state = started();
        const { status, refused, verdicts } = send(state, payload);
        expect([status, refused.length, verdicts]).toEqual(['pending', 1, []]);
      }),
      { numRuns: draws(120) },
    );
  });

  it('is charged for, so that a flood of forgeries is taken in slices, and the true one behind it counts', () => {
    const state = started({ ...RUN, limits: { run: 50_000_000 } });
    const forgeries = Array.from({ length: 120 }, (_, at) =>
      signal(DECISION_SIGNAL, withStatement(good, { id: `forged ${at}`, subject: 'boss' })),
    );
    const cheap = Array.from({ length: 2_000 }, () => signal(DECISION_SIGNAL, { ...good, kid: 'nobody' }));
    const sums: number[] = [];
    const note = () => sums.push(state.statements.refused - sums.reduce((sum, each) => sum + each, 0));
    step(state, [...forgeries, ...cheap, signal(DECISION_SIGNAL, good)], STARTED + 1);
    note();
    for (let slices = 0; state.work.left && slices < 100; slices += 1) {
      const [key] = [...state.pending.keys()].filter(isSliceKey);
      step(state, [{ type: 'completed', key: key!, output: null }], STARTED + 2);
      note();
    }
    expect(Math.max(...sums.slice(0, 2))).toBeLessThanOrEqual(50);
    expect(shown(state).status).toBe('approved');
    const { accepted, refused, refusals } = state.statements;
    expect([accepted, refused, refusals.length]).toEqual([1, 2_120, 100]);
  });

  it.each([
    [10, null],
    [9, 'limit_exceeded'],
  ])('a flood that no run could pass on leaves a run of interpreter %i with the failure %s', (interpreter, failure) => {
    const run: RunInput = { ...RUN, interpreter, limits: { run: 50_000 } };
    const text = 'x'.repeat(2_000);
    const forgeries = Array.from({ length: 3_000 }, (_, at) =>
      signal(DECISION_SIGNAL, withStatement(good, { id: `${at} ${text}`, subject: 'boss' })),
    );
    const state = started(run);
    let commands = step(state, forgeries, STARTED + 1);
    const isLast = ({ type }: Command) => type === 'continue';
    for (let slices = 0; !commands.some(isLast) && state.failure === null && slices < 1_000; slices += 1) {
      const [key] = [...state.pending.keys()].filter(isSliceKey);
      commands = step(state, [{ type: 'completed', key: key!, output: null }], STARTED + 2);
    }
    expect(state.failure?.type ?? null).toBe(failure);
    const last = commands.find(isLast);
    if (last?.type !== 'continue') return;
    const { refused, refusals } = state.statements;
    expect([refused, refusals.length, refusals[0]!.reason]).toEqual([3_000, 100, 'bad_signature']);
    // The senders of the newest ones learn that they must send them again.
    expect(refusals.slice(50).map(({ reason, claims }) => [reason, claims.id!.split(' ')[0]])).toEqual(
      Array.from({ length: 50 }, (_, at) => ['flooded', String(2_950 + at)]),
    );
    const next = JSON.parse(JSON.stringify(last.run)) as RunInput;
    const { state: onward } = begin(next, {}, STARTED + 3, { chain: CHAIN });
    step(onward, [signal(DECISION_SIGNAL, good)], STARTED + 4);
    expect(shown(onward).status).toBe('approved');
  });

  it('is asked for in the name of the same keys by a sub-workflow', () => {
    const run = {
      ...runInput({ tasks: [{ name: 'sub', action: 'sub.one' }] }, 7, { 'sub.one': asking }),
      tenant: 'acme',
    };
    const { state } = begin({ ...run, trust: signer.trust() }, {}, STARTED);
    const child = buildChildInput(state, { ref: 'sub.one', key: 'sub', timeout: undefined, input: {} }) as {
      run: RunInput;
    };
    expect([child.run.trust, child.run.tenant]).toEqual([signer.trust(), 'acme']);
    const below = started(child.run, 'child');
    expect(send(below, annDecides('ask') as unknown as Json).refused).toEqual(['unsigned']);
    expect(send(below, good).refused).toEqual(['unsigned', 'wrong_run']);
    expect(send(below, annSigned(child.run, 'child')).status).toBe('approved');
  });
});

describe('a control', () => {
  const pause: Control = { id: 'c1', by: 'ann', reason: 'wait', what: 'pause' };
  const sealed = (control: Control, seconds: number, chain = CHAIN) =>
    signer.sealControl(placeOf(RUN, chain), control, STARTED + seconds * 1000) as JsonObject;

  it.each<[string, JsonObject, boolean, string[]]>([
    ['counts when it is signed', sealed(pause, 1), true, []],
    ['does not when it is not', pause as unknown as JsonObject, false, ['unsigned']],
    ['does not in another chain', sealed(pause, 1, 'other'), false, ['wrong_run']],
    ['does not with another reason', { ...sealed(pause, 1), given: { reason: 'x', salt: 'x' } }, false, ['altered']],
    ['does not in the name of another', withStatement(sealed(pause, 1), { subject: 'boss' }), false, ['bad_signature']],
    ['does not as another act', withStatement(sealed(pause, 1), { what: 'resume' }), false, ['bad_signature']],
  ])('%s', (_, payload, paused, refused) => {
    const state = started();
    expect([send(state, payload, CONTROL_SIGNAL).refused, state.paused !== null]).toEqual([refused, paused]);
  });

  it('that nobody signs fills no list', () => {
    const state = started();
    for (let n = 0; n < 1_100; n += 1) {
      send(state, { id: `t${n}`, by: 'x', reason: null, what: 'turn', verdict: 'begin' }, CONTROL_SIGNAL);
    }
    expect(state.controls).toEqual([]);
    expect(send(state, sealed(pause, 1), CONTROL_SIGNAL).refused).toEqual([]);
    expect([state.controls.length, state.paused !== null]).toEqual([1, true]);
  });

  it('that is more than a minute older than the newest one is stale', () => {
    const state = started();
    const skip: Control = { id: 'c2', by: 'ann', reason: null, what: 'skip', key: 'wait', output: null };
    expect(send(state, sealed(pause, 100), CONTROL_SIGNAL).refused).toEqual([]);
    expect(send(state, sealed(skip, 41), CONTROL_SIGNAL).refused).toEqual([]);
    expect(send(state, sealed({ ...skip, id: 'c3' }, 39), CONTROL_SIGNAL).refused).toEqual(['stale']);
    expect(state.controls.map(({ control }) => control.id)).toEqual([pause.id, 'c2']);
  });

  it('that pauses or resumes, and comes after one that was asked for later, changes nothing', () => {
    const resume: Control = { id: 'c2', by: 'ann', reason: null, what: 'resume' };
    const skip: Control = { id: 'c9', by: 'ann', reason: null, what: 'skip', key: 'wait', output: null };
    const rows: [name: string, controls: [Control, second: number][], refused: unknown[], paused: boolean][] = [
      [
        'a late pause',
        [
          [pause, 10],
          [resume, 20],
          [{ ...pause, id: 'c3' }, 19],
        ],
        [null, null, 'overtaken'],
        false,
      ],
      [
        'a late resume',
        [
          [pause, 10],
          [resume, 20],
          [{ ...pause, id: 'c3' }, 30],
          [{ ...resume, id: 'c4' }, 25],
        ],
        [null, null, null, 'overtaken'],
        true,
      ],
      [
        'the same instant',
        [
          [pause, 10],
          [resume, 10],
        ],
        [null, null],
        false,
      ],
      [
        'what was refused overtakes nothing',
        [
          [pause, 10],
          [{ ...pause, id: 'c3' }, 30],
          [resume, 20],
        ],
        [null, 'already_paused', null],
        false,
      ],
      [
        'a skip neither overtakes nor is overtaken',
        [
          [skip, 20],
          [pause, 10],
          [resume, 11],
          [{ ...skip, id: 'c8' }, 5],
        ],
        ['not_waiting', null, null, 'not_waiting'],
        false,
      ],
    ];
    for (const [name, controls, refused, paused] of rows) {
      const state = started();
      for (const [control, second] of controls) send(state, sealed(control, second), CONTROL_SIGNAL);
      expect([state.controls.map((record) => record.refused), state.paused !== null], name).toEqual([refused, paused]);
    }
  });
});

describe('the keys that a run trusts', () => {
  const both = createStatementSigner([FOREIGN_KEY, KEY]);
  const trustOf = (state: RunState) => ({ ...placeOf(RUN, CHAIN), trust: state.trust });
  const byForeign = (state: RunState) =>
    createStatementSigner([FOREIGN_KEY]).sealDecision(
      trustOf(state),
      annDecides('ask', { bound_to: shown(state).bound_to }),
      shown(state).what,
    );

  it('are changed by statements of keys that it trusts, and a revoked one counts no more', () => {
    const state = started();
    const [add, revoke] = both.sealRevocation(trustOf(state), KEY.kid, KEY, STARTED) as [Json, Json];
    expect(send(state, revoke, TRUST_SIGNAL).refused).toEqual(['unknown_key']);
    expect(send(state, add, TRUST_SIGNAL).refused).toEqual(['unknown_key']);
    expect(Object.keys(state.trust!.keys)).toEqual([KEY.kid, FOREIGN_KEY.kid]);
    send(state, revoke, TRUST_SIGNAL);
    expect(state.trust).toEqual({ keys: { [FOREIGN_KEY.kid]: FOREIGN_KEY.x }, revoked: [KEY.kid] });
    // Neither the same statement nor earlier ones of the key bring it back.
    expect(send(state, add, TRUST_SIGNAL).refused).toEqual(['unknown_key', 'revoked_key']);
    expect(send(state, annSigned())).toMatchObject({
      status: 'pending',
      refused: [...Array(1).fill('unknown_key'), ...Array(2).fill('revoked_key')],
    });
    expect(send(state, byForeign(state)).status).toBe('approved');
  });

  it('are passed on to sub-workflows and to the next run of the chain', () => {
    const state = started({ ...RUN, limits: { run: 1 } });
    const [add] = both.sealRevocation(trustOf(state), KEY.kid, KEY, STARTED) as [Json];
    const [next] = step(state, [signal(TRUST_SIGNAL, add)], STARTED + 1);
    expect(next).toMatchObject({ type: 'continue', run: { trust: state.trust } });
    expect(Object.keys(state.trust!.keys).length).toBe(2);
  });

  it('cannot be revoked by themselves', () => {
    const state = started();
    const text = {
      v: 1,
      type: 'trust',
      id: 't',
      tenant: 'acme',
      execution: object(annSigned().statement).execution!,
      chain: CHAIN,
    };
    const statement = { ...text, subject: 'x', add: [], revoke: [KEY.kid], at: new Date(STARTED).toISOString() };
    const sig = KEY.sign(`fermata-statement-v1\n${canonicalJson(statement)}`);
    send(state, { statement, kid: KEY.kid, sig, given: { salt: '' } }, TRUST_SIGNAL);
    expect([state.statements.accepted, Object.keys(state.trust!.keys)]).toEqual([1, [KEY.kid]]);
  });
});

describe('a retry', () => {
  const ended = started();
  send(ended, annSigned());
  const fault: Fault = { kind: 'application', type: 'E', message: 'E', details: [] };
  step(ended, [{ type: 'failed', key: 'broken', fault }], STARTED + 3_000);
  const carried = JSON.parse(JSON.stringify(carry(ended, null)!.state)) as CarriedState;
  const other = createStatementSigner([FOREIGN_KEY]);

  it.each<[string, (vote: Vote, inquiry: CarriedInquiry, state: CarriedState) => void, Partial<RunInput>, string]>([
    ['keeps a decision that its statement proves', () => {}, {}, 'approved'],
    ['asks again without a statement', (vote) => delete vote.proof, {}, 'pending'],
    [
      'asks again where the vote is in another name',
      (vote) => {
        vote.by = 'boss';
      },
      {},
      'pending',
    ],
    [
      'asks again where the answer is another one',
      (vote) => {
        vote.response = {};
      },
      {},
      'pending',
    ],
    [
      'asks again where it was made in another run',
      (vote) => {
        vote.carried_from = 8 * 1024;
      },
      {},
      'pending',
    ],
    [
      'asks again where the signature is another one',
      (vote) => {
        vote.proof!.sig = 'A'.repeat(86);
      },
      {},
      'pending',
    ],
    ['asks again where its key is not trusted', () => {}, { trust: other.trust() }, 'pending'],
    ['asks again in another tenant', () => {}, { tenant: 'other' }, 'pending'],
    [
      'asks again about another question',
      (_, inquiry) => {
        inquiry.key = 'ask~2';
      },
      {},
      'pending',
    ],
    [
      'asks again where nobody has voted',
      (_, inquiry) => {
        inquiry.votes = [];
      },
      {},
      'pending',
    ],
    [
      'asks again where nobody was asked',
      (_, __, state) => {
        state.inquiries = [];
      },
      {},
      'pending',
    ],
    [
      'asks again where the question has ended otherwise than its votes say',
      (_, inquiry) => {
        inquiry.outcome = 'denied';
      },
      {},
      'pending',
    ],
    [
      'asks again where the question has expired',
      (_, inquiry) => {
        inquiry.outcome = 'expired';
      },
      {},
      'pending',
    ],
    [
      'asks again where the vote counts as something else than was chosen',
      (vote) => {
        vote.outcome = 'deny';
      },
      {},
      'pending',
    ],
  ])('%s', (_, change, more, status) => {
    const state = structuredClone(carried);
    const [inquiry] = state.inquiries as [CarriedInquiry];
    change(inquiry.votes[0]!, inquiry, state);
    const again = started({ ...RUN, ...more, n: 70, carried: state }, 'second chain');
    expect(projectInquiries(again).at(-1)?.status).toBe(status);
    expect(again.pending.has('broken')).toBe(status === 'approved');
  });
});

/** The same bytes in another spelling: the last character of 64 bytes has four unused bits. */
function respelled(sig: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return sig.slice(0, -1) + alphabet[alphabet.indexOf(sig.at(-1)!) + 1];
}

/** The same statement signed by a key that no run trusts, under the name of a key. */
function foreign(payload: JsonObject, kid: string): JsonObject {
  const text = `fermata-statement-v1\n${canonicalJson(payload.statement ?? null)}`;
  return { ...payload, kid, sig: FOREIGN_KEY.sign(text) };
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
