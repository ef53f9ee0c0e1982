import { useMemo } from 'preact/hooks';
import { compareTexts } from './comparison.ts';

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
