import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useEvents } from '../../client/live.ts';
import { type ReadState, useRead } from '../../client/reads.ts';
import type { RunCounts, RunListPage } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { Pager } from '../../parts/lists/pager.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { countText } from '../../parts/words.ts';
import { go, hrefWith, pageQuery, ROOT } from '../../routing/location.ts';
import { Counts } from './counts.tsx';
import { FilterForm } from './filter-form.tsx';
import { countsPath, isFiltered, listPath } from './filters.ts';
import { RowsToCome, RunTable } from './run-table.tsx';

/** How far from its top a page may be scrolled, in pixels, for new rows to move what is read. */
const AT_TOP = 120;

/** The runs, newest first. */
export function RunsPage() {
  const asked = pageQuery.value;
  // Relative times count from when the filters were set, so that the same list is read until they change.
  const paths = useMemo(() => ({ list: listPath(asked, Date.now()), counts: countsPath(asked, Date.now()) }), [asked]);
  const list = useRead<RunListPage>(paths.list);
  const counts = useRead<{ data: RunCounts }>(paths.counts);
  const isLive = asked.get('live') !== '0';
  useEvents(isLive ? '/executions/events' : null, ['execution'], () => {
    list.refresh();
    counts.refresh();
  });
  return (
    <div class="page">
      <div class="title-row">
        <Heading title="Runs" />
        <button
          type="button"
          role="switch"
          class="switch"
          aria-checked={isLive}
          onClick={() => go(hrefWith({ live: isLive ? '0' : null }), { replace: true })}
        >
          Live
        </button>
      </div>
      <FilterForm />
      <Counts reading={counts} />
      <List reading={list} />
    </div>
  );
}

/** The list at whatever stage. */
function List({ reading }: { reading: ReadState<RunListPage> }) {
  const { shown, unseen, show } = useCalm(reading);
  const { error, isLoading, reload } = reading;
  const failure = error !== null && <ReadError what="The runs could not be read" error={error} retry={reload} />;
  if (shown === undefined) return failure || <RowsToCome count={10} />;
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
      <RunTable rows={shown.data} isBusy={isLoading} />
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
function useCalm({ value: fresh, from }: ReadState<RunListPage>) {
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
          A run appears here as soon as somebody starts one, with <code>npx fermata start</code> or{' '}
          <a href={`${ROOT}/docs`}>the API</a>.
        </p>
      )}
    </div>
  );
}
