import { useRead } from '../../client/reads.ts';
import type { WorkflowList } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { go, hrefOf, hrefWith, pageQuery, ROOT } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';

/** The stored workflows. */
export function WorkflowsPage() {
  const search = pageQuery.value.get('search') ?? '';
  const reading = useRead<WorkflowList>(pagePath('/workflows', pageQuery.value, { search }));
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
            placeholder="Search names, labels, descriptions"
          />
        </form>
      </div>
      <Listing
        name="Workflows"
        noun="workflow"
        class="workflows"
        reading={reading}
        columns={['Workflow', 'Label', 'Version', 'Updated']}
        keyOf={({ ref }) => ref}
        empty={search === '' ? <NoWorkflows /> : <p class="strong">No workflows match this search.</p>}
        row={({ ref, label, version, updated, enabled, tags }) => (
          <>
            <NameCell>
              <a href={hrefOf(`/workflows/${encodeURIComponent(ref)}`)}>{ref}</a>
            </NameCell>
            <ListCell>
              {label}
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
          </>
        )}
      />
    </div>
  );
}

function NoWorkflows() {
  return (
    <>
      <p class="strong">No workflows yet.</p>
      <p class="soft">
        A workflow appears here as soon as somebody stores one, with <a href={`${ROOT}/docs`}>the API</a> or a pack.
      </p>
    </>
  );
}
