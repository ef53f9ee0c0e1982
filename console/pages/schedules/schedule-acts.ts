import type { RequestError } from '../../client/request-error.ts';

/** An act on a schedule of the list. */
export type ScheduleVerb = 'pause' | 'resume' | 'trigger';

const STATES = { pause: 'paused', resume: 'resumed' } as const;

/** Returns the sentence about an act that has been done; `run` is the one that a trigger has started. */
export function doneText(id: string, verb: ScheduleVerb, run: number | undefined): string {
  return verb === 'trigger' ? `${id} starts run ${run}.` : `${id} is ${STATES[verb]}.`;
}

/** Returns the sentence about an act that failed; an answer that has been lost says nothing about what was done. */
export function failedText(id: string, { status, message }: RequestError): string {
  return status === 0 ? `It is not known whether ${id} was changed: ${message}` : `${id} was not changed: ${message}`;
}
