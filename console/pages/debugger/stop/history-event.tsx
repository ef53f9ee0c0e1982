import type { ShownHistoryEvent } from '../../../debugger/protocol.ts';
import { Fact } from '../../../parts/lists/fact.tsx';
import { Instant } from '../../../parts/time.tsx';
import { ValueView } from '../../../parts/value.tsx';
import { numberText } from '../../../parts/words.ts';
import { eventWords } from './event-words.ts';

/** An event of the history as Temporal has it. */
export function HistoryEventView({ event }: { event: ShownHistoryEvent }) {
  const { number, eventId, name, at, task, attributes } = event;
  const words = eventWords(name);
  return (
    <>
      <p>
        <code class="strong">{name}</code>
      </p>
      {words !== null && <p class="soft">{words}</p>}
      <dl class="facts">
        <Fact name="At">
          <Instant at={at} />
        </Fact>
        {task !== null && <Fact name="Task">{task}</Fact>}
        {eventId !== number && <Fact name="In its Temporal run">event {numberText(eventId)}</Fact>}
      </dl>
      <ValueView name="Attributes" value={attributes} />
    </>
  );
}
