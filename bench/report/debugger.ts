import type { DebuggedRun } from '../product/debugger.ts';
import type { MovedSlider } from '../product/slider.ts';
import { at, median, short, table } from '../statistics.ts';

/** Renders what the debugger costs. */
export function describeDebugger(runs: readonly DebuggedRun[]): string {
  return `The debugger, in one thread as in a browser's worker: milliseconds of CPU for reading the file of a history, for recomputing the run once with copies on
the way, and P50 and P95 of a stop with 25 rows, after a jump and after a step; and mebibytes for all of it.

${debuggerTable(runs)}`;
}

/** Renders how long a slider takes. */
export function describeSliders(sliders: readonly MovedSlider[]): string {
  return `The slider of the debugger in Chromium, moved to events all over a history that was opened as a file: milliseconds (P50 and P95) from the move until the
frame after the event is on the page, and of the page's CPU, which the worker's is not a part of. Goal: P95 below 100 ms.

${table(
  ['run', 'events', 'moves', 'on the page', 'CPU of the page'],
  sliders.map(({ what, events, milliseconds, cpu }) => [
    what,
    events.toLocaleString('en-US'),
    String(milliseconds.length),
    ...[milliseconds, cpu].map((times) => `${short(median(times))}, ${short(at(times, 0.95))}`),
  ]),
)}`;
}

/** Renders the costs as a table. */
export function debuggerTable(runs: readonly DebuggedRun[]): string {
  return table(
    ['run', 'events', 'tasks', 'read', 'recompute', 'jump', 'step forward', 'step back', 'next change', 'memory'],
    runs.map(({ what, events, tasks, read, recompute, jump, forward, back, find, heap }) => [
      what,
      events.toLocaleString('en-US'),
      tasks.toLocaleString('en-US'),
      short(read),
      short(recompute),
      ...[jump, forward, back, find].map((times) => `${short(median(times))}, ${short(at(times, 0.95))}`),
      `${Math.round(heap)} MiB`,
    ]),
  );
}
