import type { ComponentChildren } from 'preact';
import type { TaskState } from '../../../../model/status.ts';
import type { StopChange } from '../../../debugger/protocol.ts';
import { Badge } from '../../../parts/badge.tsx';
import { Glyph } from '../../../parts/glyph.tsx';
import { numberText } from '../../../parts/words.ts';
import { ShortValue } from './short-value.tsx';

/** How many changes of one event are listed. */
const SHOWN = 50;

/** What an event has changed, with the commands of its workflow task. */
export function ChangeList({ changes, select }: { changes: readonly StopChange[]; select: (key: string) => void }) {
  if (changes.length === 0) return <p class="soft">Nothing: the run is as it was before.</p>;
  return (
    <ul class="changes" aria-label="What has changed">
      {changes.slice(0, SHOWN).map((change) => (
        <li key={nameOf(change)}>
          <ChangeLine change={change} select={select} />
        </li>
      ))}
      {changes.length > SHOWN && <li class="soft">and {numberText(changes.length - SHOWN)} more</li>}
    </ul>
  );
}

function nameOf(change: StopChange): string {
  if (change.what === 'run') return 'run';
  const named = change.what === 'variable' ? change.name : change.what === 'join' ? change.task : change.key;
  return `${change.what} ${named}`;
}

function ChangeLine({ change, select }: { change: StopChange; select: (key: string) => void }) {
  switch (change.what) {
    case 'run':
      return (
        <FromTo
          of={<span class="strong">The run</span>}
          from={change.before === null ? <span class="soft">not started</span> : <Badge state={change.before} />}
          to={<Badge state={change.after} />}
        />
      );
    case 'task':
      return (
        <FromTo
          of={
            <button type="button" class="link strong" onClick={() => select(change.key)}>
              {change.key}
            </button>
          }
          from={<TaskStateThen state={change.before} none="not begun" />}
          to={<TaskStateThen state={change.after} none="withdrawn" />}
          more={change.attempt !== null && change.attempt > 1 ? `attempt ${change.attempt}` : null}
        />
      );
    case 'variable':
      return (
        <FromTo
          of={
            <>
              <span class="soft">variable</span> <span class="strong">{change.name}</span>
            </>
          }
          from={
            change.before === undefined ? (
              <span class="soft">not set</span>
            ) : (
              <ShortValue name={`${change.name} before`} value={change.before} />
            )
          }
          to={<ShortValue name={change.name} value={change.after} />}
        />
      );
    case 'join':
      return (
        <FromTo
          of={
            <>
              <span class="soft">join</span> <span class="strong">{change.task}</span>
            </>
          }
          from={<Arrived tasks={change.before} />}
          to={<Arrived tasks={change.after} />}
        />
      );
  }
}

function TaskStateThen({ state, none }: { state: TaskState | null; none: string }) {
  return state === null ? <span class="soft">{none}</span> : <Badge state={state} />;
}

function Arrived({ tasks }: { tasks: readonly string[] | null }) {
  if (tasks === null) return <span class="soft">waits for nothing</span>;
  return <span>{tasks.join(', ')} arrived</span>;
}

/** A change of something, from what it was to what it is. */
function FromTo({
  of,
  from,
  to,
  more = null,
}: {
  of: ComponentChildren;
  from: ComponentChildren;
  to: ComponentChildren;
  more?: string | null;
}) {
  return (
    <>
      <span class="changed-thing">{of}</span>
      <span class="from-to">
        {from}
        <Glyph of="right" size={12} />
        <span class="hidden"> becomes </span>
        {to}
        {more !== null && <span class="soft">{more}</span>}
      </span>
    </>
  );
}
