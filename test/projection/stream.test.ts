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
  const logs = told.flatMap((entry) => (entry.type === 'log' ? [JSON.stringify(finishEntry(entry.draft))] : []));
  expect(new Set(logs).size).toBe(logs.length);
  expect(logs).toEqual(expect.arrayContaining(buildLog(execution).map((entry) => JSON.stringify(entry))));
  const statuses = told.flatMap((entry) => (entry.type === 'execution' ? [entry.status] : []));
  expect(statuses.every((word, index) => word !== statuses[index - 1])).toBe(true);
}
