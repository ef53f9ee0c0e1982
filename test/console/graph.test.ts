import { expect, it } from 'vitest';
import type { RunGraph, TaskListPage } from '../../console/client/shapes.ts';
import { firstView, fitAll, reveal, zoomAt } from '../../console/graph/camera.ts';
import { moveTo } from '../../console/graph/moves.ts';
import { meets, regionAround, regionDrawn, regionOf, regionSeen } from '../../console/graph/regions.ts';
import { listWork } from '../../console/graph/tallies.ts';

const NONE = { scheduled: 0, running: 0, completed: 0, failed: 0, timeout: 0, cancelled: 0, abandoned: 0 };

const node = (name: string, x: number, y: number) => ({
  ...{ name, x, y, w: 184, h: 48, action: 'core.noop', join: null, items: false, cleanup: false },
});
const edge = (from: string, to: string, back = false) => ({
  ...{ from, to, back, when: null, on: 'complete' as const, points: [], label: null },
});

/** a leads to b and c, which stand in one row, b left of c; c leads back to a. */
const GRAPH: RunGraph = {
  ...{ width: 400, height: 200, hash: '1', entries: ['a'], cleanup: [] },
  nodes: [node('a', 100, 0), node('c', 212, 100), node('b', 0, 100)],
  edges: [edge('a', 'b'), edge('a', 'c'), edge('c', 'a', true)],
};

it.each([
  ['a', 'ArrowDown', 'b'],
  ['b', 'ArrowUp', 'a'],
  ['c', 'ArrowDown', 'c'],
  ['a', 'ArrowUp', 'a'],
  ['b', 'ArrowRight', 'c'],
  ['c', 'ArrowLeft', 'b'],
  ['c', 'ArrowRight', 'c'],
  ['a', 'ArrowLeft', 'a'],
] as const)('from %s, %s leads to %s', (from, key, to) => {
  expect(moveTo(GRAPH, from, key)).toBe(to);
});

it('counts what a run has done with each task', () => {
  const page: Pick<TaskListPage, 'counts'> = {
    counts: {
      total: 10,
      by_status: NONE,
      by_task: {
        a: { visits: { ...NONE, completed: 1, failed: 1 }, items: null, newest: { key: 'a#2', state: 'failed' } },
        b: {
          visits: { ...NONE, running: 1 },
          items: { ...NONE, running: 2, completed: 3, failed: 1 },
          newest: { key: 'b', state: 'running' },
        },
        c: { visits: NONE, items: null, newest: null },
      },
    },
  };
  expect(Object.fromEntries(listWork(page, GRAPH))).toEqual({
    a: { tally: { state: 'failed', visits: 2, items: null }, key: 'a#2', words: '1 completed, 1 failed' },
    b: {
      tally: { state: 'running', visits: 1, items: 4 },
      key: 'b',
      words: '1 running; items: 2 running, 3 completed, 1 failed',
    },
    c: { tally: null, key: null, words: 'not begun' },
  });
});

it('a picture is shown as a whole where it can be read, in the middle, and never larger than it is', () => {
  expect(fitAll({ width: 200, height: 100 }, { width: 400, height: 400 })).toEqual({ x: 100, y: 150, scale: 1 });
  expect(firstView({ width: 400, height: 1000 }, { width: 400, height: 800 }, 200)).toEqual({
    x: 40,
    y: 0,
    scale: 0.8,
  });
  const views = [0, 500, 600, 1000].map((x) =>
    firstView({ width: 1000, height: 9000 }, { width: 500, height: 500 }, x),
  );
  expect(views.map((view) => [view.x, view.y, view.scale])).toEqual([
    [0, 0, 0.7],
    [-100, 0, 0.7],
    [-170, 0, 0.7],
    [-200, 0, 0.7],
  ]);
});

it('zooming keeps a point in its place, within bounds', () => {
  const view = zoomAt({ x: 10, y: 20, scale: 1 }, 2, { x: 110, y: 20 });
  expect(view).toEqual({ x: -90, y: 20, scale: 2 });
  expect(zoomAt(view, 100, { x: 0, y: 0 }).scale).toBe(2.5);
  expect(zoomAt(view, 0.0001, { x: 0, y: 0 }).scale).toBe(0.05);
});

it('a task outside of the window is brought into it, and nothing moves for one inside', () => {
  const frame = { width: 300, height: 300 };
  const view = { x: 0, y: 0, scale: 1 };
  expect(reveal(view, { x: 50, y: 50, w: 100, h: 50 }, frame)).toBe(view);
  expect(reveal(view, { x: 0, y: 400, w: 100, h: 50 }, frame)).toEqual({ x: 16, y: -166, scale: 1 });
});

const seen = { left: 0, top: 0, right: 100, bottom: 50 };

it('a picture is drawn half a window further on each side, and again once more than that is seen, or little of it', () => {
  const drawn = regionDrawn(null, seen);
  expect(drawn).toEqual({ left: -50, top: -25, right: 150, bottom: 75 });
  const moved = (by: number) => ({ left: by, top: 0, right: 100 + by, bottom: 50 });
  expect(regionDrawn(drawn, moved(50))).toBe(drawn);
  expect(regionDrawn(drawn, moved(51))).toEqual({ left: 1, top: -25, right: 201, bottom: 75 });
  const near = (width: number) => ({ left: 10, top: 10, right: 10 + width, bottom: 20 });
  expect(regionDrawn(drawn, near(25))).toBe(drawn);
  expect(regionDrawn(drawn, near(24))).toEqual({ left: -2, top: 5, right: 46, bottom: 25 });
});

it('the seen part of a picture is what the view leaves in the window', () => {
  expect(regionSeen({ x: -100, y: 20, scale: 0.5 }, { width: 400, height: 200 })).toEqual({
    ...{ left: 200, top: -40, right: 1000, bottom: 360 },
  });
});

it.each([
  ['inside', { x: 40, y: 20, w: 10, h: 10 }, true],
  ['all around', { x: -500, y: -500, w: 1000, h: 1000 }, true],
  ['at its left edge', { x: -10, y: 20, w: 10, h: 10 }, true],
  ['left of it', { x: -11, y: 20, w: 10, h: 10 }, false],
  ['right of it', { x: 101, y: 20, w: 10, h: 10 }, false],
  ['above it', { x: 40, y: -11, w: 10, h: 10 }, false],
  ['below it', { x: 40, y: 51, w: 10, h: 10 }, false],
])('a box %s meets a region: %s', (_, box, expected) => {
  expect(meets(seen, regionOf(box))).toBe(expected);
});

it('a line meets a region that it passes through, though none of its points is there', () => {
  const line = (...points: [number, number][]) => meets(seen, regionAround(points));
  expect([line([40, -500], [40, 500]), line([40, -500], [40, -100], [200, -100])]).toEqual([true, false]);
});
