import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { request } from '../../../client/request.ts';
import type { ShownValidation } from '../../../client/shapes.ts';
import { RefusalNote } from '../../../parts/forms/refusal-note.tsx';
import { onSubmit, useSubmission } from '../../../parts/forms/submission.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { DefinitionVerdict } from './definition-verdict.tsx';

/** The text of a workflow, to be changed and checked, and to be stored by those who may. */
export function DefinitionEditor({
  start,
  validation,
  keep,
  onText,
  children,
}: {
  /** The text that it begins with. */
  start: string;
  /** The path of the API that checks the text. */
  validation: string;
  /**
   * Stores the text: the name of the button, and the act, which throws a RequestError and can ask whether the editor is still shown; null: it can
   * only be checked.
   */
  keep: { name: string; store: (text: string, isShown: () => boolean) => Promise<void> } | null;
  /** Called with each text that is entered. */
  onText?: (text: string) => void;
  /** Shown below the buttons. */
  children?: ComponentChildren;
}) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(start);
  const checking = useSubmission(check);
  const storing = useSubmission(store);
  const isBusy = checking.isBusy || storing.isBusy;

  async function check(): Promise<ShownValidation> {
    return (await request<{ data: ShownValidation }>(validation, { method: 'POST', yaml: text })).data;
  }

  async function store(_: HTMLFormElement, isShown: () => boolean) {
    const verdict = await check();
    checking.show(() => verdict);
    if (verdict.valid) await keep?.store(text, isShown);
  }

  function change(changed: string) {
    setText(changed);
    onText?.(changed);
    // A result is about the text that was checked.
    checking.drop();
    storing.drop();
  }

  return (
    <form class="check" onSubmit={onSubmit((form) => isBusy || checking.submit(form))} aria-busy={isBusy}>
      <NumberedText field={field} text={text} isFixed={storing.isBusy} change={change} />
      <div class="verdict">
        <div class="acts">
          {keep !== null && (
            <button
              type="button"
              class="button primary"
              aria-disabled={isBusy}
              onClick={({ currentTarget }) => isBusy || storing.submit(currentTarget.form!)}
            >
              {keep.name}
            </button>
          )}
          <button type="submit" class={keep === null ? 'button primary' : 'button'} aria-disabled={isBusy}>
            Check
          </button>
        </div>
        {checking.refusal !== null && (
          <ReadError
            what="The text could not be checked"
            error={checking.refusal}
            retry={() => checking.submit(field.current!.form!)}
          />
        )}
        <RefusalNote of={storing.refusal} />
        {checking.answer !== null && <DefinitionVerdict validation={checking.answer} field={field} />}
        {children}
      </div>
    </form>
  );
}

/** A field for a long text, with the numbers of its lines. */
function NumberedText({
  field,
  text,
  isFixed,
  change,
}: {
  field: { current: HTMLTextAreaElement | null };
  text: string;
  isFixed: boolean;
  change: (text: string) => void;
}) {
  const numbers = useRef<HTMLPreElement>(null);
  const lines = text.split('\n').length;
  return (
    <div class="editor">
      <pre ref={numbers} aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join('')}
      </pre>
      <textarea
        ref={field}
        aria-label="Definition text"
        class="mono"
        rows={24}
        wrap="off"
        spellcheck={false}
        readOnly={isFixed}
        value={text}
        onInput={({ currentTarget }) => change(currentTarget.value)}
        onScroll={({ currentTarget }) => {
          if (numbers.current) numbers.current.scrollTop = currentTarget.scrollTop;
        }}
      />
    </div>
  );
}
