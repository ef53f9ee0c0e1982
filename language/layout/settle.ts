import { type Cell, type CellGraph, distanceBetween, inset, type Link } from './cells.ts';

/** The passes over all units. */
const PASSES = 4;

/** Cells that move together: those of a line, which stay in one column, or a single cell. */
type Unit = readonly Cell[];

/**
 * Shortens horizontal lines: moves each task and each line to the middle of what it is linked with, as far as its neighbours leave room.
 * The cells of a line come into one column where that is possible. Changes `columns`; the order in rows stays.
 */
export function settleColumns(graph: CellGraph, rows: readonly (readonly Cell[])[], columns: Float64Array): void {
  const settling = new Settling(graph, rows, columns);
  const lines = graph.lines.toSorted((a, b) => b.length - a.length);
  const straight = new Set(lines.filter((line) => settling.settle(line)));
  const inLines = new Set([...straight].flat());
  const single = graph.cells.filter((cell) => !inLines.has(cell)).map((cell) => [cell]);
  const units: Unit[] = [...straight, ...single].sort((a, b) => a[0]!.row - b[0]!.row || a[0]!.id - b[0]!.id);
  for (let pass = 0; pass < PASSES; pass += 1) {
    for (const unit of pass % 2 === 0 ? units : units.toReversed()) settling.settle(unit);
  }
}

class Settling {
  readonly #rows: readonly (readonly Cell[])[];
  readonly #columns: Float64Array;
  readonly #positions: Uint32Array;
  readonly #links: Link[][];

  constructor({ cells, links }: CellGraph, rows: readonly (readonly Cell[])[], columns: Float64Array) {
    this.#rows = rows;
    this.#columns = columns;
    this.#positions = new Uint32Array(cells.length);
    for (const row of rows) for (const [position, { id }] of row.entries()) this.#positions[id] = position;
    this.#links = cells.map(() => []);
    for (const link of links) for (const { id } of [link.from, link.to]) this.#links[id]!.push(link);
  }

  /** Moves a unit; returns false, and moves nothing, where its cells cannot stand in one column. */
  settle(unit: Unit): boolean {
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const cell of unit) {
      const row = this.#rows[cell.row]!;
      const position = this.#positions[cell.id]!;
      const [before, after] = [row[position - 1], row[position + 1]];
      if (before !== undefined) low = Math.max(low, this.#columns[before.id]! + distanceBetween(before, cell));
      if (after !== undefined) high = Math.min(high, this.#columns[after.id]! - distanceBetween(cell, after));
    }
    if (low > high) return false;
    const wishes = unit.flatMap((cell) => this.#wishesOf(cell, unit.length > 1)).sort((a, b) => a - b);
    const now = this.#columns[unit[0]!.id]!;
    const last = (wishes.length - 1) / 2;
    // Between the two middle ones every place is as good.
    const wanted =
      wishes.length === 0 ? now : Math.min(wishes[Math.ceil(last)]!, Math.max(wishes[Math.floor(last)]!, now));
    const column = Math.min(high, Math.max(low, wanted));
    for (const { id } of unit) this.#columns[id] = column;
    return true;
  }

  /** Returns the columns in which the links of a cell would be straight; the links within a line are. */
  #wishesOf(cell: Cell, inLine: boolean): number[] {
    const wishes: number[] = [];
    for (const { from, fromSide, to, toSide } of this.#links[cell.id]!) {
      // A lane follows its tasks, not the other way round.
      if (cell.kind === 'task' && from.row === to.row) continue;
      const [own, ownSide, other, otherSide] =
        from === cell ? [from, fromSide, to, toSide] : [to, toSide, from, fromSide];
      if (inLine && other.kind === own.kind) continue;
      wishes.push(this.#columns[other.id]! + inset(otherSide) - inset(ownSide));
    }
    return wishes;
  }
}
