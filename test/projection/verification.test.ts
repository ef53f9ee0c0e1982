import proto from '@temporalio/proto';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../model/json.ts';
import type { LedgerKey } from '../../model/ledger.ts';
import type { RunInput, RunMemo } from '../../model/run-input.ts';
import { readHistory } from '../../projection/json/history.ts';
import { decodePayloads } from '../../projection/payload.ts';
import { verifyHistories } from '../../projection/verification.ts';
import { RECORDED_CHAINS, readHistory as recorded } from '../fixtures/recorded.ts';
import { STARTED } from '../interpreter/rehearse.ts';
import { annDecides, FOREIGN_KEY, KEY, placeOf, signer } from '../interpreter/signed.ts';

const KEYS: LedgerKey[] = [KEY];
const DECIDED = 'v9/decided-by-a-signed-statement-after-forgeries-that-do-not-count.binpb';
const DELEGATED = 'v9/decided-on-behalf-of-somebody-who-has-delegated-it.binpb';
const ABOVE = 'v9/a-sub-workflow-asks-and-is-decided-by-a-signed-statement.binpb';
const BELOW = 'v9/a-sub-workflow-asks-and-is-decided-by-a-signed-statement-below.binpb';

/** The tenant in a memo; the run has another one in these recordings. */
const TENANT = '11111111-1111-4111-8111-111111111111';

/** A history as JSON, whose events a test changes. */
interface Written {
  events: Record<string, JsonObject>[];
}

const payloadOf = (value: Json) => ({
  metadata: { encoding: Buffer.from('json/plain').toString('base64') },
  data: Buffer.from(JSON.stringify(value)).toString('base64'),
});
const jsonIn = ({ data }: { data: string }) => JSON.parse(Buffer.from(data, 'base64').toString()) as JsonObject;

/** Writes times and durations as proto3 JSON does; everything else has that form already. */
function protoJsonOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => protoJsonOf(entry, ''));
  const { seconds, nanos = 0 } = value as { seconds?: string; nanos?: number };
  if (seconds !== undefined || Object.keys(value).join() === 'nanos') {
    const fraction = String(nanos).padStart(9, '0');
    const whole = Number(seconds ?? 0);
    if (!/Time$/.test(name)) return `${whole}.${fraction}s`;
    return new Date(whole * 1000).toISOString().replace('000Z', `${fraction}Z`);
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, protoJsonOf(each, key)]));
}

/** A recorded history as Temporal's SDK writes it; `warranted`: with the warrant that the API would have left. */
function written(name: string, warranted = true): Written {
  const history = recorded(name);
  const started = history.events[0]!.workflowExecutionStartedEventAttributes!;
  const { History } = proto.temporal.api.history.v1;
  const plain = History.toObject(history as never, { enums: String, bytes: String, longs: String });
  const json = protoJsonOf(plain, '') as Written;
  if (!warranted) return json;
  const [input, run] = decodePayloads(started.input) as [never, RunInput & Json];
  const memo: RunMemo = {
    n: run.n,
    tenant: TENANT,
    ref: run.ref,
    revision: 1,
    definition_id: null,
    executor: 0,
    owner: 'ann',
    enforcement: null,
    parent: null,
    tags: [],
    actions: [],
  };
  const given = signer.withWarrant({ input, run, memo }, STARTED);
  startedIn(json).memo = { fields: { fermata: payloadOf(given as unknown as Json) } };
  return json;
}

const startedIn = ({ events }: Written) => events[0]!.workflowExecutionStartedEventAttributes!;
/** The signals of a history, in order. */
const signals = ({ events }: Written) => events.filter((event) => event.workflowExecutionSignaledEventAttributes);
const payloadIn = (event: Record<string, JsonObject>) =>
  (event.workflowExecutionSignaledEventAttributes!.input as unknown as { payloads: { data: string }[] }).payloads;

function changeSignal(history: Written, at: number, change: (payload: JsonObject) => unknown): void {
  const payloads = payloadIn(signals(history)[at]!);
  const value = jsonIn(payloads[0]!);
  change(value);
  payloads[0] = payloadOf(value);
}

function changeStart(history: Written, change: (run: JsonObject) => unknown): void {
  const { payloads } = startedIn(history).input as unknown as { payloads: { data: string }[] };
  const run = jsonIn(payloads[1]!);
  change(run);
  payloads[1] = payloadOf(run);
}

/** Renumbers the events, and the references to them. */
function renumber({ events }: Written): void {
  const numbers = new Map(events.map((event, at) => [String(event.eventId), String(at + 1)]));
  for (const event of events) {
    for (const attributes of [event, ...Object.values(event)]) {
      if (typeof attributes !== 'object') continue;
      for (const [name, value] of Object.entries(attributes)) {
        if (/[eE]ventId$/.test(name) && numbers.has(String(value)))
          attributes[name] = numbers.get(String(value))! as never;
      }
    }
  }
}

