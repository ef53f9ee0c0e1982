import { Badge, type StateWord } from '../../../parts/badge.tsx';
import { TableHead } from '../../../parts/lists/table-head.tsx';
import { numberText } from '../../../parts/words.ts';
import { hrefWith } from '../../../routing/location.ts';

/** A task in a plan; `was` is null for one that had not begun. */
interface PlannedTask {
  key: string;
  action_ref: string;
  was: StateWord | null;
  why?: string;
  input?: string;
}

/** Reasons, in words. */
const WHY: Record<string, string> = {
  failed: 'it failed',
  cancelled: 'it was cancelled',
  not_begun: 'it had not begun',
  chosen: 'you chose it',
  open: 'it was open then',
  undecided: 'people are asked again',
  followed: 'it came after',
  cleanup: 'it cleaned up',
};

/** A list of tasks with the same fate; nothing where there is none. */
export function PlanTable({
  name,
  columns,
  rows,
  total,
}: {
  name: string;
  columns: readonly ('Was' | 'Why' | 'Input')[];
  rows: readonly PlannedTask[];
  total: number;
}) {
  if (total === 0) return null;
  return (
    <div>
      <h3>
        {name} <span class="soft">{numberText(total)}</span>
      </h3>
      <table role="table" class="table fates" aria-label={name}>
        <TableHead columns={['Task', 'Action', ...columns]} />
        <tbody role="rowgroup">
          {rows.map((row) => (
            <PlanRow key={row.key} row={row} columns={columns} />
          ))}
        </tbody>
      </table>
      {total > rows.length && <p class="soft">And {numberText(total - rows.length)} more.</p>}
    </div>
  );
}

function PlanRow({ row, columns }: { row: PlannedTask; columns: readonly string[] }) {
  const { key, action_ref, was, why = '', input = '' } = row;
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        {was === null ? key : <a href={hrefWith({ task: key })}>{key}</a>}
      </th>
      <td role="cell" class="soft">
        {action_ref}
      </td>
      <td role="cell">{was !== null && <Badge state={was} />}</td>
      {columns.includes('Why') && (
        <td role="cell" class="soft">
          {WHY[why] ?? why}
        </td>
      )}
      {columns.includes('Input') && (
        <td role="cell">
          <code class="input-text">{input}</code>
        </td>
      )}
    </tr>
  );
}
