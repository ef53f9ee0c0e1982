import { useEffect, useRef, useState } from 'preact/hooks';
import type { ReadState } from '../../client/reads.ts';
import type { RunListPage } from '../../client/shapes.ts';
import { Pager } from '../../parts/lists/pager.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { countText } from '../../parts/words.ts';
import { hrefOf, hrefWith, pageQuery, ROOT } from '../../routing/location.ts';
import type { Selection } from './bulk/selection.ts';
import { SelectionBar } from './bulk/selection-bar.tsx';
import { bulkFilter, isFiltered } from './filters.ts';
import { LoadingRows, RunTable } from './run-table.tsx';

/** How far from its top a page may be scrolled, in pixels, for new rows to move what is read. */
const AT_TOP = 120;

/** The list at whatever stage; its runs can be chosen if there is a selection. */
export function RunList({ reading, selection }: { reading: ReadState<RunListPage>; selection: Selection | null }) {
  const { shown, unseen, show } = useSteadyRows(reading);
  const { error, isLoading, reload } = reading;
  const failure = error !== null && <ReadError what="The runs could not be read" error={error} retry={reload} />;
  if (shown === undefined) return failure || <LoadingRows count={10} />;
  if (shown.data.length === 0) return <Empty isBusy={isLoading} />;
  const { page, page_size, total_items, total_pages } = shown.pagination;
  return (
    <>
      {failure}
      {unseen > 0 && (
        <button type="button" class="button primary unseen" onClick={show}>
          Show {countText(unseen, 'new run')}
        </button>
      )}
      <ErrorNote />
      {selection !== null && (
        <SelectionBar
          selection={selection}
          page={shown.data.map(({ id }) => id)}
          total={total_items}
          isAtLeast={shown.total_is_lower_bound}
          filterAt={(time) => bulkFilter(pageQuery.peek(), time)}
        />
      )}
      <RunTable rows={shown.data} isBusy={isLoading} selection={selection} />
      <Pager
        page={page}
        size={page_size}
        rows={shown.data.length}
        total={total_items}
        isAtLeast={shown.total_is_lower_bound}
        last={total_pages}
        noun="run"
      />
    </>
  );
}

/**
 * Keeps what is read in its place: while the page is scrolled down, the rows that are there change, and new ones wait until they are asked
 * for.
 */
function useSteadyRows({ value: fresh, from }: ReadState<RunListPage>) {
  const [shown, setShown] = useState<RunListPage>();
  const seen = useRef(from);
  useEffect(() => {
    const isOther = seen.current !== from;
    seen.current = from;
    setShown((before) => (before === undefined || isOther || scrollY < AT_TOP ? fresh : updated(before, fresh)));
  }, [fresh, from]);
  const known = new Set(shown?.data.map(({ id }) => id));
  const unseen = fresh?.data.filter(({ id }) => !known.has(id)).length ?? 0;
  return {
    shown,
    unseen: scrollY < AT_TOP ? 0 : unseen,
    show: () => {
      setShown(fresh);
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
          <code>npx fermata start</code> or with <a href={`${ROOT}/docs`}>the API</a>.
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
      Only runs with the same error. <a href={hrefWith({ error: null, page: null })}>Show those with any</a>
    </p>
  );
}
