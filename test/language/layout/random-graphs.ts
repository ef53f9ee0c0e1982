import type { Graph, GraphEdge } from '../../../language/graph.ts';

/** The shape of a random graph. */
export interface GraphShape {
  size: number;
  /** From how far before a task its edges come at most. */
  reach: number;
  /** How likely a task has a second edge that leads to it, and an edge that leads back. */
  second: number;
  back: number;
}

/** Draws a graph whose tasks mostly follow those shortly before them. */
export function drawGraph({ size, reach, second, back }: GraphShape, random: () => number): Graph {
  const names = Array.from({ length: size }, (_, index) => `task ${index}`);
  const edges: GraphEdge[] = [];
  const near = (index: number) => index - 1 - Math.floor(random() * Math.min(index, reach));
  const join = (from: number, to: number) => {
    const on = random() < 0.2 ? 'failure' : 'success';
    const when = random() < 0.2 ? 'result().status_code == 200'.slice(Math.floor(random() * 20)) : null;
    edges.push({ from: names[from]!, to: names[to]!, on, when });
  };
  for (let index = 1; index < size; index += 1) {
    if (random() < 0.95) join(near(index), index);
    if (random() < second) join(near(index), index);
    if (random() < back) join(index, random() < 0.2 ? index : near(index));
  }
  const followed = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  return {
    nodes: names.map((name) => ({ name, action: 'core.noop', join: null, items: false, cleanup: false })),
    edges,
    entries: names.filter((name) => !followed.has(name)),
    cleanup: [],
  };
}
