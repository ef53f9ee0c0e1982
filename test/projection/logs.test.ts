import { expect, it } from 'vitest';
import type { Execution, TaskExecution } from '../../model/execution.ts';
import { buildLog } from '../../projection/logs.ts';

const AT = '2026-01-01T00:00:00.000Z';
const said = (message: string) =>
  ({
    key: 'a',
    action: 'core.log',
    input: { message, level: 'info' },
    started: AT,
    created: AT,
  }) as unknown as TaskExecution;
const run = (tasks: TaskExecution[]) =>
  buildLog({
    workflowType: 'a.b',
    created: AT,
    closed: null,
    status: 'running',
    failure: null,
    tasks,
  } as unknown as Execution);

it.each([
  [65_536, 65_536, null],
  [65_537, 65_536, { truncated: true }],
])('a message of %i characters has %i in the log', (length, kept, metadata) => {
  expect(run([said('x'.repeat(length))])[1]).toMatchObject({ message: 'x'.repeat(kept), metadata });
});

it.each([
  [9_999, 10_000, null],
  [10_000, 10_001, { dropped: 1 }],
  [10_500, 10_001, { dropped: 501 }],
])('of %i messages and the start, the log has %i entries', (messages, entries, metadata) => {
  const log = run(Array.from({ length: messages }, () => said('x')));
  expect([log.length, log.at(-1)!.metadata]).toEqual([entries, metadata]);
});
