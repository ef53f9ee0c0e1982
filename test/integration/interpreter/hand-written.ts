import {
  ActivityFailure,
  CancellationScope,
  condition,
  defineSignal,
  executeChild,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';

// The same workflows as the definitions in parity.test.ts, as one would write them by hand.

interface Activities {
  act(): Promise<null>;
  refuse(): Promise<null>;
}

const once = proxyActivities<Activities>({ startToCloseTimeout: '1 minute', retry: { maximumAttempts: 1 } });
const thrice = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 3, initialInterval: 1, backoffCoefficient: 1 },
});

export async function sequence(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await once.act();
}

export async function joined(): Promise<void> {
  await once.act();
  await Promise.all([once.act(), once.act(), once.act()]);
  await once.act();
}

export async function fanned(): Promise<void> {
  await Promise.all(Array.from({ length: 100 }, () => once.act()));
  await once.act();
}

export async function listed(): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < 100) {
      next += 1;
      await once.act();
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}

export async function nested(): Promise<void> {
  await executeChild(inner);
  await once.act();
}

export async function inner(): Promise<void> {
  await once.act();
}

export async function handled(): Promise<void> {
  try {
    await once.refuse();
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await once.act();
  }
}

export async function retried(): Promise<void> {
  await thrice.act();
}

export async function retriedByCondition(): Promise<void> {
  try {
    await once.refuse();
  } catch {
    await sleep(10);
    await once.act();
  }
}

export async function delayed(): Promise<void> {
  await sleep(10);
  await once.act();
  await sleep(10);
}

export async function looped(): Promise<void> {
  for (let count = 0; count < 100; count += 1) await once.act();
}

export async function bounded(): Promise<void> {
  await CancellationScope.cancellable(async () => {
    const limit = sleep(60_000).then(() => Promise.reject(new Error('too long')));
    limit.catch(() => undefined);
    await Promise.race([once.act(), limit]);
  });
}

export async function signalled(): Promise<void> {
  let signalled = false;
  setHandler(defineSignal('go'), () => {
    signalled = true;
  });
  // Cancels its timer when the signal comes first.
  await condition(() => signalled, 60_000);
  await once.act();
}

export async function parallel(): Promise<void> {
  await Promise.all([once.act(), once.act(), once.act()]);
}
