import { useMemo } from 'preact/hooks';
import { useEvents } from '../../client/live.ts';
import { useRead } from '../../client/reads.ts';
import { may } from '../../client/session.ts';
import type { RunCounts, RunListPage } from '../../client/shapes.ts';
import { SwitchButton } from '../../parts/forms/switch-button.tsx';
import { Heading } from '../../parts/heading.tsx';
import { type Tab, Tabs } from '../../parts/tabs.tsx';
import { go, hrefOf, hrefWith, pageQuery } from '../../routing/location.ts';
import { OPEN_PAGE } from '../../routing/open-page.ts';
import { BulkJobPanel } from './bulk/bulk-job.tsx';
import { useSelection } from './bulk/selection.ts';
import { Counts } from './counts.tsx';
import { type ErrorGroups, ErrorsTable } from './errors-table.tsx';
import { FilterForm } from './filter-form.tsx';
import { bulkFilter, countsPath, errorsPath, filterKey, listPath } from './filters.ts';
import { RunList } from './run-list.tsx';
import { SavedViews } from './saved-views.tsx';

const GROUPS: Tab[] = [
  { id: 'all', name: 'All runs' },
  { id: 'errors', name: 'Errors' },
];

/** The runs, newest first, or grouped by their errors. */
export function RunsPage() {
  const asked = pageQuery.value;
  const isGrouped = asked.get('group') === 'errors';
  const job = asked.get('job');
  const filters = filterKey(asked);
  // Relative times count from when the filters were set, so that the same list is read until they change.
  const now = useMemo(Date.now, [filters]);
  const paths = { list: listPath(asked, now), counts: countsPath(asked, now), errors: errorsPath(asked, now) };
  const list = useRead<RunListPage>(isGrouped ? null : paths.list);
  const errors = useRead<ErrorGroups>(isGrouped ? paths.errors : null);
  const counts = useRead<{ data: RunCounts }>(paths.counts);
  const selection = useSelection(filters);
  const refresh = () => {
    for (const each of [list, errors, counts]) each.refresh();
  };
  const isLive = asked.get('live') !== '0';
  useEvents(isLive ? '/executions/events' : null, ['execution'], refresh);
  return (
    <div class="page">
      <div class="title-row">
        <Heading title="Runs" />
        <div class="list-controls">
          <a href={hrefOf(OPEN_PAGE)}>Open a history</a>
          <SavedViews />
          <SwitchButton isOn={isLive} turn={() => go(hrefWith({ live: isLive ? '0' : null }), { replace: true })}>
            Live
          </SwitchButton>
        </div>
      </div>
      <FilterForm />
      <Counts reading={counts} />
      {job !== null && <BulkJobPanel key={job} id={job} onEnd={refresh} />}
      <div>
        <Tabs
          label="Group runs"
          tabs={GROUPS}
          chosen={isGrouped ? 'errors' : 'all'}
          choose={(group) => go(hrefWith({ group: group === 'all' ? null : group, page: null }), { stay: true })}
        >
          {isGrouped ? (
            <ErrorsTable reading={errors} />
          ) : (
            <RunList
              reading={list}
              selection={may('execution:execute') ? selection : null}
              filterAt={(time) => bulkFilter(asked, now, time)}
            />
          )}
        </Tabs>
      </div>
    </div>
  );
}
