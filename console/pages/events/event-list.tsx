import { EVENT_STATES } from '../../../model/events/states.ts';
import { useRead } from '../../client/reads.ts';
import type { EventListPage } from '../../client/shapes.ts';
import { EmptyList, type ListFilter, ListFilters } from '../../parts/lists/list-filters.tsx';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { numberText } from '../../parts/words.ts';
import { hrefOf, pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { StateBadge } from './state-badge.tsx';

const FILTERS: ListFilter[] = [
  { name: 'type', label: 'Type', hint: 'com.github.push or com.github.*' },
  { name: 'source', label: 'Source', hint: 'the whole source' },
  { name: 'event_id', label: "Sender's id", hint: 'the whole id' },
  { name: 'state', label: 'State', values: EVENT_STATES },
];

/** The events, newest first. */
export function EventList() {
  const query = pageQuery.value;
  const given = Object.fromEntries(FILTERS.map(({ name }) => [name, query.get(name)]));
  const reading = useRead<EventListPage>(pagePath('/events', query, given));
  return (
    <>
      <ListFilters name="Filter events" filters={FILTERS} />
      <Listing
        name="Events"
        noun="event"
        class="event-list"
        reading={reading}
        columns={['Event', 'Source', 'State', 'Matches', 'Received']}
        keyOf={({ id }) => String(id)}
        empty={
          <EmptyList
            filters={FILTERS}
            noun="events"
            otherwise="An event appears here when somebody posts one (npx fermata events send), or a webhook receives one."
          />
        }
        row={({ id, type, source, subject, state, matches, received, verified }) => (
          <>
            <NameCell>
              <a href={hrefOf(`/events/${id}`)}>
                {type} <span class="run-id">{id}</span>
              </a>
              {!verified && <span class="tag">not verified</span>}
            </NameCell>
            <ListCell of="Source">
              {source}
              {subject !== null && <p class="soft small">{subject}</p>}
            </ListCell>
            <ListCell of="State">
              <StateBadge state={state} />
            </ListCell>
            <ListCell of="Matches" class="number-cell">
              {numberText(matches)}
            </ListCell>
            <ListCell of="Received" class="time-cell">
              <Instant at={received} />
            </ListCell>
          </>
        )}
      />
    </>
  );
}
