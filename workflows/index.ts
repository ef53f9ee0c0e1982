import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  continueAsNew,
  proxySinks,
  setDefaultSignalHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Command } from '../interpreter/events.ts';
import { identified } from '../interpreter/identity.ts';
import { askedCount, endedNextToInquiries } from '../interpreter/inquiries.ts';
import { begin, step } from '../interpreter/interpreter.ts';
import { startContent } from '../interpreter/signatures.ts';
import type { HistoryLength, RunState } from '../interpreter/state.ts';
import { payloadRefusal, readArrived } from '../interpreter/unreadable.ts';
import { findHoldup, openStatusOf } from '../interpreter/waits.ts';
import type { ClosingDetails } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { INTERPRETER_VERSION, isRunInput, type Parameters } from '../model/run-input.ts';
import { readRunInput } from '../model/run-payload.ts';
import type { RunSinks } from '../model/run-report.ts';
import type { ExecutionStatus, Holdup } from '../model/status.ts';
import { createEventInbox } from './inbox.ts';
import { performing, wrapRunInput } from './perform.ts';

const { fermata } = proxySinks<RunSinks>();

type Close = Extract<Command, { type: 'close' }>;
type Last = Extract<Command, { type: 'close' | 'continue' }>;

/**
 * Runs every definition: the one workflow, whose type is the definition's ref. It performs the commands of the interpreter, reports back,
 * and decides nothing itself. `input` are the parameters; `second` holds the RunInput that the API built. Continues as new when its history is
 * long. Returns the output; fails with `{ outcome, failure }` in the details; a cancel request ends it as cancelled.
 */
export default async function run(input: Parameters, second: unknown): Promise<Json | undefined> {
  const { value = null, deflated } = readArrived(second);
  const given = readRunInput(value, deflated);
  if (!isRunInput(given)) {
    const type = workflowInfo().workflowType;
    const message = `"${type}" was not started by Fermata: the second argument is no run input`;
    throw ApplicationFailure.create({ type: 'input_invalid', message, nonRetryable: true });
  }
  if (given.carried?.middle !== undefined && !isContinued()) {
    const message = 'the state of a chain of runs was given to a run that does not continue one';
    throw ApplicationFailure.create({ type: 'not_authentic', message, nonRetryable: true });
  }
  if (given.interpreter > INTERPRETER_VERSION) {
    // Fails the workflow task, not the run: a newer worker can continue it.
    throw new Error(`this worker knows interpreter ${INTERPRETER_VERSION}, the run needs ${given.interpreter}`);
  }
  // Releases the text of the payload, which nothing reads any more.
  readArrived(input);
  const run = identified(given, workflowInfo().workflowId);
  const root = CancellationScope.current();
  const last = await CancellationScope.nonCancellable(() => {
    const inbox = createEventInbox();
    root.cancelRequested.catch(() => inbox.push({ type: 'cancel' }));
    setDefaultSignalHandler((name, payload) => {
      // The projection lists it as refused.
      const arrived = readArrived(payload);
      if (payloadRefusal(arrived, given.interpreter) !== null) return;
      const json = arrived.value ?? null;
      void Promise.resolve().then(() => inbox.push({ type: 'signal', name, payload: json }));
    });
    return performing(inbox, given.interpreter, async (perform) => {
      // After this, the signals that came with the start are in the inbox.
      await Promise.resolve();
      let cancelled = inbox.holdsCancel();
      let reported = '';
      const { state, commands } = begin(run, input, Date.now(), {
        events: inbox.take(),
        history: historyLength(),
        chain: workflowInfo().firstExecutionRunId,
        content: () => startContent(input, given as unknown as Json),
      });
      for (let next = commands; ; ) {
        const end = next.find((command): command is Last => command.type === 'close' || command.type === 'continue');
        if (end !== undefined) return end;
        for (const command of next) perform(command);
        const { status, waiting } = standingOf(state, cancelled);
        const asked = askedCount(state);
        const report = `${status} ${waiting} ${asked} ${endedNextToInquiries(state)}`;
        if (report !== reported) fermata.report(status, asked, waiting);
        reported = report;
        await inbox.gathered();
        cancelled ||= inbox.holdsCancel();
        next = step(state, inbox.take(), Date.now(), historyLength());
      }
    });
  });
  return last.type === 'close' ? finish(last) : continueAsNew(input, wrapRunInput(last.run));
}

/**
 * Returns whether another run continued as this one by its code; a cron schedule or a retry policy starts a run again with its own input.
 */
function isContinued(): boolean {
  const { continuedFromExecutionRunId, cronSchedule, retryPolicy } = workflowInfo();
  return Boolean(continuedFromExecutionRunId) && !cronSchedule && retryPolicy === undefined;
}

/** Returns the status of an open run, and what holds it up. */
function standingOf(state: RunState, cancelled: boolean): { status: ExecutionStatus; waiting: Holdup | null } {
  if (cancelled) return { status: 'canceling', waiting: null };
  return { status: openStatusOf(state), waiting: findHoldup(state) };
}

/** Returns the length of the history as every reader finds it: at the start of the workflow task. */
function historyLength(): HistoryLength {
  const { historyLength: length, continueAsNewSuggested: suggested } = workflowInfo();
  return { length, suggested };
}

function finish({ outcome, output, failure, also }: Close): Json | undefined {
  if (outcome === 'completed') return output;
  // A run that was skipped has no result, not even null, which distinguishes it from a run whose result is null.
  if (outcome === 'skipped') return undefined;
  if (outcome === 'cancelled' || failure === null) throw new CancelledFailure('the run was cancelled');
  const details: ClosingDetails = {
    outcome,
    failure,
    ...(also.length === 0 ? {} : { also }),
    ...(output === null ? {} : { output }),
  };
  const thrown = ApplicationFailure.create({
    type: failure.type,
    message: failure.message,
    nonRetryable: true,
    details: [details],
  });
  // A stack would show the bundle and paths of the worker's machine, and nothing about the definition.
  thrown.stack = '';
  throw thrown;
}
