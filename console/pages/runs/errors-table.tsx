import type { ReadState } from '../../client/reads.ts';
import type { RunErrorGroup } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { numberText } from '../../parts/words.ts';
import { hrefOf, hrefWith } from '../../routing/location.ts';

/** A page of groups of failed runs. */
export interface ErrorGroups {
  data: RunErrorGroup[];
  next_cursor: string | null;
  is_lower_bound: boolean;
}

/** The errors of the runs that the filters match, the most frequent first; each leads to its runs. */
export function ErrorsTable({ reading }: { reading: ReadState<ErrorGroups> }) {
  const isPart = reading.value?.next_cursor != null || reading.value?.is_lower_bound === true;
  return (
    <>
      <Listing
        name="Errors"
        noun="error"
        class="errors"
        reading={reading}
        columns={['Error', 'Task', 'Runs', 'First', 'Last']}
        keyOf={({ fingerprint }) => fingerprint}
        empty={<p class="strong">No failed runs match these filters.</p>}
        row={({ fingerprint, error_code, task, message, count, first, last, sample }) => (
          <>
            <NameCell>
              <a href={hrefWith({ error: fingerprint, group: null, page: null })}>{error_code}</a>
              <p class="message">{message}</p>
            </NameCell>
            <ListCell of="Task">{task ?? <span class="soft">none</span>}</ListCell>
            <ListCell of="Runs" class="number-cell">
              {numberText(count)}
            </ListCell>
            <ListCell of="First" class="time-cell">
              <Instant at={first} />
            </ListCell>
            <ListCell of="Last" class="time-cell">
              <Instant at={last} /> <a href={hrefOf(`/runs/${sample}`)}>run {sample}</a>
            </ListCell>
          </>
        )}
      />
      {isPart && <p class="soft small">Not all errors are shown. Narrow the filters to see the rest.</p>}
    </>
  );
}
