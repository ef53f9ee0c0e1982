import type { TargetedEvent } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useRead } from '../../client/reads.ts';
import { request, requestText } from '../../client/request.ts';
import { RequestError } from '../../client/request-error.ts';
import type { ShownValidation, ShownWorkflow } from '../../client/shapes.ts';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { countText } from '../../parts/words.ts';
import { writeWorkflow } from './definition-text.ts';

type LocatedIssue = ShownValidation['issues'][number];

/** A text that says what a workflow does, to be changed and checked. Nothing is stored. */
export function CheckView({ workflow, path }: { workflow: ShownWorkflow; path: string }) {
  const source = useRead(`${path}/source`, requestText);
  if (source.error !== null)
    return <ReadError what="The definition could not be read" error={source.error} retry={source.reload} />;
  if (source.value === undefined) return <Loading of="the definition" />;
  return <CheckForm start={writeWorkflow(workflow, source.value)} />;
}

function CheckForm({ start }: { start: string }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLPreElement>(null);
  const [text, setText] = useState(start);
  const [validation, setValidation] = useState<ShownValidation | null>(null);
  const [error, setError] = useState<RequestError | null>(null);
  const [isBusy, setBusy] = useState(false);
  // What the field holds now, for an answer that comes while it is changed.
  const current = useRef(text);
  const lines = text.split('\n').length;

  async function check() {
    if (isBusy) return;
    setBusy(true);
    try {
      const options = { method: 'POST', yaml: text } as const;
      const { data } = await request<{ data: ShownValidation }>('/workflows/validate', options);
      if (current.current === text) show(data, null);
    } catch (refusal) {
      if (!(refusal instanceof RequestError)) throw refusal;
      if (current.current === text) show(null, refusal);
    } finally {
      setBusy(false);
    }
  }

  function show(verdict: ShownValidation | null, refusal: RequestError | null) {
    setValidation(verdict);
    setError(refusal);
  }

  function change(changed: string) {
    current.current = changed;
    setText(changed);
    // A result is about the text that was checked.
    show(null, null);
  }

  function submit(event: TargetedEvent<HTMLFormElement, Event>) {
    event.preventDefault();
    void check();
  }

  return (
    <form class="check" onSubmit={submit} aria-busy={isBusy}>
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
          value={text}
          onInput={({ currentTarget }) => change(currentTarget.value)}
          onScroll={({ currentTarget }) => {
            if (numbers.current) numbers.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      <div class="verdict">
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          Check
        </button>
        {error !== null && <ReadError what="The text could not be checked" error={error} retry={check} />}
        {validation !== null && <Verdict validation={validation} show={(issue) => showIssue(field.current, issue)} />}
      </div>
    </form>
  );
}

function Verdict({ validation, show }: { validation: ShownValidation; show: (issue: LocatedIssue) => void }) {
  const { valid, issues, warnings } = validation;
  return (
    <>
      <p role="status" aria-label="Result" class="strong">
        {valid ? 'This workflow can be stored.' : `This workflow has ${countText(issues.length, 'error')}.`}
        {warnings.length > 0 && ` ${countText(warnings.length, 'warning')}.`}
      </p>
      {issues.length + warnings.length > 0 && (
        <ul class="issues" aria-label="Issues">
          {issues.map((issue, index) => (
            <IssueLine key={index} issue={issue} show={show} />
          ))}
          {warnings.map((issue, index) => (
            <IssueLine key={`warning ${index}`} issue={issue} isWarning show={show} />
          ))}
        </ul>
      )}
    </>
  );
}

function IssueLine({
  issue,
  isWarning = false,
  show,
}: {
  issue: LocatedIssue;
  isWarning?: boolean;
  show: (issue: LocatedIssue) => void;
}) {
  const { source, message, path } = issue;
  const words = isWarning ? `warning: ${message}` : message;
  return (
    <li>
      {source === undefined ? (
        words
      ) : (
        // biome-ignore lint/a11y/useValidAnchor: it leads to a place in the text, which has no address
        <a
          href="#definition-text"
          onClick={(event) => {
            event.preventDefault();
            show(issue);
          }}
        >
          Line {source.line}: {words}
        </a>
      )}
      {path !== '' && <code class="soft small">{path}</code>}
    </li>
  );
}

/** Moves the caret to where an issue stands. */
function showIssue(field: HTMLTextAreaElement | null, { source }: LocatedIssue): void {
  if (field === null || source === undefined) return;
  const lines = field.value.split('\n');
  const before = lines.slice(0, source.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const place = before + source.column - 1;
  field.focus();
  field.setSelectionRange(place, before + (lines[source.line - 1]?.length ?? 0));
  // The line stands in the upper third.
  field.scrollTop = (field.scrollHeight / lines.length) * (source.line - 1) - field.clientHeight / 3;
}
