import { AppError, type ErrorCode } from '../model/app-error.ts';
import type { Issue } from '../model/issue.ts';
import { WorkExceeded } from '../model/work.ts';

/** The message of `work_exceeded`. */
const TOO_MUCH = 'this request takes more work than is allowed';

/** A job for a thread. Its input is JSON as UTF-8, or a value that is cloned as it is. */
export interface JobMessage {
  name: string;
  input: { json: Uint8Array<ArrayBuffer> } | { value: unknown };
}

/** An answer of a thread: that it is ready, the result of a job as JSON in UTF-8, or the error of the job. */
export type ThreadMessage = 'ready' | { result: Uint8Array<ArrayBuffer> } | { error: ThrownError };

/** An error as it crosses from a thread; without a code it is a fault of the program. */
interface ThrownError {
  code: ErrorCode | null;
  message: string;
  issues: Issue[] | undefined;
  stack: string | undefined;
}

/** Creates the refusal of work that takes more time or memory than is allowed. */
export function workExceeded(): AppError {
  return new AppError('work_exceeded', TOO_MUCH);
}

/** Encodes JSON for the other side, in a buffer that can be transferred. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Decodes the result of `encode`. */
export function decode(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Describes what a job threw. A spent meter and a stack that is too deep are work that exceeds its limit. */
export function packError(thrown: unknown): ThrownError {
  const error = thrown instanceof WorkExceeded || thrown instanceof RangeError ? workExceeded() : thrown;
  if (!(error instanceof Error)) return { code: null, message: String(error), issues: undefined, stack: undefined };
  const { code, issues } = error instanceof AppError ? error : { code: null, issues: undefined };
  return { code, message: error.message, issues, stack: error.stack };
}

/** Rebuilds the error that a thread described. */
export function restoreError({ code, message, issues, stack }: ThrownError): Error {
  if (code !== null) return new AppError(code, message, issues === undefined ? {} : { issues });
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
