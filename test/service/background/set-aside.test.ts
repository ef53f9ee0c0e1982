import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../../model/app-error.ts';
import { isOutage, isPassing, toAppError } from '../../../service/background/outages.ts';
import { createSetAside } from '../../../service/background/set-aside.ts';

const broken = async () => {
  throw new Error('broken');
};

it('what cannot be done is tried again, less and less often, and holds up nothing else', async () => {
  let now = 0;
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line).key) });
  const aside = createSetAside(() => now, log, 'it failed');
  const tries: number[] = [];
  for (; now < 60_000; now += 500) {
    await aside.attempt('a', async () => {
      tries.push(now);
      await broken();
    });
    expect(await aside.attempt('b', async () => undefined)).toBe(true);
  }
  expect(tries).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000]);
  expect([logged, aside.size, aside.has('a'), aside.has('b')]).toEqual([['a'], 1, true, false]);
  now = 10_000_000;
  expect(aside.due()).toEqual(['a']);
  expect(await aside.attempt('a', async () => undefined)).toBe(true);
  expect([aside.size, aside.due()]).toEqual([0, []]);
});

it.each<ErrorCode>(['temporal_unavailable', 'database_unavailable', 'busy'])(
  'what is wrong with everything is wrong with nothing in particular: %s',
  async (code) => {
    const aside = createSetAside(() => 0, pino({ level: 'silent' }), 'it failed');
    const away = async () => {
      throw new AppError(code, 'not now');
    };
    await expect(aside.attempt('a', away)).rejects.toThrow('not now');
    expect(aside.size).toBe(0);
  },
);

const wrapped = (cause: unknown) => new Error('Failed query: insert into "secrets" params: sesame', { cause });
const coded = (code: string) => Object.assign(new Error('x'), { code });
it.each([
  ['a statement that took too long', coded('57014'), true],
  ['no room', coded('53100'), true],
  ['no room, as the driver wraps it', new Error('Failed query', { cause: coded('53100') }), true],
  ['a standby', coded('25006'), true],
  ['nobody answers', coded('ECONNREFUSED'), true],
  ['no room for a file', coded('ENOSPC'), true],
  ['the connection ended', new Error('Connection terminated unexpectedly'), true],
  ['the database is away', new AppError('database_unavailable', 'x'), true],
  ['no connection is left', new AppError('busy', 'x'), true],
  ['no connection is left, as the driver wraps it', wrapped(new AppError('busy', 'x')), true],
  ['a key that this process lacks', new AppError('sealing_key_missing', 'x'), false],
  ['U+0000', coded('22021'), false],
  ['a fault of the code', new TypeError('x'), false],
  ['a refusal', new AppError('execution_not_found', 'x'), false],
])('an outage or not: %s', (_, error, expected) => {
  expect(isOutage(error)).toBe(expected);
});

it.each([
  ['no room', wrapped(coded('53100')), 'database_unavailable', true],
  ['a standby', coded('25006'), 'database_unavailable', true],
  ['no connection is left', wrapped(new AppError('busy', 'all are in use')), 'busy', true],
  ['Temporal is away', new AppError('temporal_unavailable', 'x'), 'temporal_unavailable', true],
  ['U+0000', wrapped(coded('22021')), 'request_invalid', false],
  ['a statement that is wrong', wrapped(coded('42601')), 'internal', false],
  ['what is no error', 'sesame', 'internal', false],
])('nobody is told what a driver says: %s', (_, error, code, passing) => {
  const told = toAppError(error, 'internal error');
  expect([told.code, isPassing(error)]).toEqual([code, passing]);
  expect(told.message).not.toMatch(/sesame|Failed query/);
});
