import type { StopTaskRow, StopTasks } from '../../../debugger/protocol.ts';
import { Badge } from '../../../parts/badge.tsx';
import { Glyph } from '../../../parts/glyph.tsx';
import { TableHead } from '../../../parts/lists/table-head.tsx';
import { countText, numberText } from '../../../parts/words.ts';
import { TASK_ROWS } from '../engines/wishes.ts';

const COLUMNS = ['Task', 'State', 'Action', 'Attempts', 'Events'];

/** What the table of tasks is given. */
interface TasksTableProps {
  tasks: StopTasks;
  /** The key of the task that is looked at. */
  selected: string | null;
  select: (key: string) => void;
  /** Goes to an event. */
  go: (event: number) => void;
  /** Shows other rows. */
  turn: (offset: number) => void;
}

/** The visits and items of a run as they were at an event, in the order in which they began. */
export function TasksTable({ tasks, selected, select, go, turn }: TasksTableProps) {
  const { rows, offset, listed, total } = tasks;
  if (total === 0) return <p class="soft">No task has begun.</p>;
  return (
    <>
      <table role="table" class="table listing tasks-then" aria-label="Tasks at this event">
        <TableHead columns={COLUMNS} />
        <tbody role="rowgroup">
          {rows.map((row) => (
            <TaskRow key={row.key} row={row} isSelected={row.key === selected} select={select} go={go} />
          ))}
        </tbody>
      </table>
      {listed > rows.length && (
        <div class="pager">
          <p class="soft">
            {numberText(offset + 1)} to {numberText(offset + rows.length)} of {countText(total, 'task')}
          </p>
          <button
            type="button"
            class="button"
            aria-disabled={offset === 0}
            onClick={() => offset > 0 && turn(Math.max(0, offset - TASK_ROWS))}
          >
            <Glyph of="left" />
            Earlier tasks
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={offset + rows.length >= listed}
            onClick={() => offset + rows.length < listed && turn(offset + TASK_ROWS)}
          >
            Later tasks
            <Glyph of="right" />
          </button>
        </div>
      )}
    </>
  );
}

function TaskRow({
  row: { key, state, action, attempts, error, changed, carried, events },
  isSelected,
  select,
  go,
}: { row: StopTaskRow; isSelected: boolean } & Pick<TasksTableProps, 'select' | 'go'>) {
  return (
    <tr role="row" class={changed ? 'changed' : undefined} aria-current={isSelected ? 'true' : undefined}>
      <th role="rowheader" scope="row" class="ref-cell">
        <button type="button" class="link" aria-pressed={isSelected} onClick={() => select(key)}>
          {key}
        </button>
        {changed && <span class="tag">changed</span>}
        {carried && <span class="tag">kept by the retry</span>}
      </th>
      <td role="cell">
        <Badge state={state} />
        {error !== null && (
          <p class="wrong">
            {error.type}: {error.message}
          </p>
        )}
      </td>
      <td role="cell" class="soft">
        {action}
      </td>
      <td role="cell" data-column="Attempts" class="number-cell">
        {attempts}
      </td>
      <td role="cell" data-column="Events" class="number-cell">
        <EventLink number={events.scheduled} go={go} />
        {events.ended !== null && <Glyph of="right" size={12} />}
        <EventLink number={events.ended} go={go} />
      </td>
    </tr>
  );
}

/** Leads to an event of the history. */
function EventLink({ number, go }: { number: number | null; go: (event: number) => void }) {
  if (number === null) return null;
  return (
    <button type="button" class="link" aria-label={`Go to event ${number}`} onClick={() => go(number)}>
      {numberText(number)}
    </button>
  );
}
