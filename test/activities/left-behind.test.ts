import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ActionError } from '../../activities/action.ts';
import { createActivities } from '../../activities/activities.ts';
import { createEgress } from '../../egress/egress.ts';
import { Permits } from '../../model/permits.ts';
import type { ActivityScope } from '../../model/run-input.ts';
import { createAttempt } from './activity.ts';

it('an attempt that has ended leaves nothing behind, however long it might have taken', async () => {
  const seen: WeakRef<AbortSignal>[] = [];
  const action = {
    input: z.object({ fails: z.boolean() }),
    run: async ({ fails }: { fails: boolean }, { signal }: { signal: AbortSignal }) => {
      seen.push(new WeakRef(signal));
      if (fails) throw new ActionError('failed', 'no', { retryable: false });
      return 'done';
    },
  };
  const activities = createActivities(
    { action },
    {
      egress: createEgress({ allowed: ['loopback'] }),
      connect: async () => null,
      secretOf: async () => null,
      isAuthentic: async () => true,
    },
    new Permits(10),
    new AbortController().signal,
  );
  const scope: ActivityScope = { tenant: 'one', timeout: 3_600 };
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const environment = createAttempt({ activityType: 'action', startToCloseTimeoutMs: 3_600_000 });
    const input = { fails: attempt % 2 === 1 };
    await environment.run(...([activities.default!, input, scope] as const)).catch(() => null);
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 3; turn += 1) {
    await nextTurn();
    collect();
  }
  expect(seen).toHaveLength(40);
  // The stack may still hold the last one.
  expect(seen.filter((signal) => signal.deref() !== undefined).length).toBeLessThan(3);
});
