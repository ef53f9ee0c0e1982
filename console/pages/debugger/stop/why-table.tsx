import type { ComponentChildren } from 'preact';
import { SHOWN_PATHS } from '../../../../model/preview.ts';
import type { Stop } from '../../../debugger/protocol.ts';
import { TableHead } from '../../../parts/lists/table-head.tsx';

type Decided = Stop['transitions'][number];

const COLUMNS = ['From', 'To', 'When', 'Value', 'Fired', 'Reason'];

const ENDS = { success: 'succeeds', failure: 'fails', complete: 'ends' } as const;

/** Why a transition fired or not, in words. */
const REASONS: Record<Decided['reason'], (decided: Decided) => string> = {
  fired: ({ when, on }) => (when === null ? `taken when the task ${ENDS[on]}` : 'the condition is true'),
  other_outcome: ({ on }) => `taken only when the task ${ENDS[on]}`,
  false: () => 'the condition is false',
  retry_limit: () => 'the task may not be retried again',
  error: ({ error }) => error ?? 'the condition could not be evaluated',
};

/** The transitions that a run has decided upon, with what decided them and the values that their conditions name; `none` says why there are none. */
export function WhyTable({ transitions, none }: { transitions: readonly Decided[]; none: ComponentChildren }) {
  if (transitions.length === 0) return <p class="soft">{none}</p>;
  return (
    <table role="table" class="table listing why" aria-label="Why">
      <TableHead columns={COLUMNS} />
      <tbody role="rowgroup">
        {transitions.map((decided) => {
          const { from, index, to, when, value, fired, reason, read = [] } = decided;
          return (
            <tr role="row" key={`${from} ${index}`} class={fired ? 'fired' : undefined}>
              <th role="rowheader" scope="row" class="ref-cell">
                {from}
              </th>
              <td role="cell" data-column="To">
                {to.join(', ')}
              </td>
              <td role="cell" data-column="When">
                {when === null ? <span class="soft">always</span> : <code>{when}</code>}
              </td>
              <td role="cell" data-column="Value">
                {value === null ? <span class="soft">not evaluated</span> : <code>{String(value)}</code>}
              </td>
              <td role="cell" data-column="Fired" class={fired ? 'yes' : 'soft'}>
                {fired ? 'yes' : 'no'}
              </td>
              <td role="cell" data-column="Reason" class={reason === 'error' ? 'wrong' : 'soft'}>
                {REASONS[reason](decided)}
                {read.map(({ path, value: found }) => (
                  <p class="soft small" key={path}>
                    <code>{path}</code> {found === null ? 'is not there' : 'is'}{' '}
                    {found !== null && <code>{found.truncated ? `${found.text}…` : found.text}</code>}
                  </p>
                ))}
                {read.length === SHOWN_PATHS && <p class="soft small">At most {SHOWN_PATHS} values are shown.</p>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
