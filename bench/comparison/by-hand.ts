import { condition, defineSignal, executeChild, proxyActivities, setHandler } from '@temporalio/workflow';

// The workflows that the definitions of shapes.ts describe, written by hand.

const { act } = proxyActivities<{ act(): Promise<null> }>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '30 seconds',
  retry: { maximumAttempts: 1 },
});

export async function one(): Promise<void> {
  await act();
}

export async function sequence(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await act();
}

export async function fanned(): Promise<void> {
  await Promise.all(Array.from({ length: 100 }, () => act()));
  await act();
}

export async function looped(): Promise<void> {
  for (let count = 0; count < 100; count += 1) await act();
}

export async function joined(): Promise<void> {
  await act();
  await Promise.all([act(), act(), act()]);
  await act();
}

export async function nested(): Promise<void> {
  await executeChild(one);
  await act();
}

/** Waits for a decision: a signal. */
export async function asked(): Promise<unknown> {
  let decision: unknown;
  setHandler(defineSignal<[unknown]>('__fermata_decision'), (given) => {
    decision = given;
  });
  await condition(() => decision !== undefined);
  await act();
  return decision;
}

export async function computed({ rows }: { rows: { price: number; count: number }[] }): Promise<unknown> {
  const lines = rows.map(({ price, count }) => ({ price, count, total: price * count }));
  const dear = lines.filter(({ total }) => total > 100);
  return { total: lines.reduce((sum, { total }) => sum + total, 0), dear: dear.length };
}

/** Waits for ever. */
export async function parked(): Promise<void> {
  let gone = false;
  setHandler(defineSignal('go'), () => {
    gone = true;
  });
  await condition(() => gone);
}
