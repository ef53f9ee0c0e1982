import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { createSignalScope } from '../../model/signals.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

it('a signal of a scope is aborted with one of others, for its reason, and the others are let go when the scope ends', () => {
  const [one, other, early] = [new AbortController(), new AbortController(), new AbortController()];
  const scope = createSignalScope();
  const either = scope.eitherOf([one.signal, other.signal]);
  expect(either.aborted).toBe(false);
  other.abort('over');
  expect(either.reason).toBe('over');
  expect(listeners(one.signal)).toBe(1);
  early.abort('before');
  expect(scope.eitherOf([one.signal, early.signal]).reason).toBe('before');
  expect(scope.eitherOf([]).aborted).toBe(false);
  const kept = scope.eitherOf([one.signal]);
  scope.end();
  expect(listeners(one.signal)).toBe(0);
  one.abort();
  expect(kept.aborted).toBe(false);
});

it('a limit of time aborts its signal once it is over, unless the scope has ended', async () => {
  const [ended, open] = [createSignalScope(), createSignalScope()];
  const never = ended.timeLimit(1);
  ended.end();
  const over = open.timeLimit(1);
  // Node.js has no longer timers, and would take this one for a millisecond.
  const far = open.timeLimit(2 ** 40);
  // A timer that keeps the process running, since those of a scope do not.
  const waiting = setTimeout(() => {}, 60_000);
  await new Promise((resolve) => over.addEventListener('abort', resolve));
  clearTimeout(waiting);
  expect(over.reason).toMatchObject({ name: 'TimeoutError' });
  expect([never.aborted, far.aborted]).toEqual([false, false]);
  open.end();
});
