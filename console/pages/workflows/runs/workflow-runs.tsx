import { useEvents } from '../../../client/live.ts';
import { useRead } from '../../../client/reads.ts';
import type { RunListPage } from '../../../client/shapes.ts';
import { ListPager } from '../../../parts/lists/pager.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { hrefOf, pageQuery } from '../../../routing/location.ts';
import { listPath } from '../../runs/filters.ts';
import { RunTable } from '../../runs/run-table.tsx';

/** The runs of a workflow, newest first. */
export function WorkflowRuns({ workflow }: { workflow: string }) {
  const asked = new URLSearchParams({ workflow, page: pageQuery.value.get('page') ?? '1' });
  const { value, error, isLoading, reload, refresh } = useRead<RunListPage>(listPath(asked, Date.now()));
  useEvents('/executions/events', ['execution'], refresh);
  const failure = error !== null && <ReadError what="The runs could not be read" error={error} retry={reload} />;
  if (value === undefined) return failure || <Loading of="the runs" />;
  return (
    <>
      {failure}
      {value.data.length === 0 ? (
        <p class="soft">No run of this workflow has been started.</p>
      ) : (
        <RunTable rows={value.data} isBusy={isLoading} />
      )}
      <div class="title-row">
        <ListPager list={value} noun="run" />
        <a href={hrefOf('/runs', { workflow })}>Filter these runs</a>
      </div>
    </>
  );
}
