import { expect, it } from 'vitest';
import type { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import type { StatementRefusalReason } from '../../model/statement.ts';
import type { ProjectionReader } from '../../service/projections.ts';
import type { Temporal } from '../../service/temporal.ts';
import { awaitVerdict } from '../../service/verdicts.ts';

/** How a run stands that shows no verdict. */
const STANDS: Partial<Execution> = { projection: 'complete', unsettled: true };

type Refused = [StatementRefusalReason, string];

/** A run that has refused some statements, and has ended or not. */
const executionOf = (refused: Refused[], closed = false) =>
  ({
    ...{ workflowId: 'wf_1', lastEventId: 0, closed: closed ? {} : null, ...STANDS },
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
  const answer = await awaitVerdict({ temporal, projections }, execution, 'mine', () => undefined).catch(
    ({ code, retryAfter }: AppError) => `${code} ${retryAfter}`,
  );
  expect(answer ?? 'none').toBe(expected);
});
