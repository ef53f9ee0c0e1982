import { useMemo } from 'preact/hooks';
import { useRead } from '../../../client/reads.ts';
import { type ApiRequestOptions, request, requestText } from '../../../client/request.ts';
import type { ShownWorkflow } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { compareTexts } from './comparison.ts';
import { writeRevision } from './definition-text.ts';

/** The lines in which two revisions of a workflow differ; `path` is that of the workflow in the API. */
export function Difference({ path, from, to }: { path: string; from: number; to: number }) {
  const before = useRead(`${path}?revision=${from}`, readRevision);
  const after = useRead(`${path}?revision=${to}`, readRevision);
  const error = before.error ?? after.error;
  if (error !== null) {
    const retry = () => {
      before.reload();
      after.reload();
    };
    return <ReadError what="The revisions could not be compared" error={error} retry={retry} />;
  }
  if (before.isLoading || after.isLoading || before.value === undefined || after.value === undefined) {
    return <Loading of="the difference" />;
  }
  return <TextDifference before={before.value} after={after.value} />;
}

/** The lines in which two texts differ. */
export function TextDifference({ before, after }: { before: string; after: string }) {
  const hunks = useMemo(() => compareTexts(before, after), [before, after]);
  return (
    <section aria-label="Difference">
      <Hunks hunks={hunks} />
    </section>
  );
}

/** Groups of lines that differ; null if there are too many. */
function Hunks({ hunks }: { hunks: ReturnType<typeof compareTexts> }) {
  if (hunks === null) return <p class="soft">They differ in too many lines to be compared here.</p>;
  if (hunks.length === 0) return <p class="soft">They are identical.</p>;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard
    <pre class="difference" tabIndex={0} role="group" aria-label="Lines that differ">
      {hunks.map(({ oldStart, newStart, lines }) => (
        <span key={`${oldStart} ${newStart}`} class="hunk">
          <span class="soft">{`Line ${newStart}\n`}</span>
          {lines.map((line, index) => (
            <DifferingLine key={index} line={line} />
          ))}
        </span>
      ))}
    </pre>
  );
}

function DifferingLine({ line }: { line: string }) {
  if (line.startsWith('+')) return <ins>{`${line}\n`}</ins>;
  if (line.startsWith('-')) return <del>{`${line}\n`}</del>;
  return <span>{`${line}\n`}</span>;
}

/** Reads all of a revision as one text: its definition as YAML, and its schemas, if it has them. */
async function readRevision(path: string, options: ApiRequestOptions): Promise<string> {
  const [{ data }, definition] = await Promise.all([
    request<{ data: ShownWorkflow }>(path, options),
    requestText(path.replace('?', '/source?'), options),
  ]);
  return writeRevision(data, definition);
}
