import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createWebhookTallies } from '../../../service/webhooks/tallies.ts';
import type { WebhookTally } from '../../../store/access/webhooks.ts';

it('counts that cannot be written are written later, with what has come in since', async () => {
  const written: (readonly WebhookTally[])[] = [];
  let isDown = true;
  let now = 1_000;
  const tallies = createWebhookTallies({
    store: {
      tally: async (some) => {
        if (isDown) throw new Error('down');
        written.push(some);
      },
    },
    log: pino({ level: 'silent' }),
    clock: () => now,
  });
  tallies.noteRefusal(1, 'stale');
  tallies.noteEvent(1, 7);
  tallies.noteRefusal(2, 'malformed');
  await expect(tallies.write()).rejects.toThrow('down');
  now = 2_000;
  tallies.noteRefusal(1, 'mismatch');
  isDown = false;
  await tallies.write();
  await tallies.write();
  expect(written).toEqual([
    [
      {
        id: 1,
        refused: 2,
        lastRefusal: { at: new Date(2_000), reason: 'mismatch' },
        lastEvent: { id: 7, at: new Date(1_000) },
      },
      { id: 2, refused: 1, lastRefusal: { at: new Date(1_000), reason: 'malformed' }, lastEvent: null },
    ],
  ]);
});
