import type { RunRow } from '../../client/shapes.ts';
import { Badge } from '../../parts/badge.tsx';
import { TableHead } from '../../parts/lists/table-head.tsx';
import { Duration, Instant } from '../../parts/time.tsx';
import { hrefOf } from '../../routing/location.ts';

const COLUMNS = ['Status', 'Workflow', 'Run', 'Started', 'Duration', 'Error'];

/** The runs of a page. On a narrow screen each row is a card, which keeps its roles. */
export function RunTable({ rows, isBusy }: { rows: readonly RunRow[]; isBusy: boolean }) {
  return (
    <table role="table" class="table runs" aria-label="Runs" aria-busy={isBusy}>
      <TableHead columns={COLUMNS} />
      <tbody role="rowgroup">
        {rows.map((row) => (
          <RunLine key={row.id} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function RunLine({ row }: { row: RunRow }) {
  const { id, action_ref, state, created, closed, error, error_code, mode } = row;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" class="state-cell">
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
export function RowsToCome({ count }: { count: number }) {
  return (
    <div class="to-come" role="status" aria-label="Loading the runs" aria-busy="true">
      {Array.from({ length: count }, (_, index) => (
        <div class="bone" key={index} />
      ))}
    </div>
  );
}
