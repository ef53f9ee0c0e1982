import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import { type Answers, createExchange, type Exchange, type ExchangeMessage } from '../../worker/channel.ts';

/** Two sides of a channel that carries JSON; the second one answers. */
function sides(answers: Answers): Exchange {
  const carry = (message: ExchangeMessage): ExchangeMessage => JSON.parse(JSON.stringify(message));
  const asking: Exchange = createExchange((message) => answering.take(carry(message)), {});
  const answering = createExchange((message) => asking.take(carry(message)), answers);
  return asking;
}

describe('a question', () => {
  it('is answered, each with its own answer', async () => {
    const asking = sides({ secret: async (tenant, name) => (name === 'none' ? null : `${tenant}/${name}`) });
    const answers = await Promise.all(['a', 'none', 'b'].map((name) => asking.ask('secret', 't', name)));
    expect(answers).toEqual(['t/a', null, 't/b']);
  });

  it.each<[string, Error, object]>([
    [
      'an error',
      new Error('Failed query: params: x'),
      { name: 'Error', message: '"connection" could not be answered' },
    ],
    ['an AppError', new AppError('token_invalid', 'no key opens it'), { name: 'AppError', code: 'token_invalid' }],
  ])('is refused with %s of the other side', async (_, error, expected) => {
    const asking = sides({
      connection: async () => {
        throw error;
      },
    });
    await expect(asking.ask('connection', 't', 'slack', 'default')).rejects.toMatchObject(expected);
  });

  it('that nobody answers is refused', async () => {
    await expect(sides({}).ask('metrics')).rejects.toThrow('"metrics" is not answered here');
  });
});

it('a question without an answer fails after 30 seconds, and a late answer to it is nothing', async () => {
  vi.useFakeTimers();
  const sent: ExchangeMessage[] = [];
  const asking = createExchange((message) => sent.push(message), {});
  const failed = expect(asking.ask('secret', 't', 'a')).rejects.toThrow('"secret" was not answered within 30 seconds');
  vi.advanceTimersByTime(30_000);
  await failed;
  asking.take({ type: 'answer', id: (sent[0] as { id: number }).id, answer: 'late' });
  vi.useRealTimers();
});

it('10,000 questions are open at most', async () => {
  const ids: number[] = [];
  const asking = createExchange((message) => ids.push((message as { id: number }).id), {});
  const open = Array.from({ length: 10_000 }, () => asking.ask('metrics'));
  await expect(asking.ask('metrics')).rejects.toThrow('too many open questions');
  for (const id of ids) asking.take({ type: 'answer', id, answer: 'late' });
  expect(new Set(await Promise.all(open))).toEqual(new Set(['late']));
});
