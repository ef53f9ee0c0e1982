import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createHarness } from './harness.ts';
import { until } from './until.ts';

let begun = 0;
const count = () => {
  begun += 1;
};
beforeAll(() => void process.on('worker', count));
afterAll(() => void process.off('worker', count));

it('a worker gets the thread of the one before it, and one that is restarted gets a new one', async () => {
  const address = inject('temporalAddress');
  await (await createHarness(address)).close();
  begun = 0;
  const harness = await createHarness(address, { restartEvery: 100 });
  try {
    expect(begun).toBe(0);
    await until(
      async () => harness.restarts(),
      (restarts) => restarts >= 2,
    );
  } finally {
    await harness.close();
  }
  expect([begun, harness.restarts() >= 2]).toEqual([harness.restarts(), true]);
});
