import { describe, expect, it } from 'vitest';
import type { RunGraph, RunHistoryEvent, RunMoment } from '../../console/client/shapes.ts';
import { firstRow, subjectOf } from '../../console/debugger/on-screen.ts';
import type { ChangeKind, Stop } from '../../console/debugger/protocol.ts';
import { readChangeKind, writeChangeKind } from '../../console/pages/debugger/controls/change-kinds.ts';
import { drawStrip, HEIGHT, WIDTH } from '../../console/pages/debugger/controls/strip.ts';
import { commandedBy, createStop, listChanges } from '../../console/pages/debugger/engines/moments.ts';
import { findEvent, markTaskEvents } from '../../console/pages/debugger/engines/task-events.ts';
import { TASK_ROWS } from '../../console/pages/debugger/engines/wishes.ts';
import { explainUnknown } from '../../console/pages/debugger/unknown-state.ts';
import { line } from './task-line.ts';

// Everything that the page of the debugger computes by itself.

describe('the strip', () => {
  const linesOf = (marks: string) =>
    drawStrip(marks).flatMap(({ kind, path }) =>
      [...path.matchAll(/M([\d.]+) \d+V([\d.]+)/g)].map(([, x, top]) => ({ kind, x: Number(x), top: Number(top) })),
    );

  it('has a line for each event, from edge to edge, and higher ones for what tells more', () => {
    const lines = linesOf(['s', 'w', 's', 'c', 'w', 'f'].join('')).sort((a, b) => a.x - b.x);
    expect(lines.map(({ kind }) => kind)).toEqual(['begun', 'decision', 'begun', 'completed', 'decision', 'failed']);
    expect([lines[0]!.x, lines.at(-1)!.x]).toEqual([0, WIDTH]);
    const topOf = (kind: string) => lines.find((line) => line.kind === kind)!.top;
    expect(topOf('failed')).toBe(0);
    expect(topOf('completed')).toBeLessThan(topOf('begun'));
    expect(topOf('decision')).toBeLessThan(HEIGHT);
  });

  it('shows one failure among 50,000 events, and draws no more lines than can be seen', () => {
    const marks = `${'w'.repeat(31_234)}f${'c'.repeat(18_765)}`;
    const lines = linesOf(marks);
    expect(lines.length).toBeLessThanOrEqual(400);
    const failed = lines.filter(({ kind }) => kind === 'failed');
    expect(failed).toHaveLength(1);
    expect(Math.abs(failed[0]!.x / WIDTH - 31_234 / 50_000)).toBeLessThan(0.01);
  });

  it('of one event, or of none, stays within the picture', () => {
    expect(linesOf('s')).toEqual([{ kind: 'begun', x: 0, top: expect.any(Number) }]);
    expect(drawStrip('')).toEqual([]);
  });
});

it.each<[text: string | null, kind: ChangeKind]>([
  [null, { kind: 'tasks' }],
  ['tasks', { kind: 'tasks' }],
  ['variables', { kind: 'variables' }],
  ['joins', { kind: 'joins' }],
  ['task:variables', { kind: 'task', name: 'variables' }],
  ['task:gone', { kind: 'tasks' }],
  ['nonsense', { kind: 'tasks' }],
])('the address %j asks for changes of %j, and is written as it is read', (text, kind) => {
  const tasks = ['variables'];
  expect(readChangeKind(text, tasks)).toEqual(kind);
  expect(readChangeKind(writeChangeKind(kind), tasks)).toEqual(kind);
});

it.each([
  [null, 60, 50],
  [25, 60, 25],
  [25, 10, 0],
  [50, 50, 25],
  [25, 0, 0],
  [null, 0, 0],
])('the rows from %j on of %i tasks are those from %i on', (offset, count, from) => {
  expect(firstRow({ offset, limit: TASK_ROWS }, count)).toBe(from);
});

describe('the task whose input an event shows', () => {
  const [unconditional, evaluated] = [
    { from: 'stock', value: null },
    { from: 'price', value: false },
  ];
  const changes = [
    { what: 'variable', name: 'total' },
    { what: 'task', key: 'ship' },
  ];

  it.each([
    ['its own task', { history: { task: 'approve' }, transitions: [evaluated], changes }, 'approve'],
    ['what was decided by a condition', { transitions: [unconditional, evaluated], changes }, 'price'],
    ['what was decided without one', { transitions: [unconditional], changes }, 'stock'],
    ['what has changed', { transitions: [], changes }, 'ship'],
    ['nothing', { transitions: [], changes: [] }, null],
  ])('is that of %s', (_, about, task) => {
    expect(subjectOf({ history: { task: null }, ...about } as unknown as Stop)).toBe(task);
  });
});

