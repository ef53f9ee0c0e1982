import type { Wait } from '../../../../model/execution.ts';
import type { Stop } from '../../../debugger/protocol.ts';
import { Badge } from '../../../parts/badge.tsx';
import { Glyph } from '../../../parts/glyph.tsx';
import { Fact } from '../../../parts/lists/fact.tsx';
import { Instant } from '../../../parts/time.tsx';
import { ValueView } from '../../../parts/value.tsx';
import { numberText } from '../../../parts/words.ts';

/** What a run waits for, in words. */
const WAITS: Record<Wait['kind'], string> = {
  action: 'an action to end',
  child: 'a sub-workflow to end',
  retry: 'its next attempt',
  timer: 'a time',
  signal: 'a signal',
  inquiry: 'a decision',
  pause: 'a resume',
  turn: 'its turn',
  drain: 'the rest of its work',
  worker: 'a worker',
  engine_fault: 'a worker that can continue it',
};

/** How a run stood at an event, and what it waited for. */
export function StateThen({ stop }: { stop: Stop }) {
  const { status, waits = [], counts, failure = null, output } = stop;
  const begun = Object.entries(counts.statuses).filter(([, count]) => count > 0);
  return (
    <>
      <dl class="facts">
        <Fact name="Status" isSilent>
          <Badge state={status} />
        </Fact>
        <Fact name="Tasks">
          {begun.length === 0 ? 'none has begun' : begun.map(([word, n]) => `${numberText(n)} ${word}`).join(', ')}
        </Fact>
      </dl>
      {waits.length > 0 && (
        <ul class="waits" aria-label="Waits">
          {waits.slice(0, SHOWN).map(({ kind, task, until, detail }) => (
            <li key={`${kind} ${task} ${detail}`}>
              {task === null ? 'The run' : <span class="strong">{task}</span>} waits for {WAITS[kind]}
              {detail !== null && <span class="soft"> ({detail})</span>}
              {until !== null && (
                <>
                  {' '}
                  until <Instant at={until} />
                </>
              )}
            </li>
          ))}
          {waits.length > SHOWN && <li class="soft">and {numberText(waits.length - SHOWN)} more</li>}
        </ul>
      )}
      {failure !== null && (
        <div class="trouble">
          <Glyph of="warning" />
          <div>
            <p class="strong">{failure.type}</p>
            <p>{failure.message}</p>
          </div>
        </div>
      )}
      {status === 'completed' && output !== undefined && <ValueView name="Result" value={output} />}
    </>
  );
}

/** How many things that a run waits for are listed. */
const SHOWN = 8;
