import type { ShownValidation } from '../../../client/shapes.ts';
import { countText } from '../../../parts/words.ts';

type LocatedIssue = ShownValidation['issues'][number];

/** What is wrong with the text of a workflow. Each issue is a link, which moves the caret of the field there. */
export function DefinitionVerdict({
  validation,
  field,
}: {
  validation: ShownValidation;
  /** The field that has the text. */
  field: { readonly current: HTMLTextAreaElement | null };
}) {
  const show = (issue: LocatedIssue) => showIssue(field.current, issue);
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
