import { afterEach, expect, it, vi } from 'vitest';
import { readRetryAfter } from '../../activities/action.ts';

afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ['7', 7],
  ['1.5', 1.5],
  [' 120 ', 120],
  ['Sat, 28 Nov 2026 12:00:30 GMT', 30],
  ['Saturday, 28-Nov-26 12:01:00 GMT', 60],
  ['999999999', 86_400],
  ['Sun, 28 Nov 2027 12:00:00 GMT', 86_400],
  // Immediately, in the past, and values that are neither a date nor a number.
  ['0', undefined],
  ['0.2', undefined],
  ['Sat, 28 Nov 2026 11:00:00 GMT', undefined],
  ['-1', undefined],
  ['3600;', undefined],
  ['1e3', undefined],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('Retry-After: %s is %s seconds', (said, seconds) => {
  vi.useFakeTimers({ now: new Date('2026-11-28T12:00:00Z') });
  expect(readRetryAfter({ get: () => said })).toBe(seconds);
});
