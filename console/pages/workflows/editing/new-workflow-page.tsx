import { useState } from 'preact/hooks';
import { useRead } from '../../../client/reads.ts';
import { request } from '../../../client/request.ts';
import { may } from '../../../client/session.ts';
import type { ShownWorkflow, WorkflowList } from '../../../client/shapes.ts';
import { Heading } from '../../../parts/heading.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { useDraft } from '../../../parts/texts/drafts.ts';
import { go, hrefOf, hrefWith, pageQuery } from '../../../routing/location.ts';
import { workflowPath } from '../../../routing/paths.ts';
import { writeNewWorkflow } from '../revisions/definition-text.ts';
import { DefinitionEditor } from './definition-editor.tsx';
import { NewPackDialog } from './new-pack-dialog.tsx';

/** The pack of the example where no workflow is stored yet: it is still to be made. */
const FIRST_PACK = 'my_pack';

/** A text for a new workflow, which begins as one that does something, in a pack that has workflows already. */
export function NewWorkflowPage() {
  const chosen = pageQuery.value.get('pack_ref');
  const { value, error, reload } = useRead<WorkflowList>(chosen === null ? '/workflows?per_page=1' : null);
  const pack = chosen ?? (value && (value.data[0]?.pack_ref ?? FIRST_PACK));
  const [draft, setDraft] = useDraft<string>('/workflows/new');
  const [isPackAsked, setPackAsked] = useState(false);

  async function create(text: string, isShown: () => boolean) {
    const { data } = await request<{ data: ShownWorkflow }>('/workflows', { method: 'POST', yaml: text });
    announce(`${data.ref} is stored.`);
    if (isShown()) go(hrefOf(workflowPath(data.ref)));
  }

  function usePack(ref: string) {
    announce(`The pack ${ref} is stored.`);
    // A text that was changed stays as it is.
    if (draft === null) go(hrefWith({ pack_ref: ref }), { replace: true });
  }

  return (
    <div class="page">
      <div class="title-row">
        <div>
          <p class="small">
            <a href={hrefOf('/workflows')}>Workflows</a>
          </p>
          <Heading title="New workflow" />
          <p class="soft">A workflow belongs to a pack that exists, and its name begins with that of the pack.</p>
        </div>
        {may('workflow:write') && (
          <button type="button" class="button" onClick={() => setPackAsked(true)}>
            New pack
          </button>
        )}
      </div>
      {error !== null && <ReadError what="The workflows could not be read" error={error} retry={reload} />}
      {pack === undefined && error === null && <Loading of="the workflows" />}
      {pack !== undefined && (
        <DefinitionEditor
          key={pack}
          start={draft ?? writeNewWorkflow(pack)}
          validation="/workflows/validate?new=1"
          keep={may('workflow:write') ? { name: 'Store', store: create } : null}
          onText={setDraft}
        />
      )}
      {isPackAsked && (
        <NewPackDialog suggested={pack === FIRST_PACK ? pack : ''} close={() => setPackAsked(false)} onMade={usePack} />
      )}
    </div>
  );
}
