import { expect, it } from 'vitest';
import type { Graph } from '../../../language/graph.ts';
import { type Layout, layoutGraph, type PlacedEdge } from '../../../language/layout/layout.ts';
import { LABEL } from '../../../language/layout/measures.ts';
import { createRandom, draws, SEED } from '../../seed.ts';
import { drawGraph } from './random-graphs.ts';

interface Box {
  what: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

const overlap = (a: Box, b: Box) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

function boxesOf({ nodes, edges }: Layout): { tasks: Box[]; labels: Box[] } {
  return {
    tasks: nodes.map(({ name, x, y, w, h }) => ({ what: name, x, y, w, h })),
    labels: edges.flatMap(({ from, to, label }) =>
      label === null ? [] : [{ what: `${from} → ${to}`, x: label.x, y: label.y, w: label.w, h: LABEL.height }],
    ),
  };
}

/** Returns which boxes overlap others or the border of the picture. */
function overlapsOf(layout: Layout): string[] {
  const { tasks, labels } = boxesOf(layout);
  const boxes = [...tasks, ...labels];
  const outside = boxes.filter(({ x, y, w, h }) => x < 0 || y < 0 || x + w > layout.width || y + h > layout.height);
  return [
    ...outside.map(({ what }) => `${what} is outside`),
    ...boxes.flatMap((a, index) =>
      boxes.slice(index + 1).flatMap((b) => (overlap(a, b) ? [`${a.what} overlaps ${b.what}`] : [])),
    ),
  ];
}

/** Returns what is wrong with the ends of an edge. */
function faultsOfEnds({ from, to, on, back, points }: PlacedEdge, byName: ReadonlyMap<string, Box>): string[] {
  const [source, target] = [byName.get(from)!, byName.get(to)!];
  const [first, last] = [points[0]!, points.at(-1)!];
  if (from === to) {
    const right = source.x + source.w;
    return first[0] === right && last[0] === right && back ? [] : ['it is no loop on the right of its task'];
  }
  const leaves = source.x + (on === 'failure' ? source.w - 24 : source.w / 2);
  return [
    ...(first[0] === leaves && first[1] === source.y + source.h ? [] : ['it does not leave its source']),
    ...(last[0] === target.x + target.w / 2 && last[1] === target.y ? [] : ['it does not enter its target']),
    ...(back === target.y < source.y ? [] : ['it has the wrong direction']),
  ];
}

/** Returns what is wrong with the way of an edge. */
function faultsOfWay({ points }: PlacedEdge, { width, height }: Layout, tasks: readonly Box[]): string[] {
  return points.slice(1).flatMap(([x, y], index) => {
    const [fromX, fromY] = points[index]!;
    const segment = {
      what: '',
      x: Math.min(x, fromX),
      y: Math.min(y, fromY),
      w: Math.abs(x - fromX),
      h: Math.abs(y - fromY),
    };
    const isInside = segment.x >= 0 && segment.y >= 0 && Math.max(x, fromX) <= width && Math.max(y, fromY) <= height;
    return [
      ...(isInside ? [] : ['it leaves the picture']),
      ...((segment.w === 0) === (segment.h === 0) ? ['a segment is not at right angles'] : []),
      ...tasks.filter((box) => overlap(segment, box)).map((box) => `it leads through ${box.what}`),
    ];
  });
}

/** Returns what is wrong with a layout, in words. */
function faultsOf(layout: Layout): string[] {
  const { tasks } = boxesOf(layout);
  const byName = new Map(tasks.map((box) => [box.what, box]));
  const edges = layout.edges.flatMap((edge) =>
    [...faultsOfEnds(edge, byName), ...faultsOfWay(edge, layout, tasks)].map(
      (fault) => `${edge.from} → ${edge.to}: ${fault}`,
    ),
  );
  return [...overlapsOf(layout), ...edges];
}

/** Draws graphs of several kinds: small, wide, deep, with many loops. */
function someGraphs(count: number): Graph[] {
  const random = createRandom();
  return Array.from({ length: count }, () => {
    const size = 1 + Math.floor(random() ** 2 * 60);
    return drawGraph({ size, reach: 1 + Math.floor(random() * 30), second: random(), back: random() * 0.4 }, random);
  });
}

const graphs = someGraphs(draws(80));
const layouts = graphs.map(layoutGraph);

it('nothing overlaps, no edge leads through a task, and every segment is horizontal or vertical', () => {
  for (const [index, layout] of layouts.entries()) {
    expect(faultsOf(layout), `graph ${index} of seed ${SEED}`).toEqual([]);
  }
});

/** Returns the horizontal segments of a layout by their height, with the edge of each. */
function levelsOf({ edges }: Layout): Map<number, { edge: PlacedEdge; left: number; right: number }[]> {
  const levels = new Map<number, { edge: PlacedEdge; left: number; right: number }[]>();
  for (const edge of edges) {
    for (const [index, [x, y]] of edge.points.slice(1).entries()) {
      const [fromX, fromY] = edge.points[index]!;
      if (fromY !== y) continue;
      const segment = { edge, left: Math.min(x, fromX), right: Math.max(x, fromX) };
      levels.set(y, [...(levels.get(y) ?? []), segment]);
    }
  }
  return levels;
}

it('only edges from one task or to one task share a horizontal line', () => {
  for (const [index, layout] of layouts.entries()) {
    for (const segments of levelsOf(layout).values()) {
      for (const a of segments) {
        const strangers = segments.filter(
          (b) => a.edge.from !== b.edge.from && a.edge.to !== b.edge.to && a.left < b.right + 8 && b.left < a.right + 8,
        );
        expect(strangers.map(({ edge: { from, to } }) => [from, to, index])).toEqual([]);
      }
    }
  }
});

it('everything else of the graph stays as it is', () => {
  for (const [index, { nodes, edges, entries, cleanup }] of layouts.entries()) {
    const graph = {
      nodes: nodes.map(({ x, y, w, h, ...node }) => node),
      edges: edges.map(({ back, points, label, ...edge }) => edge),
      entries,
      cleanup,
    };
    expect(graph).toEqual(graphs[index]);
  }
});

it('every condition has a label, but for those that find no place', () => {
  const conditions = layouts.flatMap(({ edges }) => edges.filter(({ when }) => when !== null));
  const shown = conditions.filter(({ label }) => label !== null);
  expect(shown.length).toBeGreaterThan(0.9 * conditions.length);
  expect(layouts.flatMap(({ edges }) => edges).filter(({ when, label }) => when === null && label !== null)).toEqual(
    [],
  );
});

it('the same graph always has the same layout', () => {
  for (const [index, graph] of graphs.slice(0, 20).entries()) {
    expect(JSON.stringify(layoutGraph(structuredClone(graph)))).toBe(JSON.stringify(layouts[index]));
  }
});

/** Returns the names of the tasks of each row from left to right, without one of them. */
function orderOf({ nodes }: Layout, without?: string): string {
  const rows = new Map<number, { name: string; x: number }[]>();
  for (const { name, x, y } of nodes) if (name !== without) rows.set(y, [...(rows.get(y) ?? []), { name, x }]);
  return [...rows.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, row]) =>
      row
        .sort((a, b) => a.x - b.x)
        .map(({ name }) => name)
        .join(),
    )
    .join('|');
}

