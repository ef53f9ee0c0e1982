import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { poll } from '../../console/client/polling.ts';

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });

function turn(visibilityState: 'visible' | 'hidden') {
  page.visibilityState = visibilityState;
  page.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('a page polls while it can be seen, and at once when it can be seen again', () => {
  const refresh = vi.fn();
  const stop = poll(refresh, 1_000);
  vi.advanceTimersByTime(2_000);
  expect(refresh).toHaveBeenCalledTimes(2);
  turn('hidden');
  vi.advanceTimersByTime(60_000);
  expect(refresh).toHaveBeenCalledTimes(2);
  turn('visible');
  expect(refresh).toHaveBeenCalledTimes(3);
  stop();
  turn('visible');
  vi.advanceTimersByTime(60_000);
  expect(refresh).toHaveBeenCalledTimes(3);
});
