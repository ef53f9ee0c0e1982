import { buildGraph, type Graph } from '../../language/graph.ts';
import { type Layout, layoutGraph } from '../../language/layout/layout.ts';
import type { Definition } from '../../model/definition.ts';

/** Jobs that make graphs of definitions. */
export interface GraphJobs {
  graph: { input: { definition: Definition }; result: Graph };
  layout: { input: { definition: Definition }; result: Layout };
}

/** Returns the graph of a definition without issues. Pure. */
export function graphDefinition(definition: Definition): Graph {
  return buildGraph(definition);
}

/** Returns the graph of a definition without issues with the places of everything in a picture. Pure. */
export function layoutDefinition(definition: Definition): Layout {
  return layoutGraph(buildGraph(definition));
}
