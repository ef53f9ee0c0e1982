import type { Cell, CellGraph, Link } from './cells.ts';

/** The most passes over all rows. */
const SWEEPS = 8;

/** A task with the lanes that begin or end next to it, or a line alone: what is moved within a row as one. */
interface Unit {
  head: Cell;
  cells: Cell[];
}

/**
 * Orders the cells of each row so that lines cross rarely: as a reader of the definition would first, then by the mean position of
 * their neighbours above and below, as long as that helps (Sugiyama's sweeps). Returns the rows.
 */
export function orderRows(graph: CellGraph): Cell[][] {
  const ordering = new Ordering(graph);
  let best = ordering.rows();
  let fewest = ordering.crossings();
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    ordering.sweep(sweep % 2 === 0 ? 'down' : 'up');
    const crossings = ordering.crossings();
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = ordering.rows();
  }
  return best;
}

class Ordering {
  readonly #units: Unit[][];
  /** The position of each cell in its row, by the number of the cell. */
  readonly #positions: Float64Array;
  readonly #lengths: Uint32Array;
  readonly #first: Uint32Array;
  readonly #above: Cell[][];
  readonly #below: Cell[][];
  /** The links between the rows above and below each gap. */
  readonly #gaps: { upper: Cell; lower: Cell }[][];

  constructor({ cells, rowCount, links, roots, lines }: CellGraph) {
    this.#above = cells.map(() => []);
    this.#below = cells.map(() => []);
    this.#gaps = Array.from({ length: rowCount }, () => []);
    for (const link of links) {
      const ends = verticalEnds(link);
      if (ends === null) continue;
      this.#below[ends.upper.id]!.push(ends.lower);
      this.#above[ends.lower.id]!.push(ends.upper);
      this.#gaps[link.gap]!.push(ends);
    }
    const lanes = new Map<Cell, Cell[][]>();
    for (const line of lines) {
      for (const { besides } of line) if (besides !== null) lanes.set(besides, [...(lanes.get(besides) ?? []), line]);
    }
    this.#units = Array.from({ length: rowCount }, () => []);
    this.#first = new Uint32Array(cells.length);
    for (const [index, head] of readingOrder(cells, roots, this.#below).entries()) {
      this.#first[head.id] = index;
      // The shortest lane is the nearest, so that lanes of one task do not cross.
      const next = (lanes.get(head) ?? []).toSorted((a, b) => a.length - b.length);
      this.#units[head.row]!.push({
        head,
        cells: [head, ...next.map((line) => line.find(({ besides }) => besides === head)!)],
      });
    }
    this.#positions = new Float64Array(cells.length);
    this.#lengths = new Uint32Array(rowCount);
    for (let row = 0; row < rowCount; row += 1) this.#number(row);
  }

  rows(): Cell[][] {
    return this.#units.map((units) => units.flatMap(({ cells }) => cells));
  }

  /** Orders each row by its neighbours above, from the top down, or by those below, from the bottom up. */
  sweep(direction: 'down' | 'up'): void {
    const count = this.#units.length;
    for (let step = 1; step < count; step += 1) {
      const row = direction === 'down' ? step : count - 1 - step;
      this.#sort(row, direction === 'down' ? this.#above : this.#below);
    }
  }

  crossings(): number {
    return this.#gaps.reduce((sum, links, gap) => sum + this.#crossingsOf(links, this.#lengths[gap + 1] ?? 0), 0);
  }

  #number(row: number): void {
    let position = 0;
    for (const { cells } of this.#units[row]!) {
      for (const cell of cells) {
        this.#positions[cell.id] = position;
        position += 1;
      }
    }
    this.#lengths[row] = position;
  }

  /** Sorts the units that have neighbours; the others stay where they are. */
  #sort(row: number, neighbours: readonly Cell[][]): void {
    const units = this.#units[row]!;
    const places: number[] = [];
    const movable: { unit: Unit; mean: number }[] = [];
    for (const [place, unit] of units.entries()) {
      const near = neighbours[unit.head.id]!;
      if (near.length === 0) continue;
      let sum = 0;
      for (const { id } of near) sum += this.#positions[id]!;
      places.push(place);
      movable.push({ unit, mean: sum / near.length });
    }
    movable.sort((a, b) => a.mean - b.mean || this.#first[a.unit.head.id]! - this.#first[b.unit.head.id]!);
    for (const [index, { unit }] of movable.entries()) units[places[index]!] = unit;
    this.#number(row);
  }

  /** Counts the pairs of links that cross, with a Fenwick tree over the positions of the lower row. */
  #crossingsOf(links: readonly { upper: Cell; lower: Cell }[], width: number): number {
    const sorted = new Float64Array(links.length);
    for (const [index, { upper, lower }] of links.entries()) {
      sorted[index] = this.#positions[upper.id]! * width + this.#positions[lower.id]!;
    }
    sorted.sort();
    const tree = new Uint32Array(width + 1);
    let crossings = 0;
    for (let seen = 0; seen < sorted.length; seen += 1) {
      const place = (sorted[seen]! % width) + 1;
      let notCrossed = 0;
      for (let node = place; node > 0; node -= node & -node) notCrossed += tree[node]!;
      crossings += seen - notCrossed;
      for (let node = place; node <= width; node += node & -node) tree[node]! += 1;
    }
    return crossings;
  }
}

/** Returns the ends of a link between two rows; null where it turns within one gap. */
export function verticalEnds({ from, to }: Link): { upper: Cell; lower: Cell } | null {
  if (from.row === to.row) return null;
  return from.row < to.row ? { upper: from, lower: to } : { upper: to, lower: from };
}

/** Returns the cells that begin a unit in the order in which a reader meets them: each with all that is below it, depth first. */
function readingOrder(cells: readonly Cell[], roots: readonly Cell[], below: readonly Cell[][]): Cell[] {
  const seen = new Set<Cell>();
  const order: Cell[] = [];
  for (const root of [...roots, ...cells]) {
    const waiting = [root];
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      if (seen.has(cell)) continue;
      seen.add(cell);
      if (cell.besides === null) order.push(cell);
      waiting.push(...below[cell.id]!.toReversed());
    }
  }
  return order;
}
