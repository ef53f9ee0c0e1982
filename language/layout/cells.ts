import type { Graph, GraphEdge } from '../graph.ts';
import { DISTANCE, FAILURE_INSET, LINE_WIDTH, labelWidth, TASK } from './measures.ts';
import { assignRows, searchGraph } from './ranks.ts';

/** A place in a row: a task, or a line that passes the row. `left` and `right` are what it needs on both sides of its centre. */
export interface Cell {
  id: number;
  row: number;
  kind: 'task' | 'trunk' | 'lane';
  left: number;
  right: number;
  /** The task whose right neighbour it must be: where an edge back begins or ends. */
  besides: Cell | null;
}

/** The side of a cell at which a line begins or ends; a transition after a failure begins near the right corner of its task. */
export type Side = 'top' | 'bottom' | 'failure';

/** Returns the least distance between the centres of two neighbours in a row. */
export function distanceBetween(left: Cell, right: Cell): number {
  const tasks = Number(left.kind === 'task') + Number(right.kind === 'task');
  const between = tasks === 2 ? DISTANCE.tasks : tasks === 1 ? DISTANCE.mixed : DISTANCE.lines;
  return left.right + between + right.left;
}

/** Returns how far right of the centre of a cell a line begins or ends. */
export function inset(side: Side): number {
  return side === 'failure' ? TASK.width / 2 - FAILURE_INSET : 0;
}

/** A line between two cells of one row or of neighbouring rows, through the gap below row `gap`. */
export interface Link {
  gap: number;
  from: Cell;
  fromSide: Side;
  to: Cell;
  toSide: Side;
}

/** The way of an edge through the rows. A loop of one task has no links. */
export interface Route {
  edge: GraphEdge;
  from: Cell;
  to: Cell;
  back: boolean;
  links: Link[];
  /** The cell of a lane that has room for the label; null: the edge does not lead back. */
  middle: Cell | null;
}

/** A graph as cells in rows. */
export interface CellGraph {
  cells: Cell[];
  /** The cells of the tasks, in order of definition. */
  tasks: Cell[];
  rowCount: number;
  /** The links without repetition: edges may share them. */
  links: Link[];
  routes: Route[];
  /** The lines that pass rows: their cells from top to bottom. */
  lines: Cell[][];
  /** The cells of the first tasks of the graph. */
  roots: Cell[];
}

/** Distributes tasks and lines over rows. */
export function createCells(graph: Graph): CellGraph {
  return new CellBuilder(graph).build();
}

/** An edge between the cells of its tasks. */
interface Joined {
  edge: GraphEdge;
  from: Cell;
  to: Cell;
}

