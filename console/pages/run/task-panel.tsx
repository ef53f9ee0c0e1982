import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isClosed } from '../../../model/status.ts';
import { parseTaskKey } from '../../../model/task-key.ts';
import { useRead, useStamp } from '../../client/reads.ts';
import { apiHref } from '../../client/request.ts';
import { useIsNarrow } from '../../client/screen.ts';
import { may } from '../../client/session.ts';
import type { Run } from '../../client/shapes.ts';
import { Badge } from '../../parts/badge.tsx';
import { Glyph } from '../../parts/glyph.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { type Tab, Tabs } from '../../parts/tabs.tsx';
import { Duration, Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';
import { go, hrefOf, hrefWith } from '../../routing/location.ts';
import type { Intent } from './act-dialog.tsx';
import { actNamed } from './acts.ts';
import { FailureNote, failureIn } from './failure.tsx';
import { TaskLog } from './log/log-view.tsx';

/** What a run has done with a task: one visit to it, or one item. */
export function TaskPanel({
  run,
  taskKey,
  stamp,
  begin,
}: {
  run: Run;
  taskKey: string;
  /** Changes whenever the task may have. */
  stamp: string;
  begin: (intent: Intent) => void;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const path = `/executions/${run.id}/tasks/${encodeURIComponent(taskKey)}`;
  const { value, error, reload, refresh } = useRead<{ data: Run }>(path);
  useStamp(stamp, refresh);
  const task = value?.data.task === taskKey ? value.data : undefined;
  const isNarrow = useIsNarrow();
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [taskKey, isNarrow]);
  const skip = actNamed('skip');
  const canSkip = task?.can_skip === true && may('execution:execute');
  function press(event: KeyboardEvent) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    closePanel(taskKey);
  }
  const panel = (
    <aside class="card task-panel" aria-label={`Task ${taskKey}`} onKeyDown={press}>
      <div class="title-row">
        <h2 ref={heading} tabIndex={-1}>
          {taskKey}
        </h2>
        <button type="button" class="button quiet icon" aria-label="Close task" onClick={() => closePanel(taskKey)}>
          <Glyph of="close" />
        </button>
      </div>
      {error !== null && <ReadError what="The task could not be read" error={error} retry={reload} />}
      {error === null && task === undefined && <Loading of="the task" />}
      {error === null && task !== undefined && (
        <>
          <TaskFacts task={task} />
          {canSkip && skip !== undefined && (
            <button
              type="button"
              class="button"
              onClick={() => begin({ act: skip, place: { id: run.id, task: taskKey }, given: {} })}
            >
              {skip.word}
            </button>
          )}
          <TaskViews run={run} taskKey={taskKey} task={task} stamp={stamp} whole={apiHref(path)} />
        </>
      )}
    </aside>
  );
  return isNarrow ? <Cover name={`Task ${taskKey}`} close={() => closePanel(taskKey)} children={panel} /> : panel;
}

