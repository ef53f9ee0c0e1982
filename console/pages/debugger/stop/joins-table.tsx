import type { Stop } from '../../../debugger/protocol.ts';
import { TableHead } from '../../../parts/lists/table-head.tsx';

const COLUMNS = ['Task', 'Arrived', 'Missing', 'Needed'];

/** The joins that some, but not all, of their tasks have reached. */
export function JoinsTable({ joins }: { joins: Stop['joins'] }) {
  if (joins.length === 0) return <p class="soft">No join waits for more here.</p>;
  return (
    <table role="table" class="table listing" aria-label="Joins">
      <TableHead columns={COLUMNS} />
      <tbody role="rowgroup">
        {joins.map(({ task, arrived, missing, needed }) => (
          <tr role="row" key={task}>
            <th role="rowheader" scope="row" class="ref-cell">
              {task}
            </th>
            <td role="cell" data-column="Arrived">
              {arrived.join(', ')}
            </td>
            <td role="cell" data-column="Missing">
              {missing.join(', ')}
            </td>
            <td role="cell" data-column="Needed" class="number-cell">
              {needed}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
