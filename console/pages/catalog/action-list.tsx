import { useRead } from '../../client/reads.ts';
import type { ListPage, ShownAction } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { ValueView } from '../../parts/value.tsx';
import { durationText } from '../../parts/words.ts';
import { pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';

/** The actions: what each takes and gives, and who runs it. */
export function ActionList() {
  const reading = useRead<ListPage<ShownAction>>(pagePath('/actions', pageQuery.value));
  return (
    <Listing
      name="Actions"
      noun="action"
      class="actions"
      reading={reading}
      columns={['Action', 'Description', 'Schemas', 'Runs on']}
      keyOf={({ ref }) => ref}
      empty={<p class="strong">No actions.</p>}
      row={(action) => (
        <>
          <NameCell>{action.ref}</NameCell>
          <ListCell>
            {action.label}
            {action.description !== null && <p class="soft small">{action.description}</p>}
          </ListCell>
          <ListCell>
            <Schema name={`Input of ${action.ref}`} word="Input" schema={action.param_schema} />
            <Schema name={`Output of ${action.ref}`} word="Output" schema={action.out_schema} />
          </ListCell>
          <ListCell of="Runs on">
            {action.built_in ? 'Fermata' : <code>{action.task_queue}</code>}
            <p class="soft small">
              {durationText(action.timeout * 1_000)} per attempt{action.idempotent && ', idempotent'}
            </p>
          </ListCell>
        </>
      )}
    />
  );
}

function Schema({ name, word, schema }: { name: string; word: string; schema: ShownAction['param_schema'] }) {
  if (schema === null) return <p class="soft small">{word}: any</p>;
  return (
    <details>
      <summary>
        {word}
        <span class="soft small"> {fieldNames(schema)}</span>
      </summary>
      <ValueView name={name} value={schema} />
    </details>
  );
}

/** Returns the names of the fields that a schema declares. */
function fieldNames({ properties }: NonNullable<ShownAction['param_schema']>): string {
  return typeof properties === 'object' && properties !== null ? Object.keys(properties).join(', ') : '';
}
