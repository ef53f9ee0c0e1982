import { sizeText } from './words.ts';

/** How much of a value is shown, in characters. */
const SHOWN = 64 * 1024;

/**
 * A value as JSON, as text and nothing else, with its size. `whole` is the address of all of it, where it has one. The API leaves out what is
 * too large and answers null: `bytes` is the size of the value itself.
 */
export function ValueView({
  name,
  value,
  whole = null,
  bytes = null,
}: {
  name: string;
  value: unknown;
  whole?: string | null;
  bytes?: number | null;
}) {
  const text = JSON.stringify(value, null, 2) ?? 'null';
  const isCut = text.length > SHOWN;
  const size = bytes ?? new Blob([JSON.stringify(value) ?? '']).size;
  const isLeftOut = value === null && size > 'null'.length;
  return (
    <figure class="value">
      <figcaption>
        <span class="soft small">
          {sizeText(size)}
          {isLeftOut && ', too large to be shown here'}
          {isCut && ', of which the beginning is shown'}
        </span>
        {whole !== null && (
          <a href={whole} target="_blank" rel="noreferrer">
            Whole value<span class="hidden"> of {name}</span>
          </a>
        )}
      </figcaption>
      {!isLeftOut && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard
        <pre tabIndex={0} role="group" aria-label={name}>
          {isCut ? `${text.slice(0, SHOWN)}…` : text}
        </pre>
      )}
    </figure>
  );
}