const check = (histories: Written[], keys = KEYS) =>
  verifyHistories(
    histories.map((history) => readHistory(history as unknown as Json)!),
    keys,
  );
const wordsOf = (histories: Written[], keys = KEYS) =>
  check(histories, keys)
    .filter(({ result }) => result !== 'verified')
    .map(({ subject, inquiry, by, result, reason }) => {
      return `${subject} ${by ?? inquiry ?? '-'} ${result === 'failed' ? 'fails' : 'unknown'}: ${reason}`;
    });

describe('the history of a run', () => {
  it.each([
    [DECIDED, ['start', 'course', 'statement', 'question']],
    [DELEGATED, ['start', 'course', 'statement', 'statement', 'statement', 'statement', 'statement', 'question']],
  ])('is verified as it is: %s', (name, subjects) => {
    const found = check([written(name)]);
    expect(found.map(({ subject }) => subject)).toEqual(subjects);
    expect(found.every(({ result }) => result === 'verified')).toBe(true);
  });

  it.each<[string, string, (history: Written) => unknown, string[]]>([
    ['no warrant', DECIDED, (history) => delete startedIn(history).memo, ['start - fails: warrant_missing']],
    [
      'other starters',
      DELEGATED,
      (history) =>
        changeStart(history, (run) => {
          run.starters = ['eve'];
        }),
      ['start eve fails: altered'],
    ],
    [
      'a starter who has decided',
      DELEGATED,
      (history) =>
        changeStart(history, (run) => {
          run.starters = ['bob'];
        }),
      ['course - fails: diverged'],
    ],
    [
      'another definition',
      DECIDED,
      (history) =>
        changeStart(history, (run) => {
          (run.definition as { tasks: JsonObject[] }).tasks[0]!.input = { prompt: 'Lunch?' };
        }),
      ['course - fails: diverged'],
    ],
    [
      'another key that the run trusts',
      DECIDED,
      (history) =>
        changeStart(history, (run) => {
          (run.trust as { keys: JsonObject }).keys[FOREIGN_KEY.kid] = FOREIGN_KEY.x;
        }),
      ['start - fails: altered'],
    ],
    [
      'an older interpreter, which asks for no signatures',
      DECIDED,
      (history) =>
        changeStart(history, (run) => {
          run.interpreter = 8;
        }),
      ['course - fails: diverged'],
    ],
    [
      'a changed answer',
      DECIDED,
      (history) =>
        changeSignal(history, 3, (payload) => {
          (payload.given as JsonObject).comment = 'no';
        }),
      ['course - fails: diverged'],
    ],
    [
      'a changed person',
      DELEGATED,
      (history) =>
        changeSignal(history, 4, (payload) => {
          (payload.statement as JsonObject).subject = 'eve';
        }),
      ['course - fails: diverged'],
    ],
    [
      'a decision signed anew by a foreign key',
      DECIDED,
      (history) =>
        changeSignal(history, 3, (payload) => {
          payload.kid = FOREIGN_KEY.kid;
        }),
      ['course - fails: diverged'],
    ],
    [
      'a decision of another run',
      DECIDED,
      (history) =>
        changeSignal(history, 3, (payload) => {
          const run = { n: 8, tenant: 'acme', trust: signer.trust() } as unknown as RunInput;
          Object.assign(payload, signer.sealDecision(placeOf(run, 'other'), annDecides('ask'), 'what'));
        }),
      ['course - fails: diverged'],
    ],
    [
      'a missing decision',
      DECIDED,
      (history) => {
        history.events.splice(history.events.indexOf(signals(history)[3]!), 1);
      },
      ['course - fails: events_missing'],
    ],
    [
      'a missing decision, with everything numbered anew',
      DECIDED,
      (history) => {
        history.events.splice(history.events.indexOf(signals(history)[3]!), 1);
        renumber(history);
      },
      ['course - fails: diverged'],
    ],
    [
      'a missing delegation, with everything numbered anew',
      DELEGATED,
      (history) => {
        history.events.splice(history.events.indexOf(signals(history)[0]!), 1);
        renumber(history);
      },
      ['course - fails: diverged'],
    ],
    [
      'decisions in another order',
      DELEGATED,
      (history) => {
        const [first, second] = [signals(history)[0]!, signals(history)[3]!];
        const [a, b] = [payloadIn(first)[0]!, payloadIn(second)[0]!];
        const names = [first, second].map((event) => event.workflowExecutionSignaledEventAttributes!.signalName!);
        payloadIn(first)[0] = b;
        payloadIn(second)[0] = a;
        first.workflowExecutionSignaledEventAttributes!.signalName = names[1]!;
        second.workflowExecutionSignaledEventAttributes!.signalName = names[0]!;
      },
      ['course - fails: diverged'],
    ],
    [
      'the events in another order',
      DELEGATED,
      ({ events }) => {
        [events[5], events[6]] = [events[6]!, events[5]!];
      },
      ['course - fails: events_missing'],
    ],
    [
      'another result',
      DECIDED,
      ({ events }) => {
        const closing = events.at(-1)!.workflowExecutionCompletedEventAttributes!;
        closing.result = { payloads: [payloadOf('something else')] };
      },
      ['course - fails: diverged'],
    ],
    [
      'a sealed start',
      DECIDED,
      (history) => {
        const { payloads } = startedIn(history).input as unknown as { payloads: { metadata: JsonObject }[] };
        payloads[1]!.metadata.encoding = Buffer.from('binary/encrypted').toString('base64');
      },
      ['course - unknown: sealed'],
    ],
    [
      'a sealed decision',
      DECIDED,
      (history) => {
        const [payload] = payloadIn(signals(history)[3]!) as unknown as [{ metadata: JsonObject }];
        payload.metadata.encoding = Buffer.from('binary/encrypted').toString('base64');
      },
      ['course - unknown: sealed'],
    ],
    [
      'a decision whose values were taken out',
      DECIDED,
      (history) => {
        payloadIn(signals(history)[3]!)[0]!.data = '';
      },
      ['course - unknown: sealed'],
    ],
    [
      'an interpreter of the future',
      DECIDED,
      (history) =>
        changeStart(history, (run) => {
          run.interpreter = 99;
        }),
      ['course - unknown: interpreter_unknown'],
    ],
    [
      'what Fermata has not started',
      DECIDED,
      (history) => {
        startedIn(history).input = { payloads: [payloadOf({}), payloadOf({})] };
      },
      ['course - fails: foreign'],
    ],
  ])('shows %s', (_, name, change, found) => {
    const history = written(name);
    change(history);
    expect(wordsOf([history])).toEqual(found);
  });

  it.each<[string, LedgerKey[], string[]]>([
    [
      'no key',
      [],
      ['start - fails: unknown_key', 'statement ann fails: unknown_key', 'question ask fails: statements_missing'],
    ],
    [
      'a key that was revoked before',
      [{ ...KEY, revoked_at: new Date(STARTED).toISOString() }],
      ['start - fails: revoked_key', 'statement ann fails: revoked_key', 'question ask fails: statements_missing'],
    ],
  ])('is held against published keys, not those of the run: %s', (_, keys, found) => {
    expect(wordsOf([written(DECIDED)], keys)).toEqual(found);
  });
});

