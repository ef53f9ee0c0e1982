import { useState } from 'preact/hooks';
import { useRead } from '../../client/reads.ts';
import { may, mayStartAction } from '../../client/session.ts';
import type { ListPage, ShownAction } from '../../client/shapes.ts';
import { EmptyList, type ListFilter, ListFilters } from '../../parts/lists/list-filters.tsx';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { durationText } from '../../parts/words.ts';
import { pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { StartDialog } from '../workflows/start-dialog.tsx';
import { SchemaFields } from './schema-fields.tsx';

const FILTERS: ListFilter[] = [{ name: 'pack_ref', label: 'Pack', hint: 'the name of a pack' }];

const COLUMNS = ['Action', 'Description', 'Schemas', 'Runs on'];

/** The actions: what each takes and gives, who runs it, and a way to run it by itself. */
export function ActionList() {
  const query = pageQuery.value;
  const reading = useRead<ListPage<ShownAction>>(pagePath('/actions', query, { pack_ref: query.get('pack_ref') }));
  const [started, setStarted] = useState<ShownAction | null>(null);
  const canStart = may('execution:execute');
  return (
    <>
      <ListFilters name="Filter actions" filters={FILTERS} />
      <Listing
        name="Actions"
        noun="action"
        class="actions"
        reading={reading}
        columns={canStart ? [...COLUMNS, 'Controls'] : COLUMNS}
        keyOf={({ ref }) => ref}
        empty={<EmptyList filters={FILTERS} noun="actions" otherwise="An action is what a task runs." />}
        row={(action) => (
          <>
            <NameCell>{action.ref}</NameCell>
            <ListCell>
              {action.label}
              {action.description !== null && <p class="soft small">{action.description}</p>}
            </ListCell>
            <ListCell>
              <SchemaFields name={`Input of ${action.ref}`} word="Input" schema={action.param_schema} />
              <SchemaFields name={`Output of ${action.ref}`} word="Output" schema={action.out_schema} />
            </ListCell>
            <ListCell of="Runs on">
              {action.built_in ? 'Fermata' : <code>{action.task_queue}</code>}
              <p class="soft small">
                {durationText(action.timeout * 1_000)} per attempt{action.idempotent && ', idempotent'}
              </p>
            </ListCell>
            {canStart && (
              <ListCell class="acts-cell">
                {mayStartAction(action.ref) && (
                  <button type="button" class="button" onClick={() => setStarted(action)}>
                    Start<span class="hidden"> {action.ref}</span>
                  </button>
                )}
              </ListCell>
            )}
          </>
        )}
      />
      {started !== null && <StartDialog key={started.ref} of={started} close={() => setStarted(null)} />}
    </>
  );
}
