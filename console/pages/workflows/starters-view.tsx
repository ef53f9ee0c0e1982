import { useRead } from '../../client/reads.ts';
import { may } from '../../client/session.ts';
import type { ListPage, ShownRule, ShownSchedule } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { numberText } from '../../parts/words.ts';
import { hrefOf } from '../../routing/location.ts';
import { rulePath } from '../../routing/paths.ts';
import { ScheduleNameCell, ScheduleTimeCells } from '../schedules/schedule-cells.tsx';

/** How many schedules are looked at, and rules shown. */
const MOST = 100;

/** What starts a workflow by itself: schedules, and rules about events. */
export function StartersView({ workflow }: { workflow: string }) {
  return (
    <div class="starters">
      <RulesThatStart workflow={workflow} />
      {may('execution:read') && <SchedulesThatStart workflow={workflow} />}
    </div>
  );
}

function RulesThatStart({ workflow }: { workflow: string }) {
  const reading = useRead<ListPage<ShownRule>>(`/rules?${new URLSearchParams({ workflow, per_page: String(MOST) })}`);
  const { value } = reading;
  return (
    <section aria-label="Rules">
      <h2>Rules</h2>
      <Listing
        name="Rules that start it"
        noun="rule"
        reading={{ ...reading, value: value && { data: value.data } }}
        columns={['Rule', 'Events', 'Matched', 'Last match']}
        keyOf={({ ref }) => ref}
        empty={<p class="soft">No rule starts it.</p>}
        row={({ ref, enabled, type, counts }) => (
          <>
            <NameCell>
              <a href={hrefOf(rulePath(ref))}>{ref}</a>
              {!enabled && <span class="tag">disabled</span>}
            </NameCell>
            <ListCell of="Events">{type}</ListCell>
            <ListCell of="Matched" class="number-cell">
              {numberText(counts.matched)}
            </ListCell>
            <ListCell of="Last match" class="time-cell">
              {counts.last_match === null ? 'never' : <Instant at={counts.last_match} />}
            </ListCell>
          </>
        )}
      />
      {value !== undefined && value.meta.total > MOST && (
        <a href={hrefOf('/events/rules', { workflow })}>All {numberText(value.meta.total)} rules that start it</a>
      )}
    </section>
  );
}

function SchedulesThatStart({ workflow }: { workflow: string }) {
  const reading = useRead<ListPage<ShownSchedule>>(`/schedules?per_page=${MOST}`);
  const { value } = reading;
  const hasMore = value !== undefined && value.meta.total > MOST;
  return (
    <section aria-label="Schedules">
      <h2>Schedules</h2>
      <Listing
        name="Schedules that start it"
        noun="schedule"
        reading={{ ...reading, value: value && { data: value.data.filter((each) => each.workflow === workflow) } }}
        columns={['Schedule', 'When', 'Next']}
        keyOf={({ id }) => id}
        empty={
          <p class="soft">{hasMore ? `None of the first ${MOST} schedules starts it.` : 'No schedule starts it.'}</p>
        }
        row={(schedule) => (
          <>
            <ScheduleNameCell schedule={schedule} />
            <ScheduleTimeCells schedule={schedule} />
          </>
        )}
      />
      {hasMore && (
        <p class="soft">
          Only the first {MOST} of {numberText(value.meta.total)} schedules were looked at.{' '}
          <a href={hrefOf('/schedules')}>All schedules</a>
        </p>
      )}
    </section>
  );
}
