import { useState } from 'preact/hooks';
import { useRead } from '../../../client/reads.ts';
import { type ApiRequestOptions, replaceTagged, requestTagged, requestText } from '../../../client/request.ts';
import { may } from '../../../client/session.ts';
import type { ShownWorkflow } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { Overtaken } from '../../../parts/texts/overtaken.tsx';
import { writeUpdate, writeWorkflow } from '../revisions/definition-text.ts';
import { DefinitionEditor } from './definition-editor.tsx';

/** The text of a workflow as it is stored, with the tag of that state. */
interface StoredText {
  text: string;
  tag: string;
}

/** A text that somebody has begun to change, and what it is to replace. */
export interface WorkflowDraft {
  text: string;
  base: StoredText;
  /** Whether somebody else has changed the workflow since the text was begun. */
  isOvertaken: boolean;
}

/** What the page of a workflow keeps while other views are shown, and what it does afterwards. */
export interface WorkflowEditing {
  draft: WorkflowDraft | null;
  keepDraft: (draft: WorkflowDraft) => void;
  /** Called with a text that was stored, and whether the editor is still shown. */
  onStored: (text: string, isShown: boolean) => void;
}

interface CheckViewProps {
  workflow: ShownWorkflow;
  path: string;
  editing: WorkflowEditing;
}

/** Everything that a workflow says, as a text that can be changed, checked, and stored by those who may. */
export function CheckView(props: CheckViewProps) {
  const { draft } = props.editing;
  const source = useRead(draft === null ? props.path : null, readStoredText);
  if (source.error !== null)
    return <ReadError what="The definition could not be read" error={source.error} retry={source.reload} />;
  const base = source.value;
  const begun = draft ?? (base && { text: base.text, base, isOvertaken: false });
  return begun === undefined ? <Loading of="the definition" /> : <UpdateEditor begun={begun} {...props} />;
}

function UpdateEditor({ begun, workflow: { ref }, path, editing }: CheckViewProps & { begun: WorkflowDraft }) {
  const [draft, setDraft] = useState(begun);
  const { base, isOvertaken } = draft;

  function keep(changed: WorkflowDraft) {
    setDraft(changed);
    editing.keepDraft(changed);
  }

  async function store(text: string, isShown: () => boolean) {
    const stored = await replaceTagged<{ data: ShownWorkflow }>(path, base.tag, { yaml: writeUpdate(text) });
    if (stored === null) {
      const theirs = await readStoredText(path);
      if (isShown()) keep({ text, base: theirs, isOvertaken: true });
      return;
    }
    const { revision, version } = stored.data;
    announce(`${ref} is stored: revision ${revision}, version ${version}.`);
    editing.onStored(text, isShown());
  }

  return (
    <>
      <DefinitionEditor
        start={begun.text}
        validation={`/workflows/validate?ref=${encodeURIComponent(ref)}`}
        keep={may('workflow:write') ? { name: isOvertaken ? 'Store anyway' : 'Store', store } : null}
        onText={(text) => keep({ ...draft, text })}
      >
        <p class="soft small">
          A field that is left out stays as it is; <code>null</code> takes it away. A definition alone is a text, too.
        </p>
      </DefinitionEditor>
      {isOvertaken && <Overtaken noun="workflow" stored={base.text} mine={draft.text} />}
    </>
  );
}

/** Reads everything that an update of a workflow may change as a text. */
async function readStoredText(path: string, options: ApiRequestOptions = {}): Promise<StoredText> {
  const { body, tag } = await requestTagged<{ data: ShownWorkflow }>(path, options);
  const definition = await requestText(`${path}/source?revision=${body.data.revision}`, options);
  return { text: writeWorkflow(body.data, definition), tag };
}
