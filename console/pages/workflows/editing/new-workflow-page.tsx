import { useRead } from '../../../client/reads.ts';
import { request } from '../../../client/request.ts';
import { may } from '../../../client/session.ts';
import type { ListPage, ShownPack, ShownWorkflow } from '../../../client/shapes.ts';
import { Heading } from '../../../parts/heading.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { go, hrefOf, pageQuery } from '../../../routing/location.ts';
import { writeNewWorkflow } from '../revisions/definition-text.ts';
import { DefinitionEditor } from './definition-editor.tsx';

/** The pack of an example where there is none yet. */
const NO_PACK = 'my_pack';

/** A text for a new workflow, which begins as one that does something. */
export function NewWorkflowPage() {
  const chosen = pageQuery.value.get('pack_ref');
  const { value, error, reload } = useRead<ListPage<ShownPack>>(chosen === null ? '/packs?per_page=1' : null);
  const pack = chosen ?? (value && (value.data[0]?.ref ?? NO_PACK));

  async function create(text: string) {
    const { data } = await request<{ data: ShownWorkflow }>('/workflows', { method: 'POST', yaml: text });
    announce(`${data.ref} is stored.`);
    go(hrefOf(`/workflows/${encodeURIComponent(data.ref)}`));
  }

  return (
    <div class="page">
      <div>
        <p class="small">
          <a href={hrefOf('/workflows')}>Workflows</a>
        </p>
        <Heading title="New workflow" />
      </div>
      {error !== null && <ReadError what="The packs could not be read" error={error} retry={reload} />}
      {pack === undefined && error === null && <Loading of="the packs" />}
      {pack !== undefined && (
        <DefinitionEditor
          start={writeNewWorkflow(pack)}
          validation="/workflows/validate"
          keep={may('workflow:write') ? { name: 'Store', store: create } : null}
        />
      )}
    </div>
  );
}
