import { expect, it } from 'vitest';
import type { HistoryEvent } from '../../projection/history.ts';
import { logsOf } from '../../projection/logs.ts';
import { projectExecution } from '../../projection/project.ts';
import { createRunStream, type StreamEntry } from '../../projection/stream.ts';
import { RECORDED, RECORDED_CHAINS, readEvents } from '../fixtures/recorded.ts';

it.each(RECORDED)('what is told of $name ends with what is projected of it', ({ name }) => {
  expectSameAsProjected(name, readEvents(name));
});

it.each([...RECORDED_CHAINS])('what is told of the chain %s ends with what is projected of it', (chain, names) => {
  expectSameAsProjected(chain, names.flatMap(readEvents));
});

function expectSameAsProjected(name: string, events: readonly HistoryEvent[]): void {
  const stream = createRunStream(name);
  const told: StreamEntry[] = [];
  for (const event of events) {
    expect(stream.closed).toBe(false);
    told.push(...stream.take(event));
  }
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
  const logs = told.flatMap((entry) => (entry.type === 'log' ? [JSON.stringify(entry.entry)] : []));
  expect(new Set(logs).size).toBe(logs.length);
  expect(logs).toEqual(expect.arrayContaining(logsOf(execution).map((entry) => JSON.stringify(entry))));
  const statuses = told.flatMap((entry) => (entry.type === 'execution' ? [entry.status] : []));
  expect(statuses.every((word, index) => word !== statuses[index - 1])).toBe(true);
}
