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
  const work = listWork(done, drawn);
  const task = pageQuery.value.get('task');
  return (
    <>
      <SwitchButton isOn={isList} turn={() => go(hrefWith({ as: isList ? null : 'list' }), { replace: true })}>
        As a list
      </SwitchButton>
      {isList ? (
        <TaskTable graph={drawn} work={work} />
      ) : (
        <Canvas
          title={run.action_ref}
          graph={drawn}
          work={work}
          taken={nameTaken(done.taken)}
          selected={task === null ? null : parseTaskKey(task).name}
          open={(key) => go(hrefWith({ task: key }))}
        />
      )}
    </>
  );
}
