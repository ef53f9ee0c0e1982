import { Buffer } from 'node:buffer';
import type { AppError } from '../../model/app-error.ts';
import { isInstant } from '../../model/instant.ts';
import { refusal } from '../../model/refusal.ts';
import type { ErrorPlace } from '../../store/executions/execution-counts.ts';

/** Makes the cursor after an entry of a list, from the entry's time in milliseconds and its number among those of that time. */
export function cursorText(time: number, number: number): string {
  return Buffer.from(JSON.stringify([time, number])).toString('base64url');
}

/** Reads a cursor. Throws `request_invalid` for an invalid one. */
export function readCursor(text: string): [time: number, number: number] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger)) {
      const [time, number] = value as [number, number];
      if (isInstant(time) && number >= 0 && cursorText(time, number) === text) return [time, number];
    }
  } catch {
    // The error below is the only one about cursors.
  }
  throw invalidCursor();
}

/** Makes the cursor after a group of errors. */
export function errorCursorText({ count, fingerprint }: ErrorPlace): string {
  return `${count}-${fingerprint}`;
}

/** Reads the cursor of a list of errors. Throws `request_invalid` for an invalid one. */
export function readErrorCursor(text: string): ErrorPlace {
  const [, count, fingerprint] = /^(\d{1,6})-([\da-f]{16})$/.exec(text) ?? [];
  if (count === undefined || fingerprint === undefined) throw invalidCursor();
  return { count: Number(count), fingerprint };
}

function invalidCursor(): AppError {
  const message = 'is not a valid cursor: send the next_cursor of an earlier page';
  return refusal('request_invalid', [{ code: 'value_invalid', path: '/cursor', message }]);
}
