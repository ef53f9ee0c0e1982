import type { RunGraph } from '../../../client/shapes.ts';
import { NOT_BEGUN, type TaskWork } from '../../../graph/tallies.ts';
import { Badge } from '../../../parts/badge.tsx';
import { TableHead } from '../../../parts/lists/table-head.tsx';
import { hrefWith } from '../../../routing/location.ts';

const COLUMNS = ['Task', 'Action', 'State', 'So far', 'Leads to'];

/** The graph as a list, for everybody: the same tasks with the same facts. */
export function TaskTable({ graph, work }: { graph: RunGraph; work: ReadonlyMap<string, TaskWork> }) {
  return (
    <table role="table" class="table tasks" aria-label="Tasks of the definition">
      <TableHead columns={COLUMNS} />
      <tbody role="rowgroup">
        {graph.nodes.map(({ name, action }) => {
          const { tally, key, words } = work.get(name) ?? NOT_BEGUN;
          const next = graph.edges.filter(({ from }) => from === name).map(({ to }) => to);
          return (
            <tr role="row" key={name}>
              <th role="rowheader" scope="row">
                {key === null ? name : <a href={hrefWith({ task: key })}>{name}</a>}
              </th>
              <td role="cell" class="soft">
                {action}
              </td>
              <td role="cell">{tally !== null && <Badge state={tally.state} />}</td>
              <td role="cell" class="soft">
                {words}
              </td>
              <td role="cell" class="soft">
                {[...new Set(next)].join(', ')}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
