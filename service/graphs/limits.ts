import type { Graph } from '../../language/graph.ts';
import { AppError } from '../../model/app-error.ts';

/** The most edges of a graph, and the most characters of all their conditions: each target of a transition repeats its condition. */
const MAX_EDGES = 10_000;
const MAX_CONDITIONS = 2_000_000;

/** The most tasks times edges of a graph that is laid out on the event loop: an edge that leads back passes up to all rows. */
const SMALL_GRAPH = 5_000;
/** The most characters of all conditions of such a graph. */
const SMALL_CONDITIONS = 100_000;

/** Refuses a graph that is too large to be answered. Throws `work_exceeded`. */
export function refuseLargeGraph(graph: Graph): void {
  const edges = graph.edges.length;
  if (edges > MAX_EDGES) {
    throw new AppError('work_exceeded', `the graph has ${edges} edges; at most ${MAX_EDGES} are allowed`);
  }
  const conditions = conditionsOf(graph);
  if (conditions > MAX_CONDITIONS) {
    const message = `the conditions of all edges of the graph have ${conditions} characters; at most ${MAX_CONDITIONS} are allowed`;
    throw new AppError('work_exceeded', message);
  }
}

/** Reports whether a graph is laid out and drawn within some milliseconds. */
export function isSmallGraph(graph: Graph): boolean {
  return graph.nodes.length * graph.edges.length <= SMALL_GRAPH && conditionsOf(graph) <= SMALL_CONDITIONS;
}

/** Counts the characters of the conditions of a graph, once for each edge. */
export function conditionsOf({ edges }: Pick<Graph, 'edges'>): number {
  return edges.reduce((sum, { when }) => sum + (when?.length ?? 0), 0);
}
