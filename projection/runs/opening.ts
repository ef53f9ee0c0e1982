import type { temporal } from '@temporalio/proto';
import { identified } from '../../interpreter/identity.ts';
import { startContent } from '../../interpreter/signatures.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { INTERPRETER_VERSION, isRunInput, type RunInput } from '../../model/run-input.ts';
import type { RunKey } from '../../model/run-key.ts';
import { eventTime, type HistoryEvent } from '../history.ts';
import { decodeArguments, decodePayload } from '../payload.ts';
import { createReplay, type Replay, type ReplayOptions } from '../replay/replay.ts';

/** The first event of a run's history, read. */
export interface Opening {
  event: HistoryEvent;
  started: temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;
  input: Json;
  /** Null for a run that Fermata did not start. */
  run: RunInput | null;
  /** The same; null where this build does not know its interpreter. */
  known: RunInput | null;
  /** The hash of the start, where the memo has a warrant; null for a later run of a chain. */
  content: string | null;
  /** Creates the replay of the events that follow (createReplay); null where this build does not know the interpreter. */
  replay(options?: Pick<ReplayOptions, 'meter' | 'onCommand' | 'observer'>): Replay | null;
}

/** Reads the first event of a history. */
export function readOpening(workflowId: string, event: HistoryEvent, started: Opening['started']): Opening {
  const [input, second] = decodeArguments(started.input);
  const run = isRunInput(second) ? identified(second, workflowId) : null;
  const known = run !== null && run.interpreter <= INTERPRETER_VERSION ? run : null;
  const parameters = isJsonObject(input) ? input : {};
  // Only of the memo that Fermata left does a reader take the warrant (memo.ts).
  const left = decodePayload(started.memo?.fields?.fermata);
  const hasWarrant = isJsonObject(left) && left.warrant !== undefined && !started.continuedExecutionRunId;
  return {
    event,
    started,
    input,
    run,
    known,
    content: hasWarrant ? startContent(input, second) : null,
    replay: (options) =>
      known === null
        ? null
        : createReplay(known, parameters, {
            ...options,
            chain: chainOf(started),
            content: () => startContent(input, second),
          }),
  };
}

/** Returns the run that started this one, where that is another workflow. */
export function readParentRun({ parentWorkflowExecution: parent }: Opening['started']): { above?: RunKey } {
  return parent?.workflowId ? { above: { workflowId: parent.workflowId, runId: parent.runId ?? '' } } : {};
}

/** Returns Temporal's id of the first run of a chain. */
export function chainOf({ firstExecutionRunId, originalExecutionRunId }: Opening['started']): string {
  return firstExecutionRunId || originalExecutionRunId || '';
}

/** Returns when a run started, in milliseconds; for a later run of a chain, when the chain did. */
export function startTime(event: HistoryEvent, run: RunInput | null): number {
  return run?.carried?.middle?.started ?? eventTime(event);
}
