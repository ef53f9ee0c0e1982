import { expect, it } from 'vitest';
import type { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import type { StatementRefusalReason } from '../../model/statement.ts';
import type { ProjectionReader } from '../../service/projections.ts';
import type { Temporal } from '../../service/temporal.ts';
import { awaitVerdict } from '../../service/verdicts.ts';

type Refused = [StatementRefusalReason, string];

/** A run that has refused some statements, and has ended or not. */
const executionOf = (refused: Refused[], closed = false) =>
  ({
    ...{ workflowId: 'wf_1', lastEventId: 0, closed: closed ? {} : null },
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
