import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DECISION_SIGNAL } from '../../model/inquiry.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { projectExecution } from '../../projection/project.ts';
import { readEvents } from '../fixtures/recorded.ts';
import { draws } from '../seed.ts';

const NAME = 'v9/decided-by-a-signed-statement-after-forgeries-that-do-not-count.binpb';

/** The history up to the workflow task that takes its last decision, and that decision's event. */
function untilDecided(): { events: HistoryEvent[]; signal: HistoryEvent } {
  const events = readEvents(NAME);
  const at = events.findLastIndex(
    ({ workflowExecutionSignaledEventAttributes: signaled }) => signaled?.signalName === DECISION_SIGNAL,
  );
  const next = events.findIndex((event, index) => index > at && event.workflowTaskCompletedEventAttributes);
  return { events: events.slice(0, next + 1), signal: events[at]! };
}

const textOf = ({ workflowExecutionSignaledEventAttributes: signaled }: HistoryEvent) =>
  Buffer.from(signaled!.input!.payloads![0]!.data!).toString();

it('a decision that was signed is shown as one, and after any change of a single character as a refused statement', () => {
  const { signal } = untilDecided();
  const [inquiry] = projectExecution(NAME, readEvents(NAME)).inquiries;
  expect(inquiry).toMatchObject({ status: 'approved', votes: [{ by: 'ann', proof: { sig: expect.any(String) } }] });
  const text = textOf(signal);
  const change = fc.record({ at: fc.nat(text.length - 1), to: fc.constantFrom(...' !"#-0159AEaefnz{}[],:\\_') });
  fc.assert(
    fc.property(change, ({ at, to }) => {
      const changed = text.slice(0, at) + to + text.slice(at + 1);
      const { events: copy, signal: forged } = untilDecided();
      forged.workflowExecutionSignaledEventAttributes!.input!.payloads![0]!.data = Buffer.from(changed);
      const json = parsed(changed);
      if (json !== undefined && canonicalJson(json) === canonicalJson(JSON.parse(text))) return;
      const { inquiries, statements } = projectExecution(NAME, copy);
      // Payloads that are not JSON reach no run; all others are counted as refused.
      const refused = json === undefined ? 3 : 4;
      expect([inquiries[0]?.status, inquiries[0]?.votes, statements]).toMatchObject([
        'pending',
        [],
        { accepted: 0, refused },
      ]);
    }),
    { numRuns: draws(50) },
  );
});

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
