import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createSharedReads } from '../../../service/background/shared-reads.ts';

/** Shared reads whose results the test gives, with the reads that have begun. */
function scene() {
  const begun: { key: string; end: (value: string) => void; fail: (error: Error) => void }[] = [];
  const share = createSharedReads<string>();
  const ask = (key: string) =>
    share(key, () => new Promise<string>((end, fail) => void begun.push({ key, end, fail })));
  const haveBegun = (count: number) => expect.poll(() => begun.length, { interval: 1, timeout: 60_000 }).toBe(count);
  return { begun, haveBegun, ask, share };
}

it('who asks while a read is in progress shares the next one with others, and not the one that began before', async () => {
  const { begun, haveBegun, ask } = scene();
  const first = ask('a');
  await haveBegun(1);
  const later = [ask('a'), ask('a')];
  await endOfTurn();
  await endOfTurn();
  expect(begun).toHaveLength(1);
  begun[0]!.end('before');
  expect(await first).toBe('before');
  await haveBegun(2);
  const last = ask('a');
  begun[1]!.end('after');
  expect(await Promise.all(later)).toEqual(['after', 'after']);
  await haveBegun(3);
  begun[2]!.end('last');
  expect(await last).toBe('last');
});

it('those who ask in one turn of the event loop share a read, though it would end at once', async () => {
  const share = createSharedReads<number>();
  let reads = 0;
  const ask = () => share('a', async () => (reads += 1));
  const asked = [ask()];
  await Promise.resolve();
  asked.push(ask());
  process.nextTick(() => asked.push(ask()));
  expect(await asked[0]).toBe(1);
  expect(await Promise.all(asked)).toEqual([1, 1, 1]);
});

it('a read is not kept once it has ended', async () => {
  const { begun, haveBegun, ask } = scene();
  for (const [at, value] of ['old', 'new'].entries()) {
    const asked = ask('a');
    await haveBegun(at + 1);
    begun.at(-1)!.end(value);
    expect(await asked).toBe(value);
  }
  expect(begun).toHaveLength(2);
});

it('keys wait for each other in no way', async () => {
  const { begun, haveBegun, ask } = scene();
  void ask('a');
  const other = ask('b');
  await haveBegun(2);
  begun[1]!.end('b');
  expect(await other).toBe('b');
});

it('a read that fails does so for those who share it, and the next one is made nevertheless', async () => {
  const { begun, haveBegun, ask } = scene();
  const first = ask('a');
  await haveBegun(1);
  const shared = Promise.allSettled([ask('a'), ask('a')]);
  begun[0]!.fail(new Error('first'));
  await expect(first).rejects.toThrow('first');
  await haveBegun(2);
  begun[1]!.fail(new Error('second'));
  expect((await shared).map((each) => each.status === 'rejected' && (each.reason as Error).message)).toEqual([
    'second',
    'second',
  ]);
  const again = ask('a');
  await haveBegun(3);
  begun[2]!.end('well');
  expect(await again).toBe('well');
});

it('a read that throws at once fails for those who share it alone', async () => {
  const { begun, haveBegun, ask, share } = scene();
  void ask('a');
  await haveBegun(1);
  const thrown = share('a', () => {
    throw new Error('at once');
  });
  begun[0]!.end('before');
  await expect(thrown).rejects.toThrow('at once');
  const again = ask('a');
  await haveBegun(2);
  begun[1]!.end('well');
  expect(await again).toBe('well');
});
