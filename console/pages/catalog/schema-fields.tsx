import type { ShownAction } from '../../client/shapes.ts';
import { ValueView } from '../../parts/value.tsx';
import { describeFields } from './fields.ts';

/** The schema of an input or an output, whose `name` is such as `Input of core.http`: its fields, and all of it as JSON. */
export function SchemaFields({
  name,
  word,
  schema,
}: {
  name: string;
  word: string;
  schema: ShownAction['param_schema'];
}) {
  if (schema === null) return <p class="soft small">{word}: any</p>;
  const fields = describeFields(schema);
  return (
    <details class="schema">
      <summary>
        {word}
        <span class="soft small"> {fields.map((field) => field.name).join(', ')}</span>
      </summary>
      {fields.length > 0 && (
        <ul class="schema-fields" aria-label={`Fields of ${name}`}>
          {fields.map((field) => (
            <li key={field.name}>
              <code class="strong">{field.name}</code> <span class="soft small">{field.words}</span>
              {field.note !== '' && <p class="small">{field.note}</p>}
            </li>
          ))}
        </ul>
      )}
      <ValueView name={name} value={schema} />
    </details>
  );
}
