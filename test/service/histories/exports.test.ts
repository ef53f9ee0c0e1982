import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { createEvaluated, type Evaluation } from '../../../interpreter/evaluations.ts';
import type { Definition } from '../../../model/definition.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { SHOWS_ALL } from '../../../model/mask.ts';
import type { Principal } from '../../../model/principal.ts';
import type { RunInput } from '../../../model/run-input.ts';
import { isReservedSignal } from '../../../model/signal.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { readHistory } from '../../../projection/json/history.ts';
import { decodeArguments, decodePayload, decodePayloads } from '../../../projection/payload.ts';
import { readOpening } from '../../../projection/runs/opening.ts';
import { findSpecs } from '../../../service/actions/actions.ts';
import { maskEvent } from '../../../service/histories/exports/event-masks.ts';
import { createExportMask } from '../../../service/histories/exports/export-mask.ts';
import {
  createHistoryExportService,
  type HistoryExportDependencies,
} from '../../../service/histories/exports/exports.ts';
import { createHistoryMasking } from '../../../service/histories/exports/history-masking.ts';
import { writeEvent } from '../../../service/histories/exports/proto-json.ts';
import { copyHistory } from '../../../service/projections/history-copies.ts';
import { madeHistories, madeRun } from '../../fixtures/made.ts';
import { RECORDED_RUNS, readEvents } from '../../fixtures/recorded.ts';
import { createRandom, draws } from '../../seed.ts';

// Recorded histories in which a text is hidden: everybody can replay the run, and nobody finds the text. `npm run explore -- 1000`
// hides every text of every recorded history.

const RUNS = RECORDED_RUNS.map(([, names]) => names);
const HIDDEN = draws(60);

const textsOf = (value: Json | undefined): string[] => {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
};

/** Returns what people said in a decision, a delegation or a control: the rest of it decides what it does. */
function saidIn(payload: Json): Json {
  if (!isJsonObject(payload)) return payload;
  const { statement = null, given = null } = payload;
  const parts = [payload, statement, given].filter((part) => isJsonObject(part));
  return parts.flatMap(
    ({ response = null, comment = null, reason = null, output = null, by = null, subject = null }) => [
      ...[response, comment, reason],
      ...[output, by, subject],
    ],
  );
}

/** Returns the data in an event: inputs, results, signals and failures. */
function dataIn(event: HistoryEvent): Json[] {
  const started = event.workflowExecutionStartedEventAttributes;
  const signaled = event.workflowExecutionSignaledEventAttributes;
  const failed =
    event.workflowExecutionFailedEventAttributes?.failure ?? event.activityTaskFailedEventAttributes?.failure;
  const payload = decodePayload(signaled?.input?.payloads?.[0]);
  return [
    ...(started ? [decodeArguments(started.input)[0]] : []),
    ...(signaled ? [isReservedSignal(signaled.signalName ?? '') ? saidIn(payload) : payload] : []),
    ...decodePayloads(event.activityTaskScheduledEventAttributes?.input),
    ...decodePayloads(event.activityTaskCompletedEventAttributes?.result),
    ...decodePayloads(event.startChildWorkflowExecutionInitiatedEventAttributes?.input).slice(0, 1),
    ...decodePayloads(event.childWorkflowExecutionCompletedEventAttributes?.result),
    ...decodePayloads(event.workflowExecutionCompletedEventAttributes?.result),
    ...(failed ? [failed.message ?? null, ...decodePayloads(failed.applicationFailureInfo?.details)] : []),
  ];
}

/** Returns the texts of a run that its file must not show when they are hidden. */
function collectTexts(events: readonly HistoryEvent[]): string[] {
  const values = events.flatMap((event) => {
    const isFailure = event.workflowExecutionFailedEventAttributes ?? event.activityTaskFailedEventAttributes;
    return isFailure || event.activityTaskScheduledEventAttributes ? [] : dataIn(event);
  });
  return [...new Set(values.flatMap(textsOf))];
}

/** Chooses histories and texts of them. */
function* chooseTexts(): Generator<{ names: readonly string[]; events: HistoryEvent[]; text: string }> {
  const random = createRandom();
  const isWhole = HIDDEN >= RUNS.length;
  const shuffled = isWhole
    ? RUNS
    : RUNS.map((names) => ({ names, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ names }) => names);
  for (const names of shuffled) {
    const { events } = copyHistory(names.flatMap((name) => readEvents(name)));
    const texts = collectTexts(events);
    const chosen = isWhole
      ? texts
      : texts.slice(0, 2).map((_, at) => texts[(Math.floor(random() * texts.length) + at) % texts.length]!);
    for (const text of chosen) yield { names, events, text };
  }
}

