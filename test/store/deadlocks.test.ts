import { expect, it } from 'vitest';
import { againAfterDeadlock } from '../../store/engines/deadlocks.ts';

it('only a deadlock is tried again, and not for ever', async () => {
  const fail = (code: string, times: number) => {
    let tries = 0;
    const run = againAfterDeadlock(async () => {
      tries += 1;
      if (tries <= times) throw new Error('Failed query', { cause: Object.assign(new Error('x'), { code }) });
      return 'done';
    });
    return run.then(
      (result) => [result, tries],
      () => ['failed', tries],
    );
  };
  expect(await fail('40P01', 3)).toEqual(['done', 4]);
  expect(await fail('40P01', 99)).toEqual(['failed', 4]);
  expect(await fail('23505', 1)).toEqual(['failed', 1]);
});
