import type { Logger } from '../../model/log.ts';
import type { SignatureRefusal } from '../../model/webhook.ts';
import type { WebhookStore, WebhookTally } from '../../store/access/webhooks.ts';
import { keepGoing, type Loop } from '../background/loops.ts';

/** Milliseconds between two writes of the counts. */
const INTERVAL = 1_000;

/** Counts what comes in at webhooks, and writes the counts now and then: a row for each request would be a write for each. */
export interface WebhookTallies extends Loop {
  /** Counts a request whose signature was refused. */
  noteRefusal(webhook: number, reason: SignatureRefusal): void;
  /** Notes the newest event of a webhook. */
  noteEvent(webhook: number, event: number): void;
  /** Writes what was counted. Rejects when it cannot be written; it is then written later. */
  write(): Promise<void>;
}

/** The dependencies of the counts. */
export interface TallyDependencies {
  store: Pick<WebhookStore, 'tally'>;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the counts of a process. They hold one entry for each webhook that something has come in at since the last write. */
export function createWebhookTallies({ store, log, clock }: TallyDependencies): WebhookTallies {
  let tallies = new Map<number, WebhookTally>();

  function tallyOf(id: number): WebhookTally {
    const tally = tallies.get(id) ?? { id, refused: 0, lastRefusal: null, lastEvent: null };
    tallies.set(id, tally);
    return tally;
  }

  async function write(): Promise<void> {
    if (tallies.size === 0) return;
    const written = [...tallies.values()];
    tallies = new Map();
    try {
      await store.tally(written);
    } catch (error) {
      for (const { id, refused, lastRefusal, lastEvent } of written) {
        const since = tallyOf(id);
        since.refused += refused;
        since.lastRefusal ??= lastRefusal;
        since.lastEvent ??= lastEvent;
      }
      throw error;
    }
  }

  return {
    noteRefusal(webhook, reason) {
      const tally = tallyOf(webhook);
      tally.refused += 1;
      tally.lastRefusal = { at: new Date(clock()), reason };
    },

    noteEvent(webhook, event) {
      tallyOf(webhook).lastEvent = { id: event, at: new Date(clock()) };
    },

    write,

    async run(signal) {
      const trouble = 'the counts of webhooks cannot be written; trying again';
      await keepGoing(write, signal, { interval: INTERVAL, pause: INTERVAL, log, trouble });
      await write().catch((error: unknown) => log.warn({ err: error }, trouble));
    },
  };
}