it('a further task at the end of another mostly keeps the order of the others', () => {
  const random = createRandom();
  const kept = graphs.filter((graph, index) => {
    const leaf = { name: 'leaf', action: 'core.noop', join: null, items: false, cleanup: false };
    const from = graph.nodes[Math.floor(random() * graph.nodes.length)]!.name;
    const grown = {
      ...graph,
      nodes: [...graph.nodes, leaf],
      edges: [...graph.edges, { from, to: 'leaf', when: null, on: 'success' as const }],
    };
    return orderOf(layoutGraph(grown), 'leaf') === orderOf(layouts[index]!);
  });
  expect(kept.length / graphs.length).toBeGreaterThanOrEqual(0.8);
});

/** A graph of one task that leads to many, and these to one. */
function fan(width: number): Graph {
  const task = (name: string) => ({ name, action: 'core.noop', join: null, items: false, cleanup: false });
  const names = Array.from({ length: width }, (_, index) => `branch ${index}`);
  const edge = (from: string, to: string) => ({ from, to, when: null, on: 'success' as const });
  return {
    nodes: [task('first'), ...names.map(task), task('last')],
    edges: names.flatMap((name) => [edge('first', name), edge(name, 'last')]),
    entries: ['first'],
    cleanup: [],
  };
}

it('many branches stand in equal rows, and share one line down and one line on', () => {
  const layout = layoutGraph(fan(300));
  const rows = new Map<number, number>();
  for (const { y } of layout.nodes) rows.set(y, (rows.get(y) ?? 0) + 1);
  expect([...rows.values()]).toEqual([1, ...Array(30).fill(10), 1]);
  const ofTasks = new Set(layout.nodes.map(({ x, w }) => x + w / 2));
  const columns = new Set(layout.edges.flatMap(({ points }) => points.map(([x]) => x)).filter((x) => !ofTasks.has(x)));
  expect(columns.size).toBe(2);
  expect(layout.width).toBeLessThan(10 * 184 + 9 * 28 + 100);
  expect(faultsOf(layout)).toEqual([]);
});

it('an edge back has its own lane, with its label in the middle', () => {
  const names = ['ask', 'check', 'wait', 'end'];
  const on = 'complete' as const;
  const layout = layoutGraph({
    nodes: names.map((name) => ({ name, action: 'core.noop', join: null, items: false, cleanup: false })),
    edges: [
      ...names.slice(1).map((to, index) => ({ from: names[index]!, to, when: null, on })),
      { from: 'wait', to: 'ask', when: 'result() != "done"', on },
      { from: 'check', to: 'check', when: 'failed()', on },
    ],
    entries: ['ask'],
    cleanup: [],
  });
  const [back, loop] = layout.edges.slice(3);
  const check = layout.nodes[1]!;
  expect(layout.nodes.map(({ x }) => x)).toEqual(Array(4).fill(layout.nodes[0]!.x));
  expect([back!.back, back!.label!.y + 9, back!.label!.x > check.x + check.w]).toEqual([true, check.y + 24, true]);
  expect([loop!.back, loop!.label!.x >= check.x + check.w, loop!.label!.x + loop!.label!.w < back!.label!.x]).toEqual(
    Array(3).fill(true),
  );
  expect(faultsOf(layout)).toEqual([]);
});
