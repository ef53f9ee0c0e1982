import type { RunGraph } from '../client/shapes.ts';

/** The keys that lead from one task to another. */
export type ArrowKey = 'ArrowDown' | 'ArrowUp' | 'ArrowLeft' | 'ArrowRight';

/**
 * Returns the task to which an arrow leads: down along the first edge that leaves a task, up along the first that leads to it, and sideways to
 * its neighbour in the same row. Returns the same task where there is none.
 */
export function moveTo({ nodes, edges }: RunGraph, from: string, key: ArrowKey): string {
  if (key === 'ArrowDown') return edges.find((edge) => edge.from === from && !edge.back)?.to ?? from;
  if (key === 'ArrowUp') return edges.find((edge) => edge.to === from && !edge.back)?.from ?? from;
  const here = nodes.find(({ name }) => name === from);
  if (here === undefined) return from;
  const row = nodes.filter(({ y }) => y === here.y).sort((a, b) => a.x - b.x);
  return row[row.indexOf(here) + (key === 'ArrowLeft' ? -1 : 1)]?.name ?? from;
}

/** Reports whether a key is an arrow. */
export function isArrow(key: string): key is ArrowKey {
  return ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight'].includes(key);
}
