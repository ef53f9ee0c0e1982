import { buildGraph, type Graph, renderMermaid } from '../../language/graph.ts';
import type { TaskTally } from '../../language/layout/drawing/states.ts';
import { drawGraph } from '../../language/layout/drawing/svg.ts';
import { type Layout, layoutGraph } from '../../language/layout/layout.ts';
import type { Definition } from '../../model/definition.ts';
import { refuseLargeGraph } from './limits.ts';

/** A definition without issues. */
interface GraphInput {
  definition: Definition;
}

/** A definition without issues, with the title of its picture and the work of a run on each task; null: it is not that of a run. */
export interface PictureInput extends GraphInput {
  title: string;
  tallies: (readonly [string, TaskTally])[] | null;
}

/** Jobs that make graphs of definitions. */
export interface GraphJobs {
  graph: { input: GraphInput; result: Graph };
  layout: { input: GraphInput; result: Layout };
  mermaid: { input: GraphInput; result: string };
  draw: { input: PictureInput; result: string };
}

/** Returns the graph of a definition without issues, however large it is. Pure, as all functions here. */
export function wholeGraph(definition: Definition): Graph {
  return buildGraph(definition);
}

/** Returns the graph of a definition. Throws `work_exceeded` where it is too large. */
export function graphDefinition({ definition }: GraphInput): Graph {
  const graph = wholeGraph(definition);
  refuseLargeGraph(graph);
  return graph;
}

/** Returns the graph with the places of everything in a picture. Throws `work_exceeded` where it is too large. */
export function layoutDefinition(input: GraphInput): Layout {
  return layoutGraph(graphDefinition(input));
}

/** Writes the graph as a Mermaid flowchart. Throws `work_exceeded` where it is too large. */
export function writeMermaid(input: GraphInput): string {
  return renderMermaid(graphDefinition(input));
}

/** Draws the graph as an SVG file. Throws `work_exceeded` where it is too large. */
export function drawDefinition({ definition, title, tallies }: PictureInput): string {
  return drawGraph({ layout: layoutDefinition({ definition }), title, tallies: tallies && new Map(tallies) });
}
