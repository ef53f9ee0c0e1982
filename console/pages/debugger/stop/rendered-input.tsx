import type { RenderedTemplate } from '../../../../language/templates/rendered.ts';
import type { TaskState } from '../../../../model/status.ts';
import { Badge } from '../../../parts/badge.tsx';
import { TableHead } from '../../../parts/lists/table-head.tsx';
import { ValueView } from '../../../parts/value.tsx';
import { ShortValue } from './short-value.tsx';

const COLUMNS = ['Field', 'Template', 'Value'];

/** A visit to a task, or an item of one. */
interface RenderedTask {
  key: string;
  action: string;
  state: TaskState;
  input: unknown;
  output: unknown;
  /** Null: it has not failed. */
  failure: unknown;
  isOver: boolean;
  templates: readonly RenderedTemplate[];
}

/** The input of a task, as it was written and as it was rendered, and what came of the task. */
export function RenderedInput({ of }: { of: RenderedTask }) {
  const { key, action, state, input, output, failure, isOver, templates } = of;
  return (
    <>
      <p class="input-of">
        <span class="strong">{key}</span>
        <Badge state={state} />
        <span class="soft">{action}</span>
      </p>
      {templates.length > 0 && (
        <table role="table" class="table listing templates" aria-label="Templates">
          <TableHead columns={COLUMNS} />
          <tbody role="rowgroup">
            {templates.map(({ path, template, value }) => (
              <tr role="row" key={path}>
                <th role="rowheader" scope="row" class="ref-cell">
                  {fieldOf(path)}
                </th>
                <td role="cell">
                  <code class="template">{template}</code>
                </td>
                <td role="cell">
                  {input === null ? (
                    <span class="soft">no value</span>
                  ) : (
                    <ShortValue name={fieldOf(path)} value={value} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>Input</h3>
      <ValueView name={`Input of ${key}`} value={input} />
      {isOver && (
        <>
          <h3>{failure === null ? 'Output' : 'Failure'}</h3>
          <ValueView name={`${failure === null ? 'Output' : 'Failure'} of ${key}`} value={failure ?? output} />
        </>
      )}
    </>
  );
}

/** Names a field by its JSON pointer, as people write it: `body.name`. */
function fieldOf(pointer: string): string {
  if (pointer === '') return 'input';
  const parts = pointer.slice(1).split('/');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join('.');
}
