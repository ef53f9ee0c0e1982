import { useRead } from '../../../client/reads.ts';
import type { EnforcementListPage } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { hrefOf } from '../../../routing/location.ts';
import { rulePath } from '../../../routing/paths.ts';
import { EnforcementFact } from '../enforcement-fact.tsx';

/** How many enforcements are shown: an event that more rules match has the others in the list of enforcements. */
const SHOWN = 100;

/** The rules that an event matches, and what each has started. */
export function EventEnforcements({ event, isPlanned }: { event: number; isPlanned: boolean }) {
  const { value, error, reload } = useRead<EnforcementListPage>(`/enforcements?event=${event}&limit=${SHOWN}`);
  return (
    <section class="card sheet" aria-label="Enforcements">
      <h2>Enforcements</h2>
      {error !== null && <ReadError what="The enforcements could not be read" error={error} retry={reload} />}
      {value === undefined && error === null && <Loading of="the enforcements" />}
      {value?.data.length === 0 && (
        <p class="soft">{isPlanned ? 'No rule matches it.' : 'The rules have not been applied to it yet.'}</p>
      )}
      {value !== undefined && value.data.length > 0 && (
        <ul class="plain-list">
          {value.data.map((enforcement) => (
            <li key={enforcement.id}>
              <a class="strong" href={hrefOf(rulePath(enforcement.rule_ref))}>
                {enforcement.rule_ref}
              </a>{' '}
              <EnforcementFact enforcement={enforcement} />
            </li>
          ))}
        </ul>
      )}
      {value?.next_cursor != null && (
        <p>
          <a href={hrefOf('/events/enforcements', { event: String(event) })}>All enforcements of this event</a>
        </p>
      )}
    </section>
  );
}
