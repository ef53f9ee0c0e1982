import { type Cell, type CellGraph, inset, type Link, LOOP_WIDTH, type Route, type Side } from './cells.ts';
import { assignLevels, type Bus, createBuses } from './levels.ts';
import { BETWEEN_ROWS, LABEL, LEVEL_HEIGHT, labelWidth, MARGIN, TASK } from './measures.ts';

/** A point of a picture: x, then y, in pixels from its left top corner. */
export type Point = [number, number];

/** The box of a label. */
export interface LabelBox {
  x: number;
  y: number;
  w: number;
}

/** The line of an edge, and its label. */
export interface Line {
  points: Point[];
  label: LabelBox | null;
}

/** Where everything stands, row by row. */
export interface Drawing {
  /** The top of each row. */
  tops: number[];
  height: number;
  lines: Line[];
}

/** The most labels above one task, or below one. */
const STACK = 3;

/** Distances of loops: of the first line from the middle of its task, between loops, and how many differ. */
const LOOP = { middle: 8, step: 5, count: 3 };

/** Draws the lines of all edges at right angles. `columns` are the centres of the cells, in whole pixels. */
export function drawLines({ routes, links, rowCount }: CellGraph, columns: readonly number[]): Drawing {
  const column = ({ from, fromSide, to, toSide }: Link, end: 'from' | 'to') =>
    end === 'from' ? columns[from.id]! + inset(fromSide) : columns[to.id]! + inset(toSide);
  const gaps = Array.from({ length: rowCount + 1 }, (): Gap => ({ links: [], levels: 0, above: 0, below: 0 }));
  for (const link of links) gaps[link.gap + 1]!.links.push(link);
  const buses = new Map<Link, Bus>();
  for (const gap of gaps) {
    const found = createBuses(gap.links, column);
    gap.levels = assignLevels(found);
    for (const bus of found) for (const link of bus.links) buses.set(link, bus);
  }
  const labels = placeLabels(routes, gaps);
  const tops: number[] = [];
  /** The height of the first level of each gap. */
  const firstLevels: number[] = [];
  let height = MARGIN;
  for (const [index, gap] of gaps.entries()) {
    const outer = index === 0 || index === rowCount;
    // The outer gaps have lines where an edge back turns.
    const base = outer && gap.levels === 0 ? 0 : BETWEEN_ROWS;
    firstLevels.push(height + gap.above * LABEL.band + (base + LEVEL_HEIGHT) / 2);
    height += gap.above * LABEL.band + base + gap.levels * LEVEL_HEIGHT + gap.below * LABEL.band;
    if (index === rowCount) break;
    tops.push(height);
    height += TASK.height;
  }
  const edge = (cell: Cell, side: Side) => tops[cell.row]! + (side === 'top' ? 0 : TASK.height);
  const pointsOf = (route: Route): Point[] => {
    const points: Point[] = [];
    for (const link of route.links) {
      const { level } = buses.get(link)!;
      const [begin, end] = [column(link, 'from'), column(link, 'to')];
      points.push([begin, edge(link.from, link.fromSide)]);
      if (level !== null) {
        const y = firstLevels[link.gap + 1]! + level * LEVEL_HEIGHT;
        points.push([begin, y], [end, y]);
      }
      points.push([end, edge(link.to, link.toSide)]);
    }
    return withoutMiddles(points);
  };
  const loops = new Map<Cell, number>();
  const lines = routes.map((route, index): Line => {
    const x = columns[route.from.id]!;
    if (route.from === route.to) {
      const count = loops.get(route.from) ?? 0;
      loops.set(route.from, count + 1);
      return loopLine(route, x, tops[route.from.row]!, count);
    }
    return { points: pointsOf(route), label: labelBox(route, labels[index]!, columns, tops) };
  });
  return { tops, height: height + MARGIN, lines };
}

/** The room between two rows: its links, its levels, and how many labels stand upon each other at its top and at its bottom. */
interface Gap {
  links: Link[];
  levels: number;
  above: number;
  below: number;
}

/** Where a label stands: in a lane, or as the n-th one below its source or above its target. */
type Place = { at: 'source' | 'target'; index: number } | { at: 'lane' } | null;

/**
 * Decides where labels stand: above the target where the source has several targets, else below the source. A label that finds no
 * place is left out.
 */
function placeLabels(routes: readonly Route[], gaps: readonly Gap[]): Place[] {
  const targets = new Map<Cell, Set<Cell>>();
  for (const { from, to } of routes) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  const counts = { source: new Map<Cell, number>(), target: new Map<Cell, number>() };
  return routes.map(({ edge, from, to, middle }) => {
    if (edge.when === null || from === to) return null;
    if (middle !== null) return { at: 'lane' };
    const at = targets.get(from)!.size > 1 ? 'target' : 'source';
    const cell = at === 'source' ? from : to;
    const index = counts[at].get(cell) ?? 0;
    if (index === STACK) return null;
    counts[at].set(cell, index + 1);
    if (at === 'source') gaps[from.row + 1]!.above = Math.max(gaps[from.row + 1]!.above, index + 1);
    else gaps[to.row]!.below = Math.max(gaps[to.row]!.below, index + 1);
    return { at, index };
  });
}

function labelBox(
  { edge, from, to, middle }: Route,
  place: Place,
  columns: readonly number[],
  tops: readonly number[],
): LabelBox | null {
  if (place === null || edge.when === null) return null;
  const w = labelWidth(edge.when);
  const box = (cell: Cell, y: number) => ({ x: Math.round(columns[cell.id]! - w / 2), y, w });
  const pad = (LABEL.band - LABEL.height) / 2;
  if (place.at === 'lane') return box(middle!, tops[middle!.row]! + (TASK.height - LABEL.height) / 2);
  if (place.at === 'source') return box(from, tops[from.row]! + TASK.height + place.index * LABEL.band + pad + 4);
  return box(to, tops[to.row]! - (place.index + 1) * LABEL.band + pad - 10);
}

/** Draws a loop on the right of its task; several lie within each other. */
function loopLine({ edge }: Route, x: number, top: number, count: number): Line {
  const nesting = Math.min(count, LOOP.count - 1);
  const right = x + TASK.width / 2;
  const outer = right + LOOP_WIDTH - (LOOP.count - nesting) * LOOP.step;
  const middle = top + TASK.height / 2;
  const reach = LOOP.middle + nesting * LOOP.step;
  const points: Point[] = [
    [right, middle + reach],
    [outer, middle + reach],
    [outer, middle - reach],
    [right, middle - reach],
  ];
  if (edge.when === null || count >= LOOP.count) return { points, label: null };
  const y = middle - LABEL.height / 2 + (count === 0 ? 0 : count === 1 ? LABEL.band : -LABEL.band);
  return { points, label: { x: right + LOOP_WIDTH, y, w: labelWidth(edge.when) } };
}

/** Leaves out points between two others on one straight line, and repeated ones. */
function withoutMiddles(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const [before, last] = [kept.at(-2), kept.at(-1)];
    if (last !== undefined && last[0] === point[0] && last[1] === point[1]) continue;
    const straight =
      before !== undefined &&
      last !== undefined &&
      ((before[0] === last[0] && last[0] === point[0]) || (before[1] === last[1] && last[1] === point[1]));
    if (straight) kept.pop();
    kept.push(point);
  }
  return kept;
}
