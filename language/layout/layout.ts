import type { Graph, GraphEdge, GraphNode } from '../graph.ts';
import { createCells } from './cells.ts';
import { placeColumns } from './columns.ts';
import { drawLines, type Line } from './lines.ts';
import { MARGIN, TASK } from './measures.ts';
import { orderRows } from './order.ts';

/** The version of the layout: a graph of the same hash and version looks the same. */
export const LAYOUT_VERSION = 1;

/** A task with its box; lengths are in pixels, from the left top corner of the picture. */
export interface PlacedNode extends GraphNode {
  x: number;
  y: number;
  w: number;
  h: number;
}

/**
 * A transition with its line, whose segments are horizontal or vertical. `back` says whether it leads to a task that has come before,
 * or to its own task.
 */
export interface PlacedEdge extends GraphEdge, Line {
  back: boolean;
}

/** A graph with the places of everything in a picture. */
export interface Layout extends Graph {
  width: number;
  height: number;
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

/**
 * Places the tasks of a graph in rows from top to bottom, and leads its edges around them. The same graph always gives the same layout.
 * Nodes and edges keep their order.
 */
export function layoutGraph(graph: Graph): Layout {
  const cellGraph = createCells(graph);
  const { cells, tasks, routes } = cellGraph;
  const rows = orderRows(cellGraph);
  const columns = placeColumns(cellGraph, rows);
  let [left, right] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells) {
    left = Math.min(left, columns[cell.id]! - cell.left);
    right = Math.max(right, columns[cell.id]! + cell.right);
  }
  const centres = Array.from(columns, (column) => Math.round(column - left) + MARGIN);
  const { tops, height, lines } = drawLines(cellGraph, centres);
  return {
    width: Math.ceil(right - left) + 2 * MARGIN,
    height,
    nodes: graph.nodes.map((node, number) => {
      const { id, row } = tasks[number]!;
      return { ...node, x: centres[id]! - TASK.width / 2, y: tops[row]!, w: TASK.width, h: TASK.height };
    }),
    edges: graph.edges.map((edge, number) => ({ ...edge, back: routes[number]!.back, ...lines[number]! })),
    entries: graph.entries,
    cleanup: graph.cleanup,
  };
}
