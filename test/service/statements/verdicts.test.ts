import { expect, it } from 'vitest';
import type { AppError } from '../../../model/app-error.ts';
import type { Execution } from '../../../model/execution.ts';
import type { StatementRefusalReason } from '../../../model/statement.ts';
import type { ProjectionReader } from '../../../service/projections/reader.ts';
import { awaitSettled, awaitVerdict } from '../../../service/statements/verdicts.ts';
import type { Temporal } from '../../../temporal/gateway.ts';

/** How a run stands that shows no verdict. */
const STANDS: Partial<Execution> = { projection: 'complete', unsettled: true };

/** A run of a version of the interpreter. */
const interpretedBy = (interpreter: number) => ({ run: { interpreter } as Execution['run'] });

type Refused = [StatementRefusalReason, string];

/** A run that has refused some statements, and has ended or not. */
const executionOf = (refused: Refused[], closed = false) =>
  ({
    workflowId: 'wf_1',
    lastEventId: 0,
    closed: closed ? {} : null,
    ...STANDS,
    statements: { refusals: refused.map(([reason, id]) => ({ reason, claims: { id } })) },
  }) as unknown as Execution;

it.each<[string, Refused[], Refused[], string]>([
  ['refuses it since it is flooded', [], [['flooded', 'mine']], 'busy 10'],
  [
    'refuses it in another flood',
    [['flooded', 'mine']],
    [
      ['flooded', 'mine'],
      ['flooded', 'mine'],
    ],
    'busy 10',
  ],
  ['has refused it in an earlier flood', [['flooded', 'mine']], [['flooded', 'mine']], 'taken'],
  ['refuses those of others', [], [['flooded', 'other']], 'taken'],
  ['refuses it for what it says', [], [['altered', 'mine']], 'taken'],
])('a run that %s', async (_, before, after, expected) => {
  // It has taken the statement by the time at which it is read for the second time.
  const reads = [executionOf(after), executionOf(after, true)];
  const temporal = {
    async *follow() {
      for (const eventId of ['1', '2']) yield { events: [{ eventId }] };
    },
  } as unknown as Temporal;
  const projections = { read: async () => ({ execution: reads.shift() }) } as unknown as ProjectionReader;
  const answer = await awaitVerdict({ temporal, projections }, executionOf(before), 'mine', ({ closed }) =>
    closed === null ? undefined : 'taken',
  ).catch(({ code, retryAfter }: AppError) => `${code} ${retryAfter}`);
  expect(answer).toBe(expected);
});

it.each<[string, Partial<Execution>, string]>([
  ['may not have taken it', { projection: 'complete', unsettled: true }, 'none'],
  ['has taken all that it was sent', { projection: 'complete' }, 'busy 1'],
  ['has taken all, of interpreter 4', { projection: 'complete', ...interpretedBy(4) }, 'busy 1'],
  ['has taken all, of an interpreter without verdicts', { projection: 'complete', ...interpretedBy(3) }, 'none'],
  ['has taken all, and forgets', { projection: 'complete', workflowId: 'wf_full' }, 'none'],
  ['is not shown whole', { projection: 'partial' }, 'none'],
  ['has ended', { projection: 'complete', closed: '2026-11-28T12:00:00Z' }, 'closed'],
])('a run without a verdict that %s: %s', async (_, stands, expected) => {
  const execution = { workflowId: 'wf_1', lastEventId: 0, closed: null, ...stands } as Execution;
  const temporal = {
    async *follow() {
      yield { events: [{ eventId: '1' }] };
    },
  } as unknown as Temporal;
  const projections = { read: async () => ({ execution }) } as unknown as ProjectionReader;
  const answer = await awaitVerdict(
    { temporal, projections },
    execution,
    'mine',
    () => undefined,
    ({ workflowId }) => workflowId === 'wf_full',
  ).catch(({ code, retryAfter }: AppError) => `${code} ${retryAfter}`);
  expect(answer ?? 'none').toBe(expected);
});

/** A reading of a page of a run's history: its newest event, and whether the run has taken everything before it. */
type Reading = [lastEventId: number, unsettled: boolean];

it.each<[string, pages: number[], Reading[], taken: boolean]>([
  ['when it has taken it already', [5], [[5, false]], true],
  [
    'when its end is read before its page comes',
    [5, 7],
    [
      [7, true],
      [7, false],
    ],
    true,
  ],
  [
    'when what ends it comes with the next page',
    [5, 7],
    [
      [5, true],
      [7, false],
    ],
    true,
  ],
  [
    'when pages are older than what was read',
    [3, 5, 7],
    [
      [7, true],
      [7, false],
    ],
    true,
  ],
  [
    'never',
    [5, 7],
    [
      [5, true],
      [7, true],
    ],
    false,
  ],
])('a run that has taken what it was sent: %s', async (_, pages, readings, taken) => {
  let ended = false;
  const temporal = {
    async *follow() {
      for (const eventId of pages) yield { events: [{ eventId }] };
      ended = true;
    },
  } as unknown as Temporal;
  const left = [...readings];
  const projections = {
    read: async () => {
      const [lastEventId, unsettled] = left.shift()!;
      return { execution: { workflowId: 'wf_1', lastEventId, ...(unsettled ? { unsettled } : {}) } };
    },
  } as unknown as ProjectionReader;
  await awaitSettled({ temporal, projections }, { workflowId: 'wf_1' } as Execution);
  expect([ended, left]).toEqual([!taken, []]);
});
