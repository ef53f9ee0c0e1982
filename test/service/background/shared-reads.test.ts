import { expect, it } from 'vitest';
import { createSharedReads } from '../../../service/background/shared-reads.ts';

/** Shared reads whose results the test gives, with the reads that have begun. */
function scene() {
  const begun: { key: string; end: (value: string) => void; fail: (error: Error) => void }[] = [];
  const share = createSharedReads<string>();
  const ask = (key: string) =>
    share(key, () => new Promise<string>((end, fail) => void begun.push({ key, end, fail })));
  return { begun, ask, share };
}

it('who asks while a read is in progress shares the next one with others, and not the one that began before', async () => {
  const { begun, ask } = scene();
  const first = ask('a');
  const later = [ask('a'), ask('a')];
  expect(begun.map(({ key }) => key)).toEqual(['a']);
  begun[0]!.end('before');
  expect(await first).toBe('before');
  await expect.poll(() => begun.length, { interval: 1 }).toBe(2);
  const last = ask('a');
  begun[1]!.end('after');
  expect(await Promise.all(later)).toEqual(['after', 'after']);
  await expect.poll(() => begun.length, { interval: 1 }).toBe(3);
  begun[2]!.end('last');
  expect(await last).toBe('last');
});

it('a read is not kept once it has ended', async () => {
  const { begun, ask } = scene();
  for (const value of ['old', 'new']) {
    const asked = ask('a');
    begun.at(-1)!.end(value);
    expect(await asked).toBe(value);
  }
  expect(begun).toHaveLength(2);
});

it('keys wait for each other in no way', async () => {
  const { begun, ask } = scene();
  void ask('a');
  const other = ask('b');
  begun[1]!.end('b');
  expect(await other).toBe('b');
});

it('a read that fails does so for those who share it, and the next one is made nevertheless', async () => {
  const { begun, ask } = scene();
  const first = ask('a');
  const shared = Promise.allSettled([ask('a'), ask('a')]);
  begun[0]!.fail(new Error('first'));
  await expect(first).rejects.toThrow('first');
  await expect.poll(() => begun.length, { interval: 1 }).toBe(2);
  begun[1]!.fail(new Error('second'));
  expect((await shared).map((each) => each.status === 'rejected' && (each.reason as Error).message)).toEqual([
    'second',
    'second',
  ]);
  const again = ask('a');
  begun[2]!.end('well');
  expect(await again).toBe('well');
});

it('a read that throws at once fails for those who share it alone', async () => {
  const { begun, ask, share } = scene();
  void ask('a');
  const thrown = share('a', () => {
    throw new Error('at once');
  });
  begun[0]!.end('before');
  await expect(thrown).rejects.toThrow('at once');
  const again = ask('a');
  expect(begun).toHaveLength(2);
  begun[1]!.end('well');
  expect(await again).toBe('well');
});
