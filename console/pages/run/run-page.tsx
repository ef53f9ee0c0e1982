import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isClosed } from '../../../model/status.ts';
import { useEvents } from '../../client/live.ts';
import { type ReadState, useRead } from '../../client/reads.ts';
import { apiHref } from '../../client/request.ts';
import { mayStartAgain } from '../../client/session.ts';
import type { Run, RunExplanation, RunGraph, TaskListPage } from '../../client/shapes.ts';
import { focusHeading, Heading } from '../../parts/heading.tsx';
import { createLazyView } from '../../parts/lazy.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { type Tab, Tabs } from '../../parts/tabs.tsx';
import { ValueView } from '../../parts/value.tsx';
import { go, hrefOf, pageQuery } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { ActDialog, type Intent } from './act-dialog.tsx';
import { FailureNote, failureIn } from './failure.tsx';
import { GraphView } from './graph/graph-view.tsx';
import { LogView } from './log/log-view.tsx';
import { NextSteps } from './next-steps.tsx';
import { RunHead } from './run-head.tsx';
import { TaskPanel } from './task-panel.tsx';

const VIEWS: Tab[] = [
  { id: 'graph', name: 'Graph' },
  { id: 'timeline', name: 'Timeline' },
  { id: 'log', name: 'Log' },
  { id: 'debugger', name: 'Debugger' },
];

/** The view for who may start such a run. */
const FORK: Tab = { id: 'fork', name: 'Fork' };

const Fork = createLazyView('fork', async () => (await import('./fork/fork-view.tsx')).ForkView);

const Timeline = createLazyView('timeline', async () => (await import('./timeline/timeline-view.tsx')).TimelineView);

const DebuggerView = createLazyView(
  'debugger',
  async () => (await import('../debugger/debugger-view.tsx')).DebuggerView,
);

/** One run: how it stands, what would move it, its graph, what went in and what came out. */
export function RunPage({ of, tab }: PageProps) {
  const path = `/executions/${encodeURIComponent(of)}`;
  const run = useRead<{ data: Run }>(`${path}?view=lean`);
  const explanation = useRead<{ data: RunExplanation }>(`${path}/explain`);
  const graph = useRead<{ data: RunGraph }>(`${path}/graph?layout=1`);
  // All of what is counted comes with a page of any size.
  const tasks = useRead<TaskListPage>(`${path}/tasks?limit=1`);
  const [intent, setIntent] = useState<Intent | null>(null);
  const readings = [run, explanation, tasks];
  const reload = () => {
    for (const each of readings) each.reload();
  };
  const refresh = () => {
    for (const each of readings) each.refresh();
  };
  const afterAct = () => {
    reload();
    // The button of the act may be gone in a moment.
    focusHeading();
  };
  const shown = run.value?.data;
  const isOpen = shown !== undefined && !isClosed(shown.state);
  // The stream begins after what was read first, or with the run where nothing of it was known, and is the same from then on.
  const place = useRef<string | null>(null);
  if (tasks.value !== undefined) place.current ??= tasks.value.stream_id ?? '';
  // It has an end, after which everything is read once more: what was read when the run was seen to be closed may be from before.
  const follows = useRef(false);
  follows.current ||= isOpen && place.current !== null;
  const events = `${path}/events${place.current ? `?${new URLSearchParams({ last_event_id: place.current })}` : ''}`;
  useEvents(follows.current ? events : null, ['execution', 'task', 'end'], refresh);
  // The ids of tasks are ids of executions, too.
  const owner = shown?.task != null && shown.parent !== null ? { id: shown.parent, task: shown.task } : null;
  useLayoutEffect(() => {
    if (owner !== null) go(hrefOf(`/runs/${owner.id}${tab ? `/${tab}` : ''}`, { task: owner.task }), { replace: true });
  }, [owner?.task]);
  const failure = run.error !== null && <ReadError what="The run could not be read" error={run.error} retry={reload} />;
  if (shown === undefined || owner !== null) {
    return (
      <div class="page">
        <Heading title={`Run ${of}`} />
        {failure || <Loading of="the run" />}
      </div>
    );
  }
  const views = mayStartAgain(shown) ? [...VIEWS, FORK] : VIEWS;
  const chosen = views.some(({ id }) => id === tab) ? tab : 'graph';
  const isDebugged = chosen === 'debugger';
  // There, a task is shown as it was.
  const task = isDebugged ? null : pageQuery.value.get('task');
  const stamp = `${tasks.value?.last_event} ${shown.state}`;
  const choose = (view: string) =>
    go(hrefOf(`/runs/${of}/${view}`, { task: pageQuery.peek().get('task') }), { stay: true });
  return (
    <div class="page">
      {failure}
      <RunHead run={shown} begin={setIntent} />
      <NextSteps run={shown} reading={explanation} begin={setIntent} />
      <div class={task === null ? 'run-views' : 'run-views with-panel'}>
        <div>
          <Tabs label="Run views" tabs={views} chosen={chosen} choose={choose}>
            <ChosenView
              chosen={chosen}
              run={shown}
              path={path}
              graph={graph}
              tasks={tasks}
              stamp={stamp}
              isOpen={isOpen}
            />
          </Tabs>
        </div>
        {task !== null && <TaskPanel key={task} run={shown} taskKey={task} stamp={stamp} begin={setIntent} />}
      </div>
      {!isDebugged && <Ends run={shown} whole={apiHref(path)} />}
      {intent !== null && <ActDialog intent={intent} close={() => setIntent(null)} onDone={afterAct} />}
    </div>
  );
}

/** One of the views of a run; `stamp` changes whenever the run may have. */
function ChosenView({
  chosen,
  run,
  path,
  graph,
  tasks,
  stamp,
  isOpen,
}: {
  chosen: string;
  run: Run;
  path: string;
  graph: ReadState<{ data: RunGraph }>;
  tasks: ReadState<TaskListPage>;
  stamp: string;
  isOpen: boolean;
}) {
  switch (chosen) {
    case 'timeline':
      return <Timeline run={run} path={path} stamp={stamp} isOpen={isOpen} />;
    case 'log':
      return <LogView path={path} stamp={stamp} isOpen={isOpen} />;
    case 'debugger':
      return <DebuggerView run={run} path={path} lastEvent={tasks.value?.last_event ?? null} />;
    case 'fork':
      return <Fork run={run} path={path} graph={graph} tasks={tasks} />;
    default:
      return <GraphView run={run} graph={graph} tasks={tasks} />;
  }
}

/** What went into a run, and what came out of it. */
function Ends({ run, whole }: { run: Run; whole: string }) {
  const failure = failureIn(run.result, run.state);
  const isOpen = !isClosed(run.state);
  return (
    <div class="ends">
      <section class="card" aria-labelledby="input-title">
        <h2 id="input-title">Input</h2>
        <ValueView name="Input" value={run.config} bytes={run.config_bytes} whole={whole} />
      </section>
      <section class="card" aria-labelledby="result-title">
        <h2 id="result-title">Result</h2>
        {isOpen && <p class="soft">The result appears when the run has ended.</p>}
        {failure !== null && <FailureNote failure={failure} linked />}
        {!isOpen && failure === null && (
          <ValueView name="Result" value={run.result} bytes={run.result_bytes} whole={whole} />
        )}
      </section>
    </div>
  );
}