/** Replays a run over masked events, as they are written and read. Returns what did not match. */
function recompute(shown: readonly HistoryEvent[], evaluations: readonly Evaluation[]): string | null {
  const [first, ...rest] = readHistory(JSON.parse(`{"events":[${shown.map(writeEvent)}]}`)) as [HistoryEvent];
  const workflowId = first.workflowExecutionStartedEventAttributes?.workflowId ?? '';
  const opening = readOpening(workflowId, first, first.workflowExecutionStartedEventAttributes!);
  const replay = opening.replay({ observer: createEvaluated(JSON.parse(JSON.stringify(evaluations))) })!;
  for (const event of [first, ...rest]) replay.take(event);
  return replay.now.divergence;
}

it('a run is replayed from a history in which any text is hidden, and the text is not found in it', () => {
  let hidden = 0;
  let evaluated = 0;
  for (const { names, events, text } of chooseTexts()) {
    if (hidden === HIDDEN && HIDDEN < RUNS.length) break;
    hidden += 1;
    const masking = createHistoryMasking(events[0]!.workflowExecutionStartedEventAttributes?.workflowId ?? '', [text]);
    const shown = events.map((event) => masking.take(event));
    const found = shown.flatMap(dataIn).flatMap(textsOf);
    const left = found.filter((each) => each === text || (text.length >= 4 && each.includes(text)));
    const about = `${names[0]}: ${text}`;
    const reason = masking.end();
    const { evaluations } = masking.takePart();
    evaluated += evaluations.length;
    const divergence = recompute(shown, evaluations);
    expect({ about, left, reason, divergence }).toEqual({ about, left: [], reason: null, divergence: null });
  }
  expect(hidden).toBeGreaterThan(30);
  expect(evaluated).toBeGreaterThan(0);
});

const PAID = ['cvv', 'shape', 'flag', 'empty'] as const;
const CARDS = Array.from({ length: 6 }, (_, at) => ({
  cvv: 48151 + at,
  shape: { a: [at] },
  flag: at % 2 === 0,
  empty: '',
}));
const PAYS: JsonObject = {
  type: 'object',
  properties: {
    cvv: { type: 'integer' },
    shape: { type: 'object' },
    flag: { type: 'boolean' },
    empty: { type: 'string' },
  },
};

/** Makes the history of a run that passes its parameters on to a sub-workflow which hides them: one by one, and as items. */
function paidHistories(): { run: RunInput; runs: HistoryEvent[][] } {
  const definition: Definition = {
    tasks: [
      {
        name: 'first',
        action: 'examples.pay',
        input: Object.fromEntries(PAID.map((name) => [name, `{{ cards[0].${name} }}`])),
        next: [{ do: 'each' }],
      },
      {
        name: 'each',
        action: 'examples.pay',
        with_items: '{{ cards }}',
        concurrency: 1,
        input: Object.fromEntries(PAID.map((name) => [name, `{{ item.${name} }}`])),
      },
    ],
  };
  const write_only = PAID.map((name) => [name]);
  const pay: Definition = { tasks: [{ name: 'pay', action: 'core.noop' }] };
  const run = madeRun(definition, {
    actions: {
      'examples.pay': { workflow: true, param_schema: PAYS, timeout: 60, heartbeat_timeout: 60, queue_timeout: 60 },
    },
    workflows: {
      'examples.pay': {
        version: '1',
        revision: 1,
        hash: 'a',
        definition_id: 1,
        definition: pay,
        actions: findSpecs(pay),
        write_only,
      },
    },
    write_only: [['cards']],
  });
  return { run, runs: madeHistories(run, { cards: CARDS }, 20) };
}

/** Returns the state that a run carries into an event. */
function carriedIn(event: HistoryEvent): Json {
  const { input } =
    event.workflowExecutionContinuedAsNewEventAttributes ?? event.workflowExecutionStartedEventAttributes ?? {};
  const [, run] = decodeArguments(input);
  return isJsonObject(run) ? (run.carried ?? null) : null;
}

/** Returns every value of the fields with the given names, wherever data is; definitions and their schemas are left out. */
function valuesAt(names: readonly string[], value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    if (['definition', 'workflows', 'actions'].includes(name)) return [];
    return names.includes(name) ? [field] : valuesAt(names, field);
  });
}

it('hides what a sub-workflow hides by its place, whatever its value: in its input, its items, and the state of the run', () => {
  const { runs } = paidHistories();
  expect(runs.length).toBeGreaterThan(1);
  const masking = createHistoryMasking('', [CARDS]);
  const shown = runs.flat().map((event) => masking.take({ ...event, eventType: 1 }));
  expect(masking.end()).toBeNull();
  const { evaluations } = masking.takePart();
  expect(recompute(shown, evaluations)).toBeNull();
  const data = [...shown.map(dataIn), shown.map(carriedIn), evaluations];
  expect(new Set(valuesAt([...PAID, 'list'], data).flat())).toEqual(new Set(['***']));
  expect(JSON.stringify(data)).not.toMatch(/4815\d/);
});

