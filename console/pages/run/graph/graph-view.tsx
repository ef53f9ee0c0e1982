import { useMemo } from 'preact/hooks';
import { parseTaskKey } from '../../../../model/task-key.ts';
import type { ReadState } from '../../../client/reads.ts';
import type { Run, RunGraph, TaskListPage } from '../../../client/shapes.ts';
import { Canvas } from '../../../graph/canvas.tsx';
import { listWork, nameTaken } from '../../../graph/tallies.ts';
import { SwitchButton } from '../../../parts/forms/switch-button.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';
import { TaskTable } from './task-table.tsx';

/** The definition of a run as a graph, with what the run has done so far. */
export function GraphView({
  run,
  graph,
  tasks,
}: {
  run: Run;
  graph: ReadState<{ data: RunGraph }>;
  tasks: ReadState<TaskListPage>;
}) {
  const isList = pageQuery.value.get('as') === 'list';
  const error = graph.error ?? tasks.error;
  const [drawn, done] = [graph.value?.data, tasks.value];
  if (error !== null && (drawn === undefined || done === undefined)) {
    const retry = () => {
      graph.reload();
      tasks.reload();
    };
    return <ReadError what="The graph could not be read" error={error} retry={retry} />;
  }
  if (drawn === undefined || done === undefined) {
    return <Loading of="the graph" />;
  }
  return (
    <>
      <SwitchButton isOn={isList} turn={() => go(hrefWith({ as: isList ? null : 'list' }), { replace: true })}>
        As a list
      </SwitchButton>
      <Tasks title={run.action_ref} graph={drawn} tasks={done} isList={isList} />
    </>
  );
}

function Tasks({
  title,
  graph,
  tasks,
  isList,
}: {
  title: string;
  graph: RunGraph;
  tasks: TaskListPage;
  isList: boolean;
}) {
  const task = pageQuery.value.get('task');
  // The picture is drawn again when these are others.
  const work = useMemo(() => listWork(tasks, graph), [tasks, graph]);
  const taken = useMemo(() => nameTaken(tasks.taken), [tasks]);
  if (isList) return <TaskTable graph={graph} work={work} />;
  const selected = task === null ? null : parseTaskKey(task).name;
  return <Canvas title={title} graph={graph} work={work} taken={taken} selected={selected} open={openTask} />;
}

/** Opens the visit with this key on the page of its run. */
export function openTask(key: string): void {
  go(hrefWith({ task: key }));
}