class CellBuilder {
  readonly #graph: Graph;
  readonly #cells: Cell[] = [];
  readonly #links = new Map<string, Link>();
  readonly #lines: Cell[][] = [];
  /** The cells of each trunk, by the row. */
  readonly #trunks = new Map<string, Map<number, Cell>>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  build(): CellGraph {
    const { nodes, edges, entries, cleanup } = this.#graph;
    const numbers = new Map(nodes.map(({ name }, number) => [name, number]));
    const following: number[][] = nodes.map(() => []);
    for (const { from, to } of edges) following[numbers.get(from)!]!.push(numbers.get(to)!);
    const roots = [...entries, ...cleanup].map((name) => numbers.get(name)!);
    const numbered = { size: nodes.length, following, roots };
    const search = searchGraph(numbered);
    const rows = assignRows(numbered, search);
    const tasks = nodes.map((_, number) => this.#cell(rows[number]!, 'task', TASK.width / 2, TASK.width / 2));
    const joined = edges.map((edge) => ({
      edge,
      from: tasks[numbers.get(edge.from)!]!,
      to: tasks[numbers.get(edge.to)!]!,
    }));
    const trunkOf = chooseTrunks(joined.filter(({ from, to }) => to.row > from.row + 1));
    const routes = joined.map((each) => {
      const { from, to } = each;
      if (from === to) return this.#loop(each);
      return search.isBack(from.id, to.id) ? this.#lane(each) : this.#path(each, trunkOf.get(each));
    });
    for (const cells of this.#trunks.values()) this.#lines.push([...cells.values()].sort((a, b) => a.row - b.row));
    return {
      cells: this.#cells,
      tasks,
      rowCount: Math.max(-1, ...rows) + 1,
      links: [...this.#links.values()],
      routes,
      lines: this.#lines,
      roots: roots.map((number) => tasks[number]!),
    };
  }

  #cell(row: number, kind: Cell['kind'], left: number, right: number, besides: Cell | null = null): Cell {
    const cell = { id: this.#cells.length, row, kind, left, right, besides };
    this.#cells.push(cell);
    return cell;
  }

  /** Returns the link between two cells, which edges share. */
  #link(from: Cell, fromSide: Side, to: Cell, toSide: Side): Link {
    const key = `${from.id} ${fromSide} ${to.id}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const gap = fromSide === 'top' ? from.row - 1 : from.row;
    const link = { gap, from, fromSide, to, toSide };
    this.#links.set(key, link);
    return link;
  }

  #loop({ edge, from, to }: Joined): Route {
    const label = edge.when === null ? 0 : labelWidth(edge.when);
    from.right = Math.max(from.right, TASK.width / 2 + LOOP_WIDTH + label);
    return { edge, from, to, back: true, links: [], middle: null };
  }

  /** Leads an edge down to its target, through the cells of its trunk. */
  #path({ edge, from, to }: Joined, trunk: string | undefined): Route {
    const links: Link[] = [];
    let cell = from;
    let side: Side = edge.on === 'failure' ? 'failure' : 'bottom';
    for (let row = from.row + 1; row < to.row; row += 1) {
      const next = this.#trunkCell(trunk!, row);
      links.push(this.#link(cell, side, next, 'top'));
      cell = next;
      side = 'bottom';
    }
    links.push(this.#link(cell, side, to, 'top'));
    return { edge, from, to, back: false, links, middle: null };
  }

  #trunkCell(trunk: string, row: number): Cell {
    let cells = this.#trunks.get(trunk);
    if (cells === undefined) {
      cells = new Map();
      this.#trunks.set(trunk, cells);
    }
    let cell = cells.get(row);
    if (cell === undefined) {
      cell = this.#cell(row, 'trunk', LINE_WIDTH / 2, LINE_WIDTH / 2);
      cells.set(row, cell);
    }
    return cell;
  }

  /** Leads an edge back up to its target, in a separate lane on the right of both tasks. */
  #lane({ edge, from, to }: Joined): Route {
    const middleRow = Math.floor((from.row + to.row) / 2);
    const lane: Cell[] = [];
    for (let row = to.row; row <= from.row; row += 1) {
      const width = row === middleRow && edge.when !== null ? labelWidth(edge.when) : LINE_WIDTH;
      const besides = row === to.row ? to : row === from.row ? from : null;
      lane.push(this.#cell(row, 'lane', width / 2, width / 2, besides));
    }
    this.#lines.push(lane);
    const side: Side = edge.on === 'failure' ? 'failure' : 'bottom';
    const links = [this.#link(from, side, lane.at(-1)!, 'bottom')];
    for (let index = lane.length - 1; index > 0; index -= 1) {
      links.push(this.#link(lane[index]!, 'top', lane[index - 1]!, 'bottom'));
    }
    links.push(this.#link(lane[0]!, 'top', to, 'top'));
    return { edge, from, to, back: true, links, middle: lane[middleRow - to.row]! };
  }
}

/** The width of the lines of a loop, next to its task. */
export const LOOP_WIDTH = 26;

/**
 * Chooses for each edge over several rows the trunk that it shares with others: that of its source or that of its target, whichever
 * more edges can share.
 */
function chooseTrunks(long: readonly Joined[]): Map<Joined, string> {
  const bySource = ({ edge, from }: Joined) => `${edge.on === 'failure' ? 'failure' : 'from'} ${from.id}`;
  const byTarget = ({ to }: Joined) => `to ${to.id}`;
  const counts = new Map<string, number>();
  for (const each of long) {
    for (const key of [bySource(each), byTarget(each)]) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map(
    long.map((each) => {
      const [source, target] = [bySource(each), byTarget(each)];
      return [each, counts.get(target)! > counts.get(source)! ? target : source];
    }),
  );
}
