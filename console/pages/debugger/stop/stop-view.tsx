import type { ComponentChildren } from 'preact';
import { parseTaskKey } from '../../../../model/task-key.ts';
import type { Stop } from '../../../debugger/protocol.ts';
import { Glyph } from '../../../parts/glyph.tsx';
import { numberText } from '../../../parts/words.ts';
import { ChangeList } from './change-list.tsx';
import { HistoryEventView } from './history-event.tsx';
import { JoinsTable } from './joins-table.tsx';
import { RenderedInput } from './rendered-input.tsx';
import { StateThen } from './state-then.tsx';
import { TasksTable } from './tasks-table.tsx';
import { VariablesTable } from './variables-table.tsx';
import { WhyTable } from './why-table.tsx';

/** What a stop is shown with. */
interface StopViewProps {
  stop: Stop;
  /** Why it is not known what the run was there; null: it is known. */
  unknown: string | null;
  /** The key of the task that somebody has chosen; null: the one that the event is about is shown. */
  selected: string | null;
  /** Chooses a task; the one that is chosen is chosen no longer. */
  select: (key: string) => void;
  /** Goes to an event. */
  go: (event: number) => void;
  /** Shows other rows of the table of tasks. */
  turn: (offset: number) => void;
  /** Returns the address at which a sub-workflow is debugged; null where there is none. */
  debugChild: ((id: number) => string) | null;
}

/** All that is known of a run at an event. */
export function StopView({ stop, unknown, selected, select, go, turn, debugChild }: StopViewProps) {
  const { changes, transitions, variables, joins, tasks, history } = stop;
  const event = (
    <Region name="History event">
      <HistoryEventView event={history} />
    </Region>
  );
  if (unknown !== null) {
    return (
      <div class="stack">
        <Region name="State at this event">
          <p class="trouble">
            <Glyph of="warning" />
            <span>{unknown}</span>
          </p>
        </Region>
        {event}
      </div>
    );
  }
  return (
    <>
      <div class="stack">
        <Region name="Changes">
          <ChangeList changes={changes} select={select} />
        </Region>
        <Region name="State at this event">
          <StateThen stop={stop} />
        </Region>
        <Part name="Variables">
          <VariablesTable variables={variables} />
        </Part>
        <Part name="Joins">
          <JoinsTable joins={joins} />
        </Part>
      </div>
      <Part name="Why" class="whole">
        <WhyTable transitions={transitions} none={<NoDecision next={stop.decidesAt} go={go} />} />
      </Part>
      <div class="stack">
        <Part name="Tasks at this event">
          <TasksTable tasks={tasks} selected={stop.selected?.task.key ?? null} select={select} go={go} turn={turn} />
        </Part>
        {event}
      </div>
      <Region name="Rendered input">
        <SelectedTask stop={stop} selected={selected} debugChild={debugChild} />
      </Region>
    </>
  );
}

/** Says that a run decided nothing at an event, and leads to where it next does; null: that is not known. */
function NoDecision({ next, go }: { next: number | null } & Pick<StopViewProps, 'go'>) {
  if (next === null) return <>No transition was decided upon here.</>;
  return (
    <>
      No transition was decided upon here. The run next decides at a workflow task:{' '}
      <button type="button" class="link" onClick={() => go(next)}>
        Go to event {numberText(next)}
      </button>
    </>
  );
}

function SelectedTask({ stop, selected, debugChild }: Pick<StopViewProps, 'stop' | 'selected' | 'debugChild'>) {
  if (stop.selected !== null) {
    const { task, templates, child } = stop.selected;
    const { key, action, state, input, output, failure, ended } = task;
    const isOver = ended !== null;
    return (
      <>
        <RenderedInput of={{ key, action, state, input, output, failure, isOver, templates }} />
        {child !== null && debugChild !== null && (
          <p>
            <a href={debugChild(child)}>Debug the sub-workflow {child}</a>
          </p>
        )}
      </>
    );
  }
  if (selected !== null) return <p class="soft">{explainNoTask(selected, stop)}</p>;
  return <p class="soft">Choose a task to see its input here, with the templates that it was rendered from.</p>;
}

/** Returns a sentence that says why there is no task execution of a key. */
function explainNoTask(key: string, { counts, tasks }: Stop): string {
  if (!Object.hasOwn(counts.tasks, parseTaskKey(key).name)) return `There is no task "${key}".`;
  return tasks.listed === tasks.total ? `${key} has not begun at this event.` : `${key} is not among the listed tasks.`;
}

/** A named part that stands on a card. */
function Region({ name, children }: PartProps) {
  const id = `debugger-${name.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{name}</h2>
      {children}
    </section>
  );
}

/** A part that has a table, or says why there is none. */
function Part({ name, class: kind = '', children }: PartProps) {
  return (
    <div class={`part ${kind}`}>
      <h2>{name}</h2>
      {children}
    </div>
  );
}

interface PartProps {
  name: string;
  class?: string;
  children: ComponentChildren;
}