it('hides the same in the state that a run has carried, where the event is shown by itself', () => {
  const { run, runs } = paidHistories();
  const continued = copyHistory(runs[0]!).events.at(-1)!;
  const named = () => valuesAt([...PAID, 'list'], carriedIn(maskEvent(continued, run, SHOWS_ALL))).flat();
  expect(JSON.stringify(carriedIn(continued))).toMatch(/4815\d/);
  expect(new Set(named())).toEqual(new Set(['***']));
});

/** A tenant's view of a run of 3 runs with 4 events each, nothing of which is hidden. */
const VIEW = {
  n: 1,
  projected: {},
  hidden: [],
  execution: { workflowId: 'wf_1', run: null, memo: null, projection: 'complete', status: 'completed', lastEvent: 12 },
};

/** Creates an export service over a chain of three runs, whose events have payloads of some bytes. */
function createExports(bytes = 1) {
  const read: string[] = [];
  const data = new Uint8Array(bytes).fill(65);
  const completed = { activityTaskCompletedEventAttributes: { result: { payloads: [{ data }] } } };
  const describe = async (_: string, runId = '3') => ({ info: { execution: { runId }, historyLength: 4 } });
  const service = createHistoryExportService({
    temporal: {
      describe,
      newestRun: async () => ({ before: async () => ['1', '2'] }),
      async *historyOf(_: string, runId: string) {
        read.push(runId);
        yield Array.from({ length: 4 }, (_, at) => ({ eventId: at + 1, ...completed }));
      },
    },
    executions: { readUnmasked: async () => VIEW },
    clock: () => 0,
  } as unknown as HistoryExportDependencies); // all that it needs of them
  const start = (tenant: string, run: number | null = null, signal = new AbortController().signal) =>
    service.export({ tenant } as Principal, '1', run, signal);
  return { start, read };
}

async function textOf(parts: AsyncGenerator<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

it('a late run of a chain of which nothing is hidden is exported without reading the runs before it', async () => {
  const { start, read } = createExports();
  const { runs } = JSON.parse(await textOf(await start('a', 2)));
  expect(runs).toMatchObject([{ index: 2, run_id: '3', first_event: 9, first_evaluation: null }]);
  expect([runs[0].events.length, read]).toEqual([4, ['3']]);
});

it('a file of more than 64 MiB is refused, with the advice to read its runs one by one, which works', async () => {
  const { start } = createExports(6 * 1024 * 1024);
  await expect(start('a')).rejects.toMatchObject({
    code: 'history_too_large',
    message: 'the export has more than 67108864 bytes: export its runs one by one with "run"',
  });
  const parts = await start('a', 1);
  expect((await parts.next()).value).toContain('"fermata_history":1');
  await parts.return(undefined);
});

it('two files of a tenant and four of all exist at once, until they are sent or nobody waits for them', async () => {
  const { start } = createExports();
  const gone = new AbortController();
  const [first] = [await start('a'), await start('a', null, gone.signal), await start('b')];
  await expect(start('a')).rejects.toMatchObject({ code: 'busy' });
  await start('c');
  await expect(start('d')).rejects.toMatchObject({ code: 'busy' });
  await textOf(first!);
  gone.abort();
  await expect(Promise.all([start('a'), start('d')])).resolves.toHaveLength(2);
  await expect(createExports().start('a', null, AbortSignal.abort())).rejects.toMatchObject({ code: 'busy' });
});

const ASKED = { id: 'd1', inquiry: 'ask', by: 'hidden one', names: ['hidden one'], at: '2026-01-01T00:00:00.000Z' };
const DELEGATED = { ...ASKED, to: 'b', to_names: ['hidden one'], to_groups: ['hidden one'], to_email: 'hidden one' };

it.each([
  ['a delegation names the person', '__fermata_delegate', JSON.stringify({ ...DELEGATED, reason: 'x' })],
  ['a decision says something new', '__fermata_decide', JSON.stringify({ ...ASKED, aside: { remark: 'hidden one' } })],
  ['JSON has a key twice', 'go', '{"a":"hidden one","a":1}'],
  ['JSON is nested deeply', 'go', `${'['.repeat(5_000)}"hidden one"${']'.repeat(5_000)}`],
])('a hidden text is not shown where %s, nor as the client of a signal', (_, signalName, text) => {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) };
  const signaled = { signalName, identity: 'hidden one', input: { payloads: [payload] } };
  const event = { workflowExecutionSignaledEventAttributes: signaled };
  const shown = maskEvent(event, madeRun({ tasks: [] }), createExportMask(['hidden one']));
  const { identity, input } = shown.workflowExecutionSignaledEventAttributes!;
  expect([identity, Buffer.from(input!.payloads![0]!.data!).toString()].join()).not.toContain('hidden one');
});

it('a map with the keys of a duration is written as a map', () => {
  const fields = { seconds: { data: Buffer.from('1') } };
  const event = { workflowExecutionStartedEventAttributes: { memo: { fields } } };
  const written = JSON.parse(writeEvent(event));
  expect(written.workflowExecutionStartedEventAttributes.memo.fields).toEqual({ seconds: { data: 'MQ==' } });
});
