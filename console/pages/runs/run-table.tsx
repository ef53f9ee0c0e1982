import type { RunRow } from '../../client/shapes.ts';
import { Badge } from '../../parts/badge.tsx';
import { TableHead } from '../../parts/lists/table-head.tsx';
import { Duration, Instant } from '../../parts/time.tsx';
import { hrefOf } from '../../routing/location.ts';
import type { Selection } from './bulk/selection.ts';

const COLUMNS = ['Status', 'Workflow', 'Run', 'Started', 'Duration', 'Error'];

/** The runs of a page, which can be chosen if there is a selection. On a narrow screen each row is a card, which keeps its roles. */
export function RunTable({
  rows,
  isBusy,
  selection = null,
}: {
  rows: readonly RunRow[];
  isBusy: boolean;
  selection?: Selection | null;
}) {
  const ids = rows.map(({ id }) => id);
  return (
    <table role="table" class="table runs" aria-label="Runs" aria-busy={isBusy}>
      <TableHead columns={COLUMNS} />
      <tbody role="rowgroup">
        {rows.map((row) => (
          <RunLine key={row.id} row={row} selection={selection} toggle={(id) => selection?.toggle(id, ids)} />
        ))}
      </tbody>
    </table>
  );
}

function RunLine({
  row,
  selection,
  toggle,
}: {
  row: RunRow;
  selection: Selection | null;
  toggle: (id: number) => void;
}) {
  const { id, action_ref, state, created, closed, error, error_code, mode } = row;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" class="state-cell">
        {selection !== null && (
          <label class="target">
            <input
              type="checkbox"
              aria-label={`Select run ${id}`}
              checked={selection.isAll || selection.ids.has(id)}
              onChange={() => toggle(id)}
            />
          </label>
        )}
        <Badge state={state} />
      </th>
      <td role="cell" class="ref-cell">
        {action_ref}
        {mode !== 'manual' && <span class="tag">{mode}</span>}
      </td>
      <td role="cell" class="id-cell">
        <a href={hrefOf(`/runs/${id}`)}>{id}</a>
      </td>
      <td role="cell" class="time-cell">
        <Instant at={created} />
      </td>
      <td role="cell" class="number-cell">
        <Duration from={created} to={closed} />
      </td>
      <td role="cell" class="error-cell">
        {error !== null && <span title={error}>{error_code === null ? error : `${error_code}: ${error}`}</span>}
      </td>
    </tr>
  );
}

/** Rows that stand for those that are on their way. */
export function LoadingRows({ count }: { count: number }) {
  return (
    <div class="to-come" role="status" aria-label="Loading the runs" aria-busy="true">
      {Array.from({ length: count }, (_, index) => (
        <div class="bone" key={index} />
      ))}
    </div>
  );
}
