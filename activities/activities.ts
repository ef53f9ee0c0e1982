import { ApplicationFailure, activityInfo, CancelledFailure, Context, log } from '@temporalio/activity';
import type { Egress } from '../egress/egress.ts';
import type { FaultNote } from '../model/failure.ts';
import { issuesText } from '../model/issue.ts';
import { type Json, jsonSize } from '../model/json.ts';
import { BACKSTOP_SECONDS, MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { issuesOf } from '../model/zod-issues.ts';
import { type Action, ActionError } from './action.ts';

/** Milliseconds between the heartbeats that every activity of ours sends by itself. */
const HEARTBEAT_INTERVAL = 2_000;

/**
 * Temporal's activities for a catalogue of actions: one that takes every type, so that an action which is not made
 * fails its task instead of waiting for ever. Each is heartbeated, checked, bounded in time and size.
 */
export function createActivities(
  actions: Readonly<Record<string, Action>>,
  egress: Egress,
): Record<string, (input: unknown) => Promise<Json>> {
  return {
    default: async (input) => {
      const { activityType, attempt } = activityInfo();
      try {
        const action = Object.hasOwn(actions, activityType) ? actions[activityType] : undefined;
        if (action === undefined) {
          const message = `the action "${activityType}" is not available in this version`;
          throw new ActionError('action_unavailable', message, { retryable: false });
        }
        return await runBounded(action, input, egress);
      } catch (error) {
        throw failureOf(error, attempt);
      }
    },
  };
}

async function runBounded(action: Action, input: unknown, { fetch }: Egress): Promise<Json> {
  const context = Context.current();
  const parsed = action.input.safeParse(input);
  if (!parsed.success) {
    const issues = issuesOf(parsed.error, action.input, input);
    const details = issues.map(({ code, path, message }) => ({ code, path, message }));
    throw new ActionError('input_invalid', `the input is invalid: ${issuesText(issues, 'input')}`, {
      details,
      retryable: false,
    });
  }
  const heartbeat = setInterval(() => context.heartbeat(), HEARTBEAT_INTERVAL);
  const limit = Math.max(1, context.info.startToCloseTimeoutMs - BACKSTOP_SECONDS * 1000);
  const timeout = AbortSignal.timeout(limit);
  const signal = AbortSignal.any([context.cancellationSignal, timeout]);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    const running = action.run(parsed.data, { signal, fetch, log: (level, message) => log[level](message) });
    // An action that does not watch its signal is left behind: its attempt is over all the same.
    const output = await Promise.race([running, aborted]);
    const bytes = jsonSize(output);
    if (bytes <= MAX_PAYLOAD_BYTES) return output;
    const message = `the output has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    throw new ActionError('too_large', message, { details: { field: 'output' }, retryable: false });
  } catch (error) {
    if (context.cancellationSignal.aborted) return await context.cancelled;
    if (timeout.aborted) throw new ActionError('timeout', `the attempt took longer than ${limit / 1000} seconds`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

function failureOf(error: unknown, attempt: number): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known =
    error instanceof ActionError ? error : new ActionError('action_error', messageOf(error), { cause: error });
  const note: FaultNote = { attempt, ...(known.code === undefined ? {} : { code: known.code }) };
  const failure = ApplicationFailure.create({
    type: known.type,
    message: known.message,
    nonRetryable: !known.retryable,
    details: [known.details, note],
  });
  // A stack shows paths of the worker's machine, and it would stand in the history of every run.
  failure.stack = '';
  return failure;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
