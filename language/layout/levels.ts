import type { Link } from './cells.ts';

/** The lines of a gap that share a horizontal line: all from one place, or all to one. */
export interface Bus {
  /** Where lines come from the row above, and where they go on to the row below. */
  tops: number[];
  bottoms: number[];
  links: Link[];
  /** Counted from the top; null: the lines are straight down. */
  level: number | null;
}

/** How near two vertical lines of different buses may not be, in pixels. */
const NEAR = 8;

/**
 * Groups the links of a gap into buses: links from one place are one bus if they are several, the others form one for each place to
 * which they lead. `column` returns where a link meets the rows, at its beginning and at its end.
 */
export function createBuses(links: readonly Link[], column: (link: Link, end: 'from' | 'to') => number): Bus[] {
  const sourceOf = ({ from, fromSide }: Link) => `from ${from.id} ${fromSide}`;
  const counts = new Map<string, number>();
  for (const link of links) counts.set(sourceOf(link), (counts.get(sourceOf(link)) ?? 0) + 1);
  const buses = new Map<string, Bus>();
  for (const link of links) {
    const key = counts.get(sourceOf(link))! > 1 ? sourceOf(link) : `to ${link.to.id} ${link.toSide}`;
    const bus: Bus = buses.get(key) ?? { tops: [], bottoms: [], links: [], level: null };
    buses.set(key, bus);
    bus.links.push(link);
    // A line that leaves a cell at its top lies below the gap, and one that enters at its bottom above it.
    (link.fromSide === 'top' ? bus.bottoms : bus.tops).push(column(link, 'from'));
    (link.toSide === 'top' ? bus.bottoms : bus.tops).push(column(link, 'to'));
  }
  return [...buses.values()];
}

/** A bus that takes room from `left` to `right`. */
interface Span {
  bus: Bus;
  left: number;
  right: number;
  /** The spans that must lie below this one, and how many must lie above it. */
  below: Set<Span>;
  waitsFor: number;
}

/**
 * Gives each bus of a gap that is not straight a level: no two overlap, short ones are above long ones, and one that comes down where
 * another goes on down is above it. Returns how many levels there are.
 */
export function assignLevels(buses: readonly Bus[]): number {
  const spans = buses.flatMap((bus): Span[] => {
    const columns = [...bus.tops, ...bus.bottoms];
    const [left, right] = [Math.min(...columns), Math.max(...columns)];
    const turns = bus.tops.length === 0 || bus.bottoms.length === 0;
    return left === right && !turns ? [] : [{ bus, left, right, below: new Set(), waitsFor: 0 }];
  });
  findOrder(spans);
  spans.sort((a, b) => a.right - a.left - (b.right - b.left) || a.left - b.left);
  const levels: { left: number; right: number }[][] = [];
  const least = new Map<Span, number>();
  const waiting = new Set(spans);
  while (waiting.size > 0) {
    // Where buses must lie below each other in a circle, the shortest is first.
    const span = [...waiting].find(({ waitsFor }) => waitsFor <= 0) ?? [...waiting][0]!;
    waiting.delete(span);
    let level = least.get(span) ?? 0;
    while (levels[level]?.some(({ left, right }) => left < span.right + NEAR && right > span.left - NEAR)) level += 1;
    levels[level] ??= [];
    levels[level]!.push(span);
    span.bus.level = level;
    for (const other of span.below) {
      other.waitsFor -= 1;
      least.set(other, Math.max(least.get(other) ?? 0, level + 1));
    }
  }
  return levels.length;
}

/** Finds which spans must lie below others, so that their vertical lines do not overlap. */
function findOrder(spans: readonly Span[]): void {
  const ends = spans.flatMap((span) => span.bus.bottoms.map((x) => ({ span, x }))).sort((a, b) => a.x - b.x);
  const begins = spans.flatMap((span) => span.bus.tops.map((x) => ({ span, x }))).sort((a, b) => a.x - b.x);
  let first = 0;
  for (const { span, x } of begins) {
    while (first < ends.length && ends[first]!.x < x - NEAR) first += 1;
    for (let index = first; index < ends.length && ends[index]!.x <= x + NEAR; index += 1) {
      const other = ends[index]!.span;
      // The line that comes down here must turn before the other one comes from the side.
      if (other === span || span.below.has(other)) continue;
      span.below.add(other);
      other.waitsFor += 1;
    }
  }
}
