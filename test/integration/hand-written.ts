import { ActivityFailure, proxyActivities } from '@temporalio/workflow';

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
  await once.act();
  await once.act();
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

export async function parallel(): Promise<void> {
  await Promise.all([once.act(), once.act(), once.act()]);
}
