import { deflateRawSync } from 'node:zlib';
import { defaultPayloadConverter } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { OWN_TASK_QUEUE, type Parameters, type RunInput, type RunMemo } from '../model/run-input.ts';
import { DICTIONARY, writeRunInput } from '../model/run-payload.ts';
import type { HistoryEvent } from '../projection/history.ts';

/** Everything that a run is started with, except for its workflow id and its delay. */
export interface Blueprint {
  input: Parameters;
  run: RunInput;
  memo: RunMemo;
  /** The summary that Temporal's UI shows. */
  summary: string;
}

/** A run to start. */
export interface StartRequest extends Blueprint {
  workflowId: string;
  /** Seconds until the run starts. */
  delay: number;
}

/** Wraps a run input as the argument of a start that the SDK sends as it is. */
export function runArgument(run: RunInput): unknown {
  return RawValue.fromPayload(writeRunInput(run, (bytes) => deflateRawSync(bytes, { dictionary: DICTIONARY })));
}

/**
 * Builds the event that Temporal has written for a start that it accepted: the first of the run's history. Its time, in milliseconds, is
 * that of the caller's clock, so it may differ from Temporal's by a little.
 */
export function startedEvent({ input, run, memo, delay }: StartRequest, runId: string, time: number): HistoryEvent {
  return {
    eventId: 1 as never, // plain numbers stand for 64-bit ones, as in a copied history
    eventTime: { seconds: Math.floor(time / 1000) as never, nanos: (time % 1000) * 1_000_000 },
    workflowExecutionStartedEventAttributes: {
      workflowType: { name: run.ref },
      taskQueue: { name: OWN_TASK_QUEUE },
      input: { payloads: [defaultPayloadConverter.toPayload(input), defaultPayloadConverter.toPayload(run)] },
      memo: { fields: { fermata: defaultPayloadConverter.toPayload(memo) } },
      originalExecutionRunId: runId,
      firstExecutionRunId: runId,
      attempt: 1,
      ...(delay === 0 ? {} : { firstWorkflowTaskBackoff: { seconds: delay as never } }),
    },
  };
}
