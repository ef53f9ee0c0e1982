import { expect, it } from 'vitest';
import { readAhead, readInTurn } from '../../model/read-ahead.ts';

/** Gives numbers, and notes what it does; `fails` is thrown instead of a number. */
async function* count(to: number, log: string[], fails = Number.NaN): AsyncGenerator<number> {
  try {
    for (let number = 1; number <= to; number += 1) {
      log.push(`fetch ${number}`);
      if (number === fails) throw new Error(`no ${number}`);
      yield number;
    }
  } finally {
    log.push('closed');
  }
}

/** Works with what a source gives, and ends after a number. */
async function work(source: AsyncIterable<number>, log: string[], until = Number.POSITIVE_INFINITY): Promise<void> {
  for await (const number of source) {
    await new Promise(setImmediate);
    log.push(`work ${number}`);
    if (number === until) return;
  }
}

it('gives everything in order, and fetches the next one, and no more, while somebody works', async () => {
  const log: string[] = [];
  await work(readAhead(count(3, log)), log);
  expect(log).toEqual(['fetch 1', 'fetch 2', 'work 1', 'fetch 3', 'work 2', 'closed', 'work 3']);
});

it('gives nothing from an empty source', async () => {
  const log: string[] = [];
  await work(readAhead(count(0, log)), log);
  expect(log).toEqual(['closed']);
});

it('throws where its source does, once everything before that was worked with', async () => {
  const log: string[] = [];
  await expect(work(readAhead(count(3, log, 2)), log)).rejects.toThrow('no 2');
  expect(log).toEqual(['fetch 1', 'fetch 2', 'closed', 'work 1']);
});

it.each([
  ['fetched', Number.NaN],
  ['refused', 2],
])('closes its source when somebody ends early, also while the next one is %s', async (_, fails) => {
  const log: string[] = [];
  await work(readAhead(count(3, log, fails)), log, 1);
  expect(log.filter((line) => line !== 'closed')).toEqual(['fetch 1', 'fetch 2', 'work 1']);
  expect(log).toContain('closed');
});

it('fetches as many steps ahead as it may', async () => {
  const log: string[] = [];
  await work(readAhead(count(4, log), 2), log);
  expect(log).toEqual(['fetch 1', 'fetch 2', 'fetch 3', 'work 1', 'fetch 4', 'work 2', 'closed', 'work 3', 'work 4']);
});

it('reads sources in turn', async () => {
  const all: number[] = [];
  for await (const number of readInTurn([count(3, []), count(0, []), count(2, [])], 2)) all.push(number);
  expect(all).toEqual([1, 2, 3, 1, 2]);
});

it('has begun the next source, and no other, while somebody works with one', async () => {
  const logs: string[][] = [[], [], []];
  const sources = logs.map((log) => count(5, log));
  for await (const _ of readInTurn(sources, 2)) break;
  expect(logs.map((log) => log.filter((line) => line !== 'closed'))).toEqual([
    ['fetch 1', 'fetch 2', 'fetch 3'],
    ['fetch 1', 'fetch 2'],
    [],
  ]);
});

it('throws where one of the sources in turn does', async () => {
  const log: string[] = [];
  await expect(work(readInTurn([count(1, log), count(2, log, 2), count(1, log)], 1), log)).rejects.toThrow('no 2');
  expect(log.filter((line) => line.startsWith('work'))).toEqual(['work 1', 'work 1']);
});
