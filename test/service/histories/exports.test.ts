import { expect, it } from 'vitest';
import { readHistory } from '../../../cli/history-file.ts';
import { createEvaluated } from '../../../interpreter/evaluations.ts';
import { isJsonObject, type Json } from '../../../model/json.ts';
import { isReservedSignal } from '../../../model/signal.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { decodeArguments, decodePayload, decodePayloads } from '../../../projection/payload.ts';
import { readOpening } from '../../../projection/runs/opening.ts';
import { createHistoryMasking } from '../../../service/histories/exports/history-masking.ts';
import { writeEvent } from '../../../service/histories/exports/proto-json.ts';
import { copyHistory } from '../../../service/projections/history-copies.ts';
import { RECORDED, RECORDED_CHAINS, readEvents } from '../../fixtures/recorded.ts';
import { createRandom, draws } from '../../seed.ts';

// Recorded histories in which a text is hidden: everybody can compute the run again, and nobody finds the text. `npm run explore -- 1000`
// hides every text of every recorded history.

const CHAINED = new Set([...RECORDED_CHAINS.values()].flat());
const RUNS = [
  ...RECORDED_CHAINS.values(),
  ...RECORDED.flatMap(({ name }) => (CHAINED.has(name) ? [] : [[name]])),
] as readonly (readonly string[])[];
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

/** Computes a run again from masked events, as they are written and read. Returns what did not match. */
function recompute(shown: readonly HistoryEvent[], masking: ReturnType<typeof createHistoryMasking>) {
  const { evaluations, computed, reason } = masking.takePart();
  const [first, ...rest] = readHistory(JSON.parse(`{"events":[${shown.map(writeEvent)}]}`)) as [HistoryEvent];
  const workflowId = first.workflowExecutionStartedEventAttributes?.workflowId ?? '';
  const opening = readOpening(workflowId, first, first.workflowExecutionStartedEventAttributes!);
  const replay = opening.replay({ observer: createEvaluated(JSON.parse(JSON.stringify(evaluations))) })!;
  for (const event of [first, ...rest]) replay.take(event);
  return { reason, divergence: replay.now.divergence, isBounded: evaluations.length <= computed };
}

it('a run is computed again from a history in which any text is hidden, and the text is not found in it', () => {
  let hidden = 0;
  for (const { names, events, text } of chooseTexts()) {
    if (hidden === HIDDEN && HIDDEN < RUNS.length) break;
    hidden += 1;
    const masking = createHistoryMasking(events[0]!.workflowExecutionStartedEventAttributes?.workflowId ?? '', [text]);
    const shown = events.map((event) => masking.take(event));
    const found = shown.flatMap(dataIn).flatMap(textsOf);
    const left = found.filter((each) => each === text || (text.length >= 4 && each.includes(text)));
    const about = `${names[0]}: ${text}`;
    expect({ about, left, ...recompute(shown, masking) }).toEqual({
      about,
      left: [],
      reason: null,
      divergence: null,
      isBounded: true,
    });
  }
  expect(hidden).toBeGreaterThan(30);
});
