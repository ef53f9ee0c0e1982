import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Principal } from '../../../model/principal.ts';
import type { ExecutionReader } from '../../../service/executions/reader.ts';
import { findStarters } from '../../../service/rules/starters.ts';
import type { EventRow } from '../../../store/events/events.ts';

const EVENT = { principal: 'bot', onBehalfOf: 'ann', starters: ['first'], execution: null };

it.each([
  ['an event from outside', EVENT, null, ['bot', 'ann', 'first', 'writer']],
  [
    'the end of a run',
    { ...EVENT, execution: 7 },
    { starters: ['eve', 'dan'] },
    ['bot', 'ann', 'first', 'eve', 'dan', 'writer'],
  ],
  [
    'the end of a run that was deleted',
    { ...EVENT, execution: 7 },
    'execution_not_found',
    ['bot', 'ann', 'first', 'writer'],
  ],
] as const)('of %s', async (_, event, run, expected) => {
  const get = async () => {
    if (typeof run === 'string') throw new AppError(run, 'x');
    return { execution: { run } };
  };
  const reader = { get } as unknown as Pick<ExecutionReader, 'get'>; // no more is read
  expect(await findStarters(reader, {} as Principal, event as unknown as EventRow, ['writer'])).toEqual(expected);
});

it('are not guessed while the run cannot be read', async () => {
  const error = new AppError('temporal_unavailable', 'x');
  const reader = { get: () => Promise.reject(error) };
  const event = { ...EVENT, execution: 7 } as unknown as EventRow;
  await expect(findStarters(reader, {} as Principal, event, [])).rejects.toBe(error);
});
