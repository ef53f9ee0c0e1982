import { alignedPositions, type Block, type Row } from './alignment.ts';
import { type Cell, type CellGraph, distanceBetween } from './cells.ts';
import { verticalEnds } from './order.ts';
import { settleColumns } from './settle.ts';

/**
 * Returns the centre of each cell, by its number. Cells in a column are aligned after Brandes and Köpf, "Fast and Simple Horizontal
 * Coordinate Assignment" (2002): four alignments, and the mean of the two middle ones; then horizontal lines are shortened.
 */
export function placeColumns(graph: CellGraph, rows: readonly Cell[][]): Float64Array {
  const positions = new Uint32Array(graph.cells.length);
  for (const row of rows) for (const [position, { id }] of row.entries()) positions[id] = position;
  const above: number[][] = graph.cells.map(() => []);
  const below: number[][] = graph.cells.map(() => []);
  for (const { upper, lower } of alignable(graph)) {
    above[lower.id]!.push(upper.id);
    below[upper.id]!.push(lower.id);
  }
  for (const near of [...above, ...below]) near.sort((a, b) => positions[a]! - positions[b]!);
  const crossed = findCrossed(graph, rows.length, positions);
  const downwards: Row[] = rows.map((row) => row.map(({ id }) => id));
  const upwards = downwards.toReversed();
  const blocks = (ordered: readonly Row[], near: readonly number[][], mirrored: boolean): Block => ({
    rows: mirrored ? ordered.map((row) => row.toReversed()) : ordered,
    near: mirrored ? near.map((cells) => cells.toReversed()) : near,
    crossed: (a, b) => crossed.has(pair(a, b)),
    distance: mirrored
      ? (a, b) => distanceBetween(graph.cells[b]!, graph.cells[a]!)
      : (a, b) => distanceBetween(graph.cells[a]!, graph.cells[b]!),
  });
  const layouts = [
    alignedPositions(blocks(downwards, above, false)),
    alignedPositions(blocks(downwards, above, true)).map((x) => -x),
    alignedPositions(blocks(upwards, below, false)),
    alignedPositions(blocks(upwards, below, true)).map((x) => -x),
  ];
  const columns = middle(graph.cells, layouts);
  settleColumns(graph, rows, columns);
  return columns;
}

/** Returns the links whose cells may form a column. A line that tasks join or leave on its way is aligned with none of them. */
function alignable({ cells, links }: CellGraph): { upper: Cell; lower: Cell }[] {
  const vertical = links.flatMap((link) => verticalEnds(link) ?? []);
  const below = new Uint32Array(cells.length);
  const above = new Uint32Array(cells.length);
  for (const { upper, lower } of vertical) {
    below[upper.id]! += 1;
    above[lower.id]! += 1;
  }
  return vertical.filter(({ upper, lower }) => {
    if (upper.kind === lower.kind) return true;
    return upper.kind === 'task' ? above[lower.id] === 1 : below[upper.id] === 1;
  });
}

const pair = (a: number, b: number): number => (a < b ? a * 2 ** 24 + b : b * 2 ** 24 + a);

/** Finds the links that cross a line which passes rows: a line stays straight, and what crosses it bends. */
function findCrossed({ links }: CellGraph, rowCount: number, positions: Uint32Array): Set<number> {
  const gaps = Array.from({ length: rowCount }, (): { upper: number; lower: number; line: boolean }[] => []);
  for (const link of links) {
    const ends = verticalEnds(link);
    if (ends === null) continue;
    const { upper, lower } = ends;
    gaps[link.gap]!.push({ upper: upper.id, lower: lower.id, line: upper.kind !== 'task' && lower.kind !== 'task' });
  }
  const crossed = new Set<number>();
  for (const ends of gaps) {
    const sorted = ends.sort((a, b) => positions[a.upper]! - positions[b.upper]!);
    for (const ordered of [sorted, sorted.toReversed()]) markCrossed(ordered, positions, ordered === sorted, crossed);
  }
  return crossed;
}

/** Marks the links that cross a line which begins before them, in the order of reading. */
function markCrossed(
  ordered: readonly { upper: number; lower: number; line: boolean }[],
  positions: Uint32Array,
  forward: boolean,
  crossed: Set<number>,
): void {
  const at = (cell: number) => (forward ? positions[cell]! : -positions[cell]!);
  let farthest = Number.NEGATIVE_INFINITY;
  let pending = Number.NEGATIVE_INFINITY;
  let last: number | null = null;
  for (const { upper, lower, line } of ordered) {
    // Links from the same cell do not cross.
    if (upper !== last) farthest = Math.max(farthest, pending);
    last = upper;
    if (line) pending = Math.max(pending, at(lower));
    else if (at(lower) < farthest) crossed.add(pair(upper, lower));
  }
}

/** Shifts the layouts to the narrowest one, and returns the mean of the two middle positions of each cell. */
function middle(cells: readonly Cell[], layouts: readonly Float64Array[]): Float64Array {
  const extents = layouts.map((layout) => {
    let [left, right] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const cell of cells) {
      left = Math.min(left, layout[cell.id]! - cell.left);
      right = Math.max(right, layout[cell.id]! + cell.right);
    }
    return { left, right };
  });
  const narrowest = extents.reduce((best, extent) =>
    extent.right - extent.left < best.right - best.left ? extent : best,
  );
  const shifts = extents.map(({ left, right }, index) =>
    index % 2 === 0 ? narrowest.left - left : narrowest.right - right,
  );
  return Float64Array.from(cells, ({ id }) => {
    const places = layouts.map((layout, index) => layout[id]! + shifts[index]!).sort((a, b) => a - b);
    return (places[1]! + places[2]!) / 2;
  });
}
