/** A graph whose nodes are numbers; `following` has the targets of each node in the order of its edges. */
export interface NumberedGraph {
  size: number;
  following: readonly (readonly number[])[];
  /** The nodes from which it is read, in order. */
  roots: readonly number[];
}

/** The most tasks of a row. */
const ROW_LENGTH = 10;

/** The result of a search through a graph, depth first. */
export interface GraphSearch {
  /** All nodes in the order in which they are left: a node comes after all that follow it, but for edges back. */
  left: number[];
  /** Returns whether an edge leads back to a node on the path to its source, or to the source itself. */
  isBack(from: number, to: number): boolean;
}

/** Searches a graph depth first, without recursion, from its roots and then from the nodes that these do not reach. */
export function searchGraph({ size, following, roots }: NumberedGraph): GraphSearch {
  const state = new Uint8Array(size); // 0: not seen, 1: on the path, 2: left
  const next = new Uint32Array(size);
  const left: number[] = [];
  const back = new Set<number>();
  const visit = (root: number) => {
    if (state[root] !== 0) return;
    const path = [root];
    state[root] = 1;
    while (path.length > 0) {
      const node = path.at(-1)!;
      const target = following[node]![next[node]!];
      next[node]! += 1;
      if (target === undefined) {
        state[node] = 2;
        left.push(node);
        path.pop();
      } else if (state[target] === 1) back.add(node * size + target);
      else if (state[target] === 0) {
        state[target] = 1;
        path.push(target);
      }
    }
  };
  for (const root of roots) visit(root);
  for (let node = 0; node < size; node += 1) visit(node);
  return { left, isBack: (from, to) => back.has(from * size + to) };
}

/**
 * Assigns each node to a row: below everything that leads to it, but for edges back. Many nodes of one rank become several rows of
 * about the same length, in order of definition.
 */
export function assignRows({ size, following }: NumberedGraph, { left, isBack }: GraphSearch): Uint32Array {
  const ranks = new Uint32Array(size);
  for (const node of left.toReversed()) {
    for (const target of following[node]!) {
      if (!isBack(node, target)) ranks[target] = Math.max(ranks[target]!, ranks[node]! + 1);
    }
  }
  const members: number[][] = [];
  for (let node = 0; node < size; node += 1) {
    members[ranks[node]!] ??= [];
    members[ranks[node]!]!.push(node);
  }
  const rows = new Uint32Array(size);
  let row = 0;
  for (const nodes of members) {
    const parts = Math.ceil(nodes.length / ROW_LENGTH);
    const length = Math.ceil(nodes.length / parts);
    for (const [index, node] of nodes.entries()) rows[node] = row + Math.floor(index / length);
    row += Math.ceil(nodes.length / length);
  }
  return rows;
}
