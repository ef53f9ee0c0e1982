import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import { AnswerTooLarge } from '../egress/answer.ts';
import { EgressError, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { RedirectError } from '../egress/redirects.ts';
import { type FaultNote, INFRASTRUCTURE_UNAVAILABLE } from '../model/failure.ts';
import { jsonSize } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { ActionError } from './action.ts';
import type { SecretMask } from './secrets/masks.ts';

/** Returns an error with all of its texts masked: an ActionError, or an error of Temporal's SDK unchanged. */
export function maskedFault(error: unknown, mask: SecretMask): unknown {
  if (isTemporals(error)) return error;
  const known = refusalIn(error, mask) ?? error;
  if (!(known instanceof ActionError)) return new ActionError('action_error', mask(messageOf(error)));
  const { type, message, code, details, retryable, retryAfter } = known;
  return new ActionError(type, mask(message), {
    ...(code === undefined ? {} : { code: mask(code) }),
    details: mask(details),
    retryable,
    retryAfter,
  });
}

/** Reports whether Temporal's SDK handles an error itself. */
function isTemporals(error: unknown): error is Error {
  return (
    error instanceof CancelledFailure || error instanceof ApplicationFailure || error instanceof CompleteAsyncError
  );
}

/** Returns what an activity throws for an error, so that the run learns its type, code and attempt. */
export function translateError(error: unknown, attempt: number): Error {
  if (isTemporals(error)) return error;
  const known =
    refusalIn(error, (value) => value) ??
    (error instanceof ActionError ? error : new ActionError('action_error', messageOf(error), { cause: error }));
  const note: FaultNote = { attempt, ...(known.code === undefined ? {} : { code: known.code }) };
  const failure = ApplicationFailure.create({
    type: known.type,
    message: known.message,
    nonRetryable: !known.retryable,
    ...(known.retryAfter === undefined ? {} : { nextRetryDelay: known.retryAfter * 1000 }),
    // A failure that exceeds the payload limit would never reach the run.
    details: [jsonSize(known.details) <= MAX_PAYLOAD_BYTES ? known.details : null, note],
  });
  // A stack would put paths of the worker's machine into the history.
  failure.stack = '';
  return failure;
}

/** Returns the fault for a request that egress refuses, whichever client sent it; undefined for any other error. */
function refusalIn(error: unknown, mask: SecretMask): ActionError | undefined {
  const denied = errorIn(error, EgressError);
  if (denied !== undefined) {
    // The host is masked separately, since it may be a short secret.
    const message = denied.message.replace(denied.host, () => mask(denied.host));
    return new ActionError('egress_denied', message, { code: denied.code, retryable: false });
  }
  const proxy = errorIn(error, ProxyError);
  if (proxy !== undefined) return new ActionError(INFRASTRUCTURE_UNAVAILABLE, proxy.message, { code: proxy.code });
  const redirect = errorIn(error, RedirectError);
  if (redirect !== undefined)
    return new ActionError('redirect_refused', redirect.message, { code: redirect.code, retryable: false });
  const large = errorIn(error, AnswerTooLarge);
  if (large === undefined) return undefined;
  return new ActionError('too_large', large.message, { details: { field: 'body' }, retryable: false });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
