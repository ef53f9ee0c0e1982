import { isTemplate } from '../expression/delimiters.ts';
import type { Definition } from '../model/definition.ts';
import { isJsonObject, type Json, jsonSize } from '../model/json.ts';
import { isReservedSignal } from '../model/signal.ts';
import { derive } from './derive.ts';
import { end } from './ends.ts';
import { armTimer, awaitEvent, dropPending } from './pending.ts';
import type { Place, RunState, SignalQueue } from './state.ts';

/** The number of messages, and of bytes of JSON, that are kept while no task waits for them. */
const MAX_SIGNALS = 1_000;
const MAX_SIGNAL_BYTES = 256 * 1024;

/** Creates a queue without messages. */
export function emptyQueue(): SignalQueue {
  return { messages: new Map(), waiters: new Map(), count: 0, bytes: 0, dropped: 0 };
}

/** Returns whether one more message can be kept in addition to others. */
export function hasRoomForSignal(kept: readonly Json[], payload: Json): boolean {
  return fits({ count: kept.length, bytes: kept.reduce<number>((sum, each) => sum + jsonSize(each), 0) }, payload);
}

function fits({ count, bytes }: Pick<SignalQueue, 'count' | 'bytes'>, payload: Json): boolean {
  return count < MAX_SIGNALS && bytes + jsonSize(payload) <= MAX_SIGNAL_BYTES;
}

/** Returns whether a task of a definition can ever wait for a signal of this name; always false for a reserved name. */
export function expectsSignal({ tasks }: Definition, name: string): boolean {
  if (isReservedSignal(name)) return false;
  return tasks.some(({ action, input }) => {
    if (action !== 'core.wait_signal') return false;
    const expected = isJsonObject(input) ? input.name : input;
    return expected === name || (typeof expected === 'string' && isTemplate(expected));
  });
}

/** Lets a visit wait for a signal, for some seconds at most. Returns the payload of a signal that came early. */
export function awaitSignal(
  state: RunState,
  wait: { place: Place; key: string; name: string; timeout: number | null },
): Json | undefined {
  const { place, key, name, timeout } = wait;
  const { signals } = state;
  const early = signals.messages.get(name)?.shift();
  if (early !== undefined) {
    signals.count -= 1;
    signals.bytes -= jsonSize(early);
    return early;
  }
  const pending = { ...place, kind: 'signal', signal: name } as const;
  if (timeout === null) awaitEvent(state, key, { ...pending, due: null });
  else armTimer(state, key, pending, timeout * 1000);
  const waiters = signals.waiters.get(name);
  if (waiters === undefined) signals.waiters.set(name, [key]);
  else waiters.push(key);
  return undefined;
}

/** Passes a message to the visit that has waited longest, or keeps it. */
export function takeSignal(state: RunState, name: string, payload: Json): void {
  const { signals } = state;
  const waiters = signals.waiters.get(name) ?? [];
  for (let key = waiters.shift(); key !== undefined; key = waiters.shift()) {
    const pending = state.pending.get(key);
    // The visit may have stopped waiting: its time was up, or the run is stopping.
    if (pending?.signal !== name) continue;
    dropPending(state, key);
    end(state, pending, { output: payload });
    return;
  }
  if (!derive(state, 'size', () => fits(signals, payload))) {
    signals.dropped += 1;
    return;
  }
  signals.count += 1;
  signals.bytes += jsonSize(payload);
  signals.messages.set(name, [...(signals.messages.get(name) ?? []), payload]);
}