describe('the histories of a tree', () => {
  const tree = () => [written(ABOVE), written(BELOW, false)];

  it('are verified together, in any order', () => {
    expect(wordsOf(tree())).toEqual([]);
    expect(wordsOf(tree().reverse())).toEqual([]);
  });

  it.each<[string, (above: Written, below: Written) => Written[], string[]]>([
    ['without what is below', (above) => [above], ['course - unknown: history_missing']],
    ['without what is above', (_, below) => [below], ['start - unknown: parent_missing']],
    [
      'without a warrant',
      (_, below) => [written(ABOVE, false), below],
      ['start - fails: warrant_missing', 'start - fails: warrant_missing'],
    ],
    [
      'with other starters below',
      (above, below) => {
        changeStart(below, (run) => {
          run.starters = ['eve'];
        });
        return [above, below];
      },
      ['start eve fails: altered'],
    ],
    [
      'with another result above',
      (above, below) => {
        for (const { childWorkflowExecutionCompletedEventAttributes: completed } of above.events) {
          if (completed) completed.result = { payloads: [payloadOf('something else')] };
        }
        const closing = above.events.at(-1)!.workflowExecutionCompletedEventAttributes!;
        closing.result = { payloads: [payloadOf('something else')] };
        return [above, below];
      },
      ['start - fails: result_differs'],
    ],
  ])('%s', (_, change, found) => {
    const [above, below] = tree();
    expect(wordsOf(change(above!, below!))).toEqual(found);
  });
});

describe('the histories of a chain', () => {
  const names = RECORDED_CHAINS.get('v9/a-question-that-stays-open-and-is-decided-by-a-signed-statement')!;
  const chain = () => names.map((name, at) => written(name, at === 0));

  it('are verified together, in any order', () => {
    expect(wordsOf(chain())).toEqual([]);
    expect(wordsOf(chain().reverse())).toEqual([]);
  });

  it.each<[string, number, string]>([
    ['its first run', 0, 'chain_incomplete'],
    ['a run in the middle', 1, 'chain_incomplete'],
    ['its last run', names.length - 1, 'chain_incomplete'],
  ])('prove nothing without %s', (_, missing, reason) => {
    const left = chain().filter((_, at) => at !== missing);
    expect(wordsOf(left)).toEqual([`course - unknown: ${reason}`]);
  });

  it('show a state that was changed on the way', () => {
    const runs = chain();
    changeStart(runs[1]!, (run) => {
      run.starters = ['eve'];
    });
    expect(wordsOf(runs)).toEqual(['course - fails: altered']);
  });
});
