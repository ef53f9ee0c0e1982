import { useMemo } from 'preact/hooks';
import { useRead } from '../../client/reads.ts';
import { may } from '../../client/session.ts';
import type { RunCounts, WorkflowList } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { useFilterFields } from '../../parts/lists/filter-fields.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { hrefOf, hrefWith, pageQuery, ROOT } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { workflowPath } from '../../routing/paths.ts';
import { DAYS, daysBefore, recentRunsPath } from './runs/recent.ts';
import { RecentRuns } from './runs/recent-runs.tsx';

const COLUMNS = ['Workflow', 'Label', 'Version', 'Updated'];

/** The stored workflows, each with its runs of the last days. */
export function WorkflowsPage() {
  const search = pageQuery.value.get('search') ?? '';
  const pack = pageQuery.value.get('pack_ref');
  const { form, apply } = useFilterFields(['search']);
  const reading = useRead<WorkflowList>(pagePath('/workflows', pageQuery.value, { search, pack_ref: pack }));
  const canSeeRuns = may('execution:read');
  // The day may end while the page is open: what is counted stays the same until it is opened again.
  const since = useMemo(() => daysBefore(Date.now()), []);
  const counted = useRead<{ data: RunCounts }>(canSeeRuns ? recentRunsPath(since) : null);
  return (
    <div class="page">
      <div class="title-row">
        <Heading title="Workflows" />
        <form
          class="search"
          ref={form}
          onSubmit={(event) => {
            event.preventDefault();
            apply();
          }}
        >
          <input
            type="search"
            name="search"
            defaultValue={search}
            aria-label="Search workflows"
            placeholder="Search names, labels, descriptions"
          />
        </form>
        {may('workflow:write') && (
          <a class="button primary" href={hrefOf('/workflows/new', { pack_ref: pack })}>
            New workflow
          </a>
        )}
      </div>
      {pack !== null && (
        <p>
          Only those of the pack <span class="strong">{pack}</span>.{' '}
          <a href={hrefWith({ pack_ref: null, page: null })}>All workflows</a>
        </p>
      )}
      <Listing
        name="Workflows"
        noun="workflow"
        class="workflows"
        reading={reading}
        columns={canSeeRuns ? [...COLUMNS, `Runs of ${DAYS} days`] : COLUMNS}
        keyOf={({ ref }) => ref}
        empty={<NoWorkflows search={search} pack={pack} />}
        row={({ ref, label, version, updated, enabled, tags }) => (
          <>
            <NameCell>
              <a href={hrefOf(workflowPath(ref))}>{ref}</a>
            </NameCell>
            <ListCell>
              <bdi>{label}</bdi>
              {!enabled && <span class="tag">disabled</span>}
              {tags.map((tag) => (
                <span class="tag" key={tag}>
                  {tag}
                </span>
              ))}
            </ListCell>
            <ListCell of="Version" class="number-cell">
              {version}
            </ListCell>
            <ListCell of="Updated" class="time-cell">
              <Instant at={updated} />
            </ListCell>
            {canSeeRuns && (
              <ListCell of={`Runs of ${DAYS} days`}>
                <RecentRuns workflow={ref} since={since} reading={counted} />
              </ListCell>
            )}
          </>
        )}
      />
    </div>
  );
}

function NoWorkflows({ search, pack }: { search: string; pack: string | null }) {
  if (search !== '') return <p class="strong">No workflows match this search.</p>;
  if (pack !== null) return <p class="strong">This pack has no workflows.</p>;
  return (
    <>
      <p class="strong">No workflows yet.</p>
      <p class="soft">
        A workflow appears here as soon as somebody stores one: on this page, with <code>npx fermata apply</code> or
        with <a href={`${ROOT}/docs`}>the API</a>.
      </p>
    </>
  );
}