it.each([
  ['verified', true, null, null],
  ['differs', false, 9, null],
  ['differs', false, 8, 'its history goes on in another way'],
  ['pending', true, null, null],
  ['pending', false, null, 'its history ends before the commands'],
] as const)(
  'of a run that is %s (known: %j, differs at %j) event 8 is explained with %j',
  (state, known, event, words) => {
    const sentence = explainUnknown({ known, event: 8 }, { state, event });
    if (words === null) expect(sentence).toBeNull();
    else expect(sentence).toContain(words);
  },
);

describe('where the service computes each stop', () => {
  const tasks = [
    line('a', { status: 'completed', events: { scheduled: 5, ended: 7 } }),
    line('b', { status: 'failed', events: { scheduled: 11, ended: 13 } }),
    line('c', { status: 'running', events: { scheduled: 14, ended: null } }),
  ];

  it('events are marked by what is known of the tasks', () => {
    expect(markTaskEvents(tasks, 14)).toBe([...'oooo', 's', 'o', 'c', ...'ooo', 's', 'o', 'f', 's'].join(''));
  });

  it.each([
    [7, 'next', { kind: 'tasks' }, 11],
    [7, 'previous', { kind: 'tasks' }, 5],
    [7, 'next', { kind: 'task', name: 'c' }, 14],
    [5, 'previous', { kind: 'tasks' }, null],
    [14, 'next', { kind: 'tasks' }, null],
  ] as const)('from event %i the %s change of %j is at %j', (from, direction, of, event) => {
    expect(findEvent(tasks, { from, direction, of })).toBe(event);
  });

  it('changes are what is different between two answers', () => {
    const task = (key: string, state: string) => ({ key, name: key, state, attempts: [] }) as never;
    const moment = (more: Partial<RunMoment>): RunMoment =>
      ({ event: 1, status: 'running', tasks: [], variables: {}, joins: [], ...more }) as RunMoment;
    const join = (arrived: string[]) => ({ task: 'end', needed: 2, arrived, missing: [] });
    const before = moment({
      tasks: [task('a', 'running'), task('b', 'running')],
      variables: { same: { x: [1] }, total: 120 },
      joins: [join(['a'])],
    });
    const then = moment({
      status: 'completed',
      tasks: [task('a', 'running'), task('b', 'completed'), task('c', 'scheduled')],
      variables: { same: { x: [1] }, total: 90, more: null },
    });
    expect(listChanges(before, then)).toEqual([
      { what: 'run', before: 'running', after: 'completed' },
      { what: 'task', key: 'b', name: 'b', before: 'running', after: 'completed', attempt: 0 },
      { what: 'task', key: 'c', name: 'c', before: null, after: 'scheduled', attempt: 0 },
      { what: 'variable', name: 'total', before: 120, after: 90 },
      { what: 'variable', name: 'more', after: null },
      { what: 'join', task: 'end', before: ['a'], after: null },
    ]);
    expect(listChanges(then, then)).toEqual([]);
    expect(listChanges(null, moment({}))).toEqual([{ what: 'run', before: null, after: 'running' }]);
  });

  const graph = { nodes: [{ name: 'a', items: false }], edges: [] } as unknown as RunGraph;
  const command = (id: number, workflowTaskCompletedEventId: string): RunHistoryEvent => ({
    ...{ id, event_type: 'ActivityTaskScheduled', timestamp: '2026-01-01T00:00:00.000Z' },
    attributes: { workflowTaskCompletedEventId },
  });

  it('a command belongs to the workflow task of its own run of the chain', () => {
    expect(commandedBy(command(5, '4'), 1)).toBe(4);
    expect(commandedBy(command(105, '4'), 101)).toBe(104);
    expect(commandedBy({ ...command(7, ''), attributes: null }, 1)).toBe(7);
  });

  it('shows nothing that the service does not say, and how many of the tasks it lists', () => {
    const task = {
      key: 'a',
      name: 'a',
      state: 'completed',
      status: 'completed',
      item: null,
      attempts: [],
      error: null,
    };
    const rest = { status: 'completed', variables: {}, joins: [] };
    const then = { event: 105, tasks: [task], tasks_total: 1_200, ...rest } as unknown as RunMoment;
    const wanted = { event: 105, rows: { offset: 0, limit: 25 }, selected: null };
    const answers = { history: command(105, '4'), firstEvent: 101, then, before: null };
    const stop = createStop(answers, wanted, { graph, tasks });
    for (const unknown of ['waits', 'failure', 'output']) expect(stop).not.toHaveProperty(unknown);
    expect(stop.history).toMatchObject({ number: 105, eventId: 5 });
    expect(stop.tasks).toMatchObject({ total: 1_200, listed: 1, rows: [{ key: 'a' }] });
    expect(stop.counts).toMatchObject({ total: 1_200, statuses: { completed: 1 } });
  });
});