/** Covers a narrow screen: nothing else can be reached meanwhile. */
function Cover({ name, close, children }: { name: string; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const cancel = (event: Event) => {
    event.preventDefault();
    close();
  };
  return (
    <dialog class="cover" ref={dialog} aria-label={name} onCancel={cancel}>
      {children}
    </dialog>
  );
}

/** Closes the panel and gives the focus back to the task in the graph, to the timeline or, where neither is there, to the page. */
function closePanel(taskKey: string): void {
  go(hrefWith({ task: null }));
  // Nothing behind a dialog takes the focus.
  document.querySelector<HTMLDialogElement>('dialog.cover')?.close();
  const { name } = parseTaskKey(taskKey);
  const opener = document.querySelector<SVGGElement>(`[data-task="${CSS.escape(name)}"]`);
  const others = ['[role=treegrid]', '#content'].map((each) => document.querySelector<HTMLElement>(each));
  (opener ?? others.find((each) => each !== null))?.focus({ preventScroll: true });
}

function TaskFacts({ task }: { task: Run }) {
  const { attempts = [], created, ended = null, child = null, skipped_by: skippedBy = null } = task;
  const worker = attempts.at(-1)?.worker ?? null;
  return (
    <dl class="facts">
      <Fact name="Status" isSilent>
        <Badge state={task.state} />
      </Fact>
      <Fact name="Action">{task.action_ref}</Fact>
      <Fact name="Started">
        <Instant at={created} />
      </Fact>
      <Fact name={ended === null ? 'Running for' : 'Took'}>
        <Duration from={created} to={ended} />
      </Fact>
      {worker !== null && <Fact name="Worker">{worker}</Fact>}
      {skippedBy !== null && <Fact name="Skipped by">{skippedBy}</Fact>}
      {child !== null && (
        <Fact name="Sub-workflow" isSilent>
          <a href={hrefOf(`/runs/${child}`)}>See run {child}</a>
        </Fact>
      )}
    </dl>
  );
}

interface TaskViewsProps {
  run: Run;
  taskKey: string;
  /** The task as it was read. */
  task: Run;
  stamp: string;
  /** Where the API has the whole task. */
  whole: string;
}

function TaskViews({ run, taskKey, task, stamp, whole }: TaskViewsProps) {
  const failure = failureIn(task.result, task.state);
  // Until somebody chooses, it is what matters most about the task.
  const [chosen, setChosen] = useState<string | null>(null);
  const tabs: Tab[] = [
    { id: 'input', name: 'Input' },
    { id: 'output', name: 'Output' },
    { id: 'attempts', name: `Attempts (${task.attempts?.length ?? 0})` },
    ...(task.tasks_total > 0 ? [{ id: 'items', name: `Items (${task.tasks_total})` }] : []),
    { id: 'error', name: 'Error' },
    { id: 'log', name: 'Log' },
  ];
  const shown = chosen ?? (failure === null ? 'output' : 'error');
  return (
    <Tabs label="Task views" tabs={tabs} chosen={shown} choose={setChosen}>
      {shown === 'input' && <ValueView name="Input" value={task.config} whole={`${whole}/input`} />}
      {shown === 'output' && <TaskOutput task={task} hasFailed={failure !== null} whole={`${whole}/output`} />}
      {shown === 'attempts' && <Attempts attempts={task.attempts ?? []} />}
      {shown === 'items' && <Items task={task} />}
      {shown === 'error' &&
        (failure === null ? <p class="soft">It has not failed.</p> : <FailureNote failure={failure} />)}
      {shown === 'log' && (
        <TaskLog path={`/executions/${run.id}`} task={taskKey} stamp={stamp} isOpen={!isClosed(run.state)} />
      )}
    </Tabs>
  );
}

function TaskOutput({ task, hasFailed, whole }: { task: Run; hasFailed: boolean; whole: string }) {
  if (hasFailed) return <p class="soft">It has no output, because it failed.</p>;
  if (!isClosed(task.state)) return <p class="soft">The output appears when the task has ended.</p>;
  return <ValueView name="Output" value={task.result} whole={whole} />;
}

function Attempts({ attempts }: { attempts: NonNullable<Run['attempts']> }) {
  if (attempts.length === 0) return <p class="soft">No attempt has started.</p>;
  return (
    <ol class="attempts">
      {attempts.map(({ attempt, started, ended, error, recorded }) => (
        <li key={attempt}>
          <p>
            <span class="strong">Attempt {attempt}</span>{' '}
            <span class="soft">
              {started === null ? recorded ? 'not started' : 'its times are not recorded' : <Instant at={started} />}
              {started !== null && ended !== null && ', '}
              {started !== null && ended !== null && <Duration from={started} to={ended} />}
            </span>
          </p>
          {error !== null && <p class="wrong">{messageOf(error)}</p>}
        </li>
      ))}
    </ol>
  );
}

function Items({ task }: { task: Run }) {
  return (
    <ul class="items">
      {task.tasks.map(({ key, state }) => (
        <li key={key}>
          <a href={hrefWith({ task: key })}>{key}</a>
          <Badge state={state} />
        </li>
      ))}
      {task.tasks_next !== null && <li class="soft">and {task.tasks_total - task.tasks.length} more</li>}
    </ul>
  );
}

function messageOf(error: unknown): string {
  const { type, message } = error as { type: string; message: string };
  return `${type}: ${message}`;
}
