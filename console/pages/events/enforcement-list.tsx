import { ENFORCEMENT_STATUSES } from '../../../model/events/states.ts';
import { useRead } from '../../client/reads.ts';
import type { EnforcementListPage } from '../../client/shapes.ts';
import { EmptyList, type ListFilter, ListFilters } from '../../parts/lists/list-filters.tsx';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { hrefOf, pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { rulePath } from '../../routing/paths.ts';
import { EnforcementFact } from './enforcement-fact.tsx';

const FILTERS: ListFilter[] = [
  { name: 'rule', label: 'Rule', hint: 'the name of a rule' },
  { name: 'event', label: 'Event', hint: 'the number of an event' },
  { name: 'status', label: 'Status', values: ENFORCEMENT_STATUSES },
];

/** The matches of rules by events, newest first: what each has started, or why it has not. */
export function EnforcementList() {
  const query = pageQuery.value;
  const given = Object.fromEntries(FILTERS.map(({ name }) => [name, query.get(name)]));
  const reading = useRead<EnforcementListPage>(pagePath('/enforcements', query, given));
  return (
    <>
      <ListFilters name="Filter enforcements" filters={FILTERS} />
      <Listing
        name="Enforcements"
        noun="enforcement"
        class="enforcement-list"
        reading={reading}
        columns={['Rule', 'Event', 'Starts', 'Status', 'Created']}
        keyOf={({ id }) => String(id)}
        empty={
          <EmptyList filters={FILTERS} noun="enforcements" otherwise="Each match of a rule by an event appears here." />
        }
        row={(enforcement) => (
          <>
            <NameCell>
              <a href={hrefOf(rulePath(enforcement.rule_ref))}>{enforcement.rule_ref}</a>
            </NameCell>
            <ListCell of="Event">
              <a href={hrefOf(`/events/${enforcement.event}`)}>
                {enforcement.event_type} {enforcement.event}
              </a>
            </ListCell>
            <ListCell of="Starts">{enforcement.workflow}</ListCell>
            <ListCell of="Status">
              <EnforcementFact enforcement={enforcement} />
            </ListCell>
            <ListCell of="Created" class="time-cell">
              <Instant at={enforcement.created} />
            </ListCell>
          </>
        )}
      />
    </>
  );
}
