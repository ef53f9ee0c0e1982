/** The numbers of the cells of a row, from left to right. */
export type Row = readonly number[];

/** The input of one alignment: rows in the order in which they are placed, and for each cell its neighbours in the row before. */
export interface Block {
  rows: readonly Row[];
  near: readonly (readonly number[])[];
  /** Returns whether a link between two cells may not be straight. */
  crossed(a: number, b: number): boolean;
  /** Returns the least distance between the centres of two neighbours in a row, the left one first. */
  distance(left: number, right: number): number;
}

/** Aligns each cell with the middle one of its neighbours in the row before, and returns positions as far left as these columns can be. */
export function alignedPositions(block: Block): Float64Array {
  const roots = alignCells(block);
  return placeBlocks(block, roots);
}

/** Returns for each cell the first cell of its column. */
function alignCells({ rows, near, crossed }: Block): Uint32Array {
  const size = near.length;
  const roots = Uint32Array.from({ length: size }, (_, cell) => cell);
  const positions = new Int32Array(size);
  for (const row of rows) for (const [position, cell] of row.entries()) positions[cell] = position;
  for (const row of rows) {
    // Columns do not cross: a cell joins no column left of the one that a cell before it has joined.
    let farthest = -1;
    for (const cell of row) {
      const neighbours = near[cell]!;
      if (neighbours.length === 0) continue;
      const middle = (neighbours.length - 1) / 2;
      for (let index = Math.floor(middle); index <= Math.ceil(middle); index += 1) {
        const above = neighbours[index]!;
        if (crossed(above, cell) || positions[above]! <= farthest) continue;
        roots[cell] = roots[above]!;
        farthest = positions[above]!;
        break;
      }
    }
  }
  return roots;
}

/** Places each column as far left as its neighbours allow, then to the right up to the columns that follow it. */
function placeBlocks({ rows, near, distance }: Block, roots: Uint32Array): Float64Array {
  const size = near.length;
  const after: { root: number; distance: number }[][] = Array.from({ length: size }, () => []);
  const waitsFor = new Uint32Array(size);
  for (const row of rows) {
    for (let index = 1; index < row.length; index += 1) {
      const [left, right] = [row[index - 1]!, row[index]!];
      after[roots[left]!]!.push({ root: roots[right]!, distance: distance(left, right) });
      waitsFor[roots[right]!]! += 1;
    }
  }
  const order: number[] = [];
  for (let cell = 0; cell < size; cell += 1) if (roots[cell] === cell && waitsFor[cell] === 0) order.push(cell);
  const places = new Float64Array(size);
  for (const root of order) {
    for (const next of after[root]!) {
      places[next.root] = Math.max(places[next.root]!, places[root]! + next.distance);
      waitsFor[next.root]! -= 1;
      if (waitsFor[next.root] === 0) order.push(next.root);
    }
  }
  for (const root of order.toReversed()) {
    let room = Number.POSITIVE_INFINITY;
    for (const next of after[root]!) room = Math.min(room, places[next.root]! - next.distance);
    if (room !== Number.POSITIVE_INFINITY) places[root] = room;
  }
  return Float64Array.from({ length: size }, (_, cell) => places[roots[cell]!]!);
}
