import { type InquiryRequest, stepsTaken } from '../model/inquiry.ts';
import { armTimer, awaitEvent } from './pending.ts';
import type { AskedInquiry, RunState } from './state.ts';

/**
 * Awaits the next step of an open inquiry's escalation, or its expiry. All of them use one key, one after the other, so that closing the
 * inquiry ends the wait.
 */
export function awaitNext(state: RunState, { key, place, request, opened, expires, escalated }: AskedInquiry): void {
  const next = request.escalate?.[escalated?.length ?? 0];
  const due = next === undefined ? expires : Math.min(opened + next.after * 1000, expires ?? Number.POSITIVE_INFINITY);
  if (due === null) awaitEvent(state, key, { ...place, kind: 'inquiry', due: null });
  else armTimer(state, key, { ...place, kind: 'inquiry' }, Math.max(1, due - state.now));
}

/** Takes the next step of an inquiry's escalation, and awaits what comes next; false when the time of the inquiry is over. */
export function escalate(state: RunState, inquiry: AskedInquiry): boolean {
  const { request, opened, expires, escalated = [] } = inquiry;
  const next = request.escalate?.[escalated.length];
  if (next === undefined) return false;
  if (expires !== null && opened + next.after * 1000 >= expires) return false;
  inquiry.escalated = [...escalated, state.now];
  awaitNext(state, inquiry);
  return true;
}

/** Returns a request with everybody who is asked by now: a step of the escalation adds people and removes nobody. */
export function requestNow(inquiry: Pick<AskedInquiry, 'request' | 'escalated'>): InquiryRequest {
  const { request } = inquiry;
  const steps = stepsTaken(inquiry);
  if (steps.length === 0) return request;
  return {
    ...request,
    approvers: [...new Set([...request.approvers, ...steps.flatMap(({ approvers }) => approvers)])],
    groups: [...new Set([...request.groups, ...steps.flatMap(({ groups }) => groups)])],
  };
}
