import { useRead } from '../../client/reads.ts';
import type { WorkflowList } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { Pager } from '../../parts/pager.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { TableHead } from '../../parts/table-head.tsx';
import { Instant } from '../../parts/time.tsx';
import { go, hrefOf, hrefWith, pageQuery, ROOT } from '../../routing/location.ts';

const PAGE_SIZE = 25;
const COLUMNS = ['Workflow', 'Label', 'Version', 'Updated'];

/** The stored workflows. */
export function WorkflowsPage() {
  const search = pageQuery.value.get('search') ?? '';
  const asked = new URLSearchParams({ page: pageQuery.value.get('page') ?? '1', per_page: String(PAGE_SIZE) });
  if (search !== '') asked.set('search', search);
  const { value, error, isLoading, reload } = useRead<WorkflowList>(`/workflows?${asked}`);
  return (
    <div class="page">
      <div class="title-row">
        <Heading title="Workflows" />
        <form
          class="search"
          onSubmit={(event) => {
            event.preventDefault();
            const text = String(new FormData(event.currentTarget).get('search') ?? '').trim();
            go(hrefWith({ search: text || null, page: null }));
          }}
        >
          <input
            type="search"
            name="search"
            key={search}
            defaultValue={search}
            aria-label="Search workflows"
            placeholder="Search labels and descriptions"
          />
        </form>
      </div>
      {error !== null && <ReadError what="The workflows could not be read" error={error} retry={reload} />}
      {value === undefined && error === null && (
        <div class="bone tall" role="status" aria-label="Loading the workflows" aria-busy="true" />
      )}
      {value !== undefined && <List list={value} isBusy={isLoading} isSearch={search !== ''} />}
    </div>
  );
}

function List({ list, isBusy, isSearch }: { list: WorkflowList; isBusy: boolean; isSearch: boolean }) {
  const { data, meta } = list;
  if (data.length === 0) {
    return (
      <div class="empty" aria-busy={isBusy}>
        <p class="strong">{isSearch ? 'No workflows match this search.' : 'No workflows yet.'}</p>
        {!isSearch && (
          <p class="soft">
            A workflow appears here as soon as somebody stores one, with <a href={`${ROOT}/docs`}>the API</a> or a pack.
          </p>
        )}
      </div>
    );
  }
  return (
    <>
      <table role="table" class="table workflows" aria-label="Workflows" aria-busy={isBusy}>
        <TableHead columns={COLUMNS} />
        <tbody role="rowgroup">
          {data.map(({ ref, label, version, updated, enabled, tags }) => (
            <tr role="row" key={ref}>
              <th role="rowheader" scope="row" class="ref-cell">
                <a href={hrefOf(`/workflows/${encodeURIComponent(ref)}`)}>{ref}</a>
              </th>
              <td role="cell" class="label-cell">
                {label}
                {!enabled && <span class="tag">disabled</span>}
                {tags.map((tag) => (
                  <span class="tag" key={tag}>
                    {tag}
                  </span>
                ))}
              </td>
              <td role="cell" class="number-cell">
                {version}
              </td>
              <td role="cell" class="time-cell">
                <Instant at={updated} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Pager
        page={meta.page}
        size={meta.per_page}
        rows={data.length}
        total={meta.total}
        last={meta.total_pages}
        noun="workflow"
      />
    </>
  );
}
