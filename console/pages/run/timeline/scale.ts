import type { TaskLine } from '../../../client/shapes.ts';

/** A stretch of time, in milliseconds. */
export type Span = readonly [from: number, to: number];

/** The places of instants on a line from 0 to 1. */
export interface Scale {
  /** Returns the place of an instant in milliseconds. */
  place(at: number): number;
  /** Returns the instant at a place. */
  instant(place: number): number;
  /** The places where time is left out. */
  breaks: readonly number[];
}

/** How much of the line a stretch that is left out still takes. */
const BREAK = 0.012;

/** The share of the whole time from which on a stretch in which nothing runs is worth leaving out. */
const WORTH = 0.03;

/** Creates a scale for a stretch of time, in which some stretches take next to no room; they are in order and do not overlap. */
export function createScale([from, to]: Span, gaps: readonly Span[]): Scale {
  const idle = gaps.reduce((sum, [start, end]) => sum + end - start, 0);
  const rest = Math.max(1, to - from - idle);
  const perMillisecond = (1 - gaps.length * BREAK) / rest;
  // Knots of a line that rises with time: slowly in what is left out.
  const knots: { at: number; place: number }[] = [{ at: from, place: 0 }];
  const last = () => knots[knots.length - 1]!;
  for (const [start, end] of gaps) {
    knots.push({ at: start, place: last().place + (start - last().at) * perMillisecond });
    knots.push({ at: end, place: last().place + BREAK });
  }
  knots.push({ at: Math.max(to, from + 1), place: 1 });
  const between = (value: number, key: 'at' | 'place', other: 'at' | 'place') => {
    const index = knots.findIndex((knot) => knot[key] >= value);
    if (index <= 0) return knots[index === 0 ? 0 : knots.length - 1]![other];
    const [low, high] = [knots[index - 1]!, knots[index]!];
    const share = high[key] === low[key] ? 0 : (value - low[key]) / (high[key] - low[key]);
    return low[other] + share * (high[other] - low[other]);
  };
  return {
    place: (at) => between(at, 'at', 'place'),
    instant: (place) => between(place, 'place', 'at'),
    breaks: gaps.map(([start, end]) => between((start + end) / 2, 'at', 'place')),
  };
}

/** Actions that do nothing but wait for time, a signal or people. */
const WAITS: ReadonlySet<string> = new Set(['core.delay', 'core.wait_signal', 'core.inquiry']);

/**
 * Returns the stretches in which no task did anything but wait, and that are long enough to be left out. `known` is the instant
 * up to which all tasks that have begun are in the list.
 */
export function listIdle(lines: readonly TaskLine[], whole: Span, known: number): Span[] {
  const [from, to] = whole;
  const busy = lines
    .filter(({ action_ref: action }) => !WAITS.has(action))
    .map(
      ({ created, started, ended }): Span => [Date.parse(started ?? created), ended === null ? to : Date.parse(ended)],
    )
    .sort(([a], [b]) => a - b);
  const gaps: Span[] = [];
  let reached = from;
  for (const [start, end] of [...busy, [Math.min(to, known), to] as Span]) {
    const until = Math.min(start, known);
    if (until - reached > (to - from) * WORTH) gaps.push([reached, until]);
    reached = Math.max(reached, end);
  }
  return gaps;
}
