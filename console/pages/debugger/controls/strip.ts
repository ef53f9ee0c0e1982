import type { EventMark } from '../../../debugger/protocol.ts';

/** The kind of an event. */
type EventKind = 'failed' | 'outside' | 'completed' | 'timer' | 'begun' | 'decision' | 'other';

/** The kinds of events, by their letters; where many events share a place, the first of these kinds shows. */
const KINDS: [letter: EventMark, kind: EventKind][] = [
  ['f', 'failed'],
  ['i', 'outside'],
  ['c', 'completed'],
  ['t', 'timer'],
  ['s', 'begun'],
  ['w', 'decision'],
];

/** The heights of the lines of a kind, as a part of the whole. */
const HEIGHTS: Record<EventKind, number> = {
  failed: 1,
  outside: 0.9,
  completed: 0.75,
  timer: 0.6,
  begun: 0.5,
  decision: 0.22,
  other: 0.22,
};

/** Lines of one kind, as a path in a picture of `WIDTH` by `HEIGHT`. */
interface StripPath {
  kind: EventKind;
  path: string;
}

/** The width of the picture, in its units. */
export const WIDTH = 1_000;

/** The height of the picture, in its units. */
export const HEIGHT = 100;

/** The most places at which a line stands. */
const PLACES = 400;

/**
 * Draws a line for each event, from left to right, as high as its kind is telling. Of events that share a place the most telling one is
 * drawn. `marks` has an EventMark for each event.
 */
export function drawStrip(marks: string): StripPath[] {
  const places = Math.min(PLACES, marks.length);
  const paths = new Map<EventKind, string>();
  for (let place = 0; place < places; place += 1) {
    const [from, to] = [place, place + 1].map((each) => Math.round((each * marks.length) / places));
    const here = marks.slice(from, to);
    const [, kind] = KINDS.find(([letter]) => here.includes(letter)) ?? ['o', 'other' as const];
    const x = xOf(place, places);
    const top = HEIGHT * (1 - HEIGHTS[kind]);
    paths.set(kind, `${paths.get(kind) ?? ''}M${x} ${HEIGHT}V${top}`);
  }
  return [...paths].map(([kind, path]) => ({ kind, path }));
}

/** Returns where the line of a place stands, among so many: the first one at the left edge, the last one at the right. */
export function xOf(place: number, places: number): number {
  return places <= 1 ? 0 : Math.round((place * WIDTH * 100) / (places - 1)) / 100;
}
