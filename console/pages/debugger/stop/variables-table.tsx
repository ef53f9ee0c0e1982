import type { Stop } from '../../../debugger/protocol.ts';
import { TableHead } from '../../../parts/lists/table-head.tsx';
import { ShortValue } from './short-value.tsx';

const COLUMNS = ['Name', 'Value', 'Before'];

/** The variables of a run at an event; those that the event has changed with what they were before. */
export function VariablesTable({ variables }: { variables: Stop['variables'] }) {
  if (variables.length === 0) return <p class="soft">The run has no variables here.</p>;
  return (
    <table role="table" class="table listing variables" aria-label="Variables">
      <TableHead columns={COLUMNS} />
      <tbody role="rowgroup">
        {variables.map(({ name, value, before, changed }) => (
          <tr role="row" key={name} class={changed ? 'changed' : undefined}>
            <th role="rowheader" scope="row" class="ref-cell">
              {name}
              {changed && <span class="tag">changed</span>}
            </th>
            <td role="cell" data-column="Value">
              <ShortValue name={name} value={value} />
            </td>
            <td role="cell" data-column="Before">
              {changed && before === undefined && <span class="soft">not set</span>}
              {changed && before !== undefined && <ShortValue name={`${name} before`} value={before} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
