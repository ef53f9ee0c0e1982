import { expect, it } from 'vitest';
import { ReplayMeter } from '../../model/work.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { buildLog, finishEntry } from '../../projection/logs.ts';
import { projectExecution } from '../../projection/project.ts';
import { createRunStream, type StreamEntry } from '../../projection/stream.ts';
import { RECORDED, RECORDED_CHAINS, readEvents } from '../fixtures/recorded.ts';

it.each(RECORDED)('what is told of $name ends with what is projected of it', ({ name }) => {
  expectSameAsProjected(name, readEvents(name));
});

it.each([...RECORDED_CHAINS])('what is told of the chain %s ends with what is projected of it', (chain, names) => {
  expectSameAsProjected(chain, names.flatMap(readEvents));
});

const ended = (name: string) => readEvents(name).at(-1)!;

it.each([
  ['allows all of it', 8, 1_000_000, true],
  ['is spent at once', 8, 1, false],
  ['is spent on the way', 8, 500, false],
  ['cannot count it', 7, 1_000_000, false],
])('tells of tasks only while the meter that counts the work %s', (_, version, limit, complete) => {
  const { name } = RECORDED.find((each) => each.name.startsWith(`v${version}/`) && !each.name.includes('/chain-'))!;
  const stream = createRunStream(name, new ReplayMeter(limit));
  const told = readEvents(name).flatMap((event) => stream.take(event));
  const omissions = told.filter((entry) => entry.type === 'log' && entry.draft.lead.includes('are omitted'));
  const whole = createRunStream(name);
  const all = readEvents(name).flatMap((event) => whole.take(event));
  if (complete) expect(told).toEqual(all);
  else {
    expect(omissions).toHaveLength(1);
    const after = told.slice(told.indexOf(omissions[0]!));
    expect(after.filter(({ type }) => type === 'task')).toEqual([]);
    expect(told.filter(({ type }) => type === 'task').length).toBeLessThan(
      all.filter(({ type }) => type === 'task').length,
    );
    expect(told.at(-1)).toMatchObject({ type: 'end', event: Number(ended(name).eventId) });
  }
});

it('leaves tasks out once it is told to', () => {
  const { name } = RECORDED.find((each) => each.name.startsWith('v8/') && !each.name.includes('/chain-'))!;
  const stream = createRunStream(name);
  const told = readEvents(name).flatMap((event, index) => {
    if (index === 1) stream.omitTasks();
    return stream.take(event);
  });
  expect(told.map(({ type }) => type)).not.toContain('task');
  expect(told.at(-1)).toMatchObject({ type: 'end' });
});

function expectSameAsProjected(name: string, events: readonly HistoryEvent[]): void {
  const stream = createRunStream(name);
  const told: StreamEntry[] = [];
  const after: HistoryEvent[] = [];
  for (const event of events) {
    if (stream.closed) after.push(event);
    told.push(...stream.take(event));
  }
  expect(after).toEqual([]);
  const execution = projectExecution(name, events);
  const { closed, status } = execution;
  expect(stream.closed).toBe(closed !== null);
  expect(told.filter(({ type }) => type === 'end')).toHaveLength(closed === null ? 0 : 1);
  if (closed !== null) expect(told.at(-1)).toMatchObject({ type: 'end', status, updated: closed });
  expect(told.findLast(({ type }) => type === 'execution')).toMatchObject({ status });
  const tasks = new Map(told.flatMap((entry) => (entry.type === 'task' ? [[entry.task.key, entry.task]] : [])));
  expect([...tasks.values()].map(({ key, status, output, failure }) => [key, status, output, failure]).sort()).toEqual(
    execution.tasks.map(({ key, status, output, failure }) => [key, status, output, failure]).sort(),
  );
  expectStatusesBefore(told);
  const logs = told.flatMap((entry) => (entry.type === 'log' ? [JSON.stringify(finishEntry(entry.draft))] : []));
  expect(new Set(logs).size).toBe(logs.length);
  expect(logs).toEqual(expect.arrayContaining(buildLog(execution).map((entry) => JSON.stringify(entry))));
  const statuses = told.flatMap((entry) => (entry.type === 'execution' ? [entry.status] : []));
  expect(statuses.every((word, index) => word !== statuses[index - 1])).toBe(true);
}

/** Expects of each change of a task that it says the status before. */
function expectStatusesBefore(told: readonly StreamEntry[]): void {
  const before = new Map<string, string>();
  for (const entry of told) {
    if (entry.type !== 'task') continue;
    const { key, status } = entry.task;
    expect(entry.was, key).toBe(before.get(key) ?? null);
    before.set(key, status);
  }
}

// A delayed task is in lists before its stream begins.
const PROMPT = RECORDED.filter(({ name }) => !/\/chain-|delay/.test(name));

it('the counts of a list at the end of a workflow task move with the stream from there', () => {
  expect(PROMPT.length).toBeGreaterThan(100);
  let moved = 0;
  for (const { name } of PROMPT.slice(0, 100)) {
    const events = readEvents(name);
    const middle = Math.floor(events.length / 2);
    // Temporal stores the commands of a workflow task together with its end. Later a list knows of ends that the interpreter has not taken.
    const at = events.findIndex((event, index) => index > middle && isCommand(events[index - 1]!) && !isCommand(event));
    if (at < 0) continue;
    const stream = createRunStream(name);
    for (const event of events.slice(0, at)) stream.take(event);
    const counts = countTasks(name, events.slice(0, at));
    for (const entry of events.slice(at).flatMap((event) => stream.take(event))) {
      if (entry.type !== 'task') continue;
      if (entry.was !== null) count(counts, entry.was, -1);
      count(counts, entry.task.status, 1);
      moved += 1;
    }
    const left = [...counts].filter(([, count]) => count !== 0);
    expect(new Map(left), name).toEqual(countTasks(name, events));
  }
  expect(moved).toBeGreaterThan(50);
});

function countTasks(name: string, events: readonly HistoryEvent[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status } of projectExecution(name, events).tasks) count(counts, status, 1);
  return counts;
}

/** Counts a task; those that are scheduled or running are counted as one, since a stream does not know which. */
function count(counts: Map<string, number>, status: string, change: number): void {
  const key = status === 'scheduled' ? 'running' : status;
  counts.set(key, (counts.get(key) ?? 0) + change);
}

function isCommand(event: HistoryEvent): boolean {
  return Object.values(event).some(
    (value: unknown) => Boolean(value) && Object.hasOwn(value as object, 'workflowTaskCompletedEventId'),
  );
}
