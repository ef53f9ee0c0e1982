import { useEffect, useState } from 'preact/hooks';
import type { ReadState } from '../../client/reads.ts';
import type { RunListPage } from '../../client/shapes.ts';
import { ListPager, PageBefore } from '../../parts/lists/pager.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { countText } from '../../parts/words.ts';
import { hrefOf, hrefWith, pageQuery, ROOT } from '../../routing/location.ts';
import type { Selection } from './bulk/selection.ts';
import { SelectionBar } from './bulk/selection-bar.tsx';
import { isFiltered, isSameList } from './filters.ts';
import { LoadingRows, RunTable } from './run-table.tsx';

/** How far from its top a page may be scrolled, in pixels, for new rows to move what is read. */
const AT_TOP = 120;

/** The list at whatever stage; its runs can be selected if there is a selection. */
export function RunList({
  reading,
  selection,
  filterAt,
}: {
  reading: ReadState<RunListPage>;
  selection: Selection | null;
  /** Returns the filter of what the address lists and had been created at a time, in milliseconds. */
  filterAt: (time: number) => Record<string, string>;
}) {
  const { shown, from, unseen, show } = useSteadyRows(reading);
  const { path, error, isLoading, reload } = reading;
  // Nobody selects, or acts upon, runs of a list that is not the one that is shown.
  const isCurrent = from !== null && path !== null && isSameList(from, path);
  const failure = error !== null && <ReadError what="The runs could not be read" error={error} retry={reload} />;
  if (shown === undefined || (failure && from !== path)) return failure || <LoadingRows count={10} />;
  const { page, total_items, total_pages } = shown.pagination;
  if (shown.data.length === 0)
    return page > 1 ? <PageBefore page={page} last={total_pages} /> : <Empty isBusy={isLoading} />;
  return (
    <>
      {failure}
      {unseen > 0 && (
        <button type="button" class="button primary unseen" onClick={show}>
          Show {countText(unseen, 'new run')}
        </button>
      )}
      <ErrorNote />
      {selection !== null && isCurrent && (
        <SelectionBar
          selection={selection}
          page={shown.data.map(({ id }) => id)}
          total={total_items}
          isAtLeast={shown.total_is_lower_bound}
          filterAt={filterAt}
        />
      )}
      <RunTable rows={shown.data} isBusy={isLoading} selection={isCurrent ? selection : null} />
      <ListPager list={shown} noun="run" />
    </>
  );
}

/**
 * Keeps what is read in its place: while the page is scrolled down, the rows that are there change, and new ones wait until they are asked
 * for.
 */
function useSteadyRows({ value: fresh, from }: ReadState<RunListPage>) {
  const [kept, setKept] = useState({ shown: fresh, from });
  useEffect(() => {
    setKept((before) => {
      const isSteady = before.from === from && before.shown !== undefined && scrollY >= AT_TOP;
      return { shown: isSteady ? updated(before.shown!, fresh) : fresh, from };
    });
  }, [fresh, from]);
  const known = new Set(kept.shown?.data.map(({ id }) => id));
  const unseen = fresh?.data.filter(({ id }) => !known.has(id)).length ?? 0;
  return {
    shown: kept.shown,
    from: kept.from,
    unseen: scrollY < AT_TOP ? 0 : unseen,
    show: () => {
      setKept({ shown: fresh, from });
      scrollTo(0, 0);
    },
  };
}

/** Returns a page whose rows are as they are now. */
function updated(before: RunListPage, fresh: RunListPage | undefined): RunListPage {
  const now = new Map(fresh?.data.map((row) => [row.id, row]));
  return { ...before, data: before.data.map((row) => now.get(row.id) ?? row) };
}

function Empty({ isBusy }: { isBusy: boolean }) {
  const filtered = isFiltered(pageQuery.value);
  return (
    <div class="empty" aria-busy={isBusy}>
      <p class="strong">{filtered ? 'No runs match these filters.' : 'No runs yet.'}</p>
      {!filtered && (
        <p class="soft">
          A run appears here as soon as somebody starts one: from <a href={hrefOf('/workflows')}>a workflow</a>, with{' '}
          <code>npx fermata run</code> or with <a href={`${ROOT}/docs`}>the API</a>.
        </p>
      )}
    </div>
  );
}

/** Says that only the runs with one error are listed. */
function ErrorNote() {
  if (!pageQuery.value.get('error')) return null;
  return (
    <p class="soft">
      Showing only runs with this error. <a href={hrefWith({ error: null, page: null })}>Show all runs</a>
    </p>
  );
}
