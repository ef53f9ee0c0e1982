import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createProjectionReader } from '../../../service/projections/reader.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import { RECORDED_CHAINS, readEvents } from '../../fixtures/recorded.ts';

/** A run that has completed, and one that continued as another. */
const WHOLE = readEvents('v11/what-the-third-dialect-mended-decides-what-a-run-gives.binpb');
const CONTINUED = readEvents(RECORDED_CHAINS.get('v11/a-loop-of-rounds')![0]!);

/** Terminated before its first workflow task. */
const TERMINATED = [...WHOLE.slice(0, 2), { eventId: 3 as never, workflowExecutionTerminatedEventAttributes: {} }];

/** Cuts a history before some of its events, as it comes while a run goes on. */
const pagesOf = (events: readonly HistoryEvent[], ...cuts: readonly number[]) =>
  [0, ...cuts].map((from, page) => events.slice(from, cuts[page]));

const withText = (characters: number): HistoryEvent => ({
  workflowExecutionSignaledEventAttributes: { signalName: 'x'.repeat(characters) },
});

/** Waits for a run whose history comes in pages. Returns how it ended, null if that was not found out, with the pages that were read. */
async function play(pages: readonly HistoryEvent[][], hasClosed: boolean) {
  let read = 0;
  async function* historyUntilClosed(): ReturnType<Temporal['historyUntilClosed']> {
    for (const events of pages) {
      read += 1;
      yield { events, isClosed: hasClosed && read === pages.length };
    }
  }
  const temporal = { historyUntilClosed } as unknown as Temporal;
  const reader = createProjectionReader({ temporal, pool: {} as never, clock: Date.now });
  const projected = await reader.readEnded({ workflowId: 'w', runId: 'r' }, 1_000);
  return [projected?.execution.status ?? null, read];
}

describe('a run that is waited for', () => {
  it.each<[string, readonly HistoryEvent[][], boolean, unknown[]]>([
    ['closed before it was asked', [WHOLE], true, ['completed', 1]],
    ['closes while its history comes', pagesOf(WHOLE, 2, 3), true, ['completed', 3]],
    ['closes with its last event alone', pagesOf(WHOLE, WHOLE.length - 1), true, ['completed', 2]],
    ['is still open', pagesOf(WHOLE.slice(0, -1), 2), false, [null, 2]],
    ['is gone', [], false, [null, 0]],
    ['was terminated, as one is that was reset', [TERMINATED], true, [null, 1]],
    ['has continued as another one', [CONTINUED], true, [null, 1]],
    ['has many events', [WHOLE, Array(1_000).fill(withText(1)), WHOLE], true, [null, 2]],
    ['has large events', [WHOLE, [withText(200_000)], WHOLE], true, [null, 2]],
  ])('%s', async (_, pages, hasClosed, expected) => {
    expect(await play(pages, hasClosed)).toEqual(expected);
  });
});
