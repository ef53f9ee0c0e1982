import { useRef, useState } from 'preact/hooks';
import { sizeText } from './words.ts';

/** How much of a value is shown at first, in characters. */
const SHOWN = 64 * 1024;

/**
 * A value as JSON, as text and nothing else, with its size. A long one is cut: `whole` is the address of all of it; without one, a button shows the
 * rest. The API leaves out what is too large and answers null: `bytes` is the size of the value itself.
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
  const shown = useRef<HTMLPreElement>(null);
  const [showsAll, setShowsAll] = useState(false);
  const text = JSON.stringify(value, null, 2) ?? 'null';
  const isCut = text.length > SHOWN && !showsAll;
  const size = bytes ?? new Blob([JSON.stringify(value) ?? '']).size;
  const isLeftOut = value === null && size > 'null'.length;
  function showAll() {
    setShowsAll(true);
    // The button is gone in a moment.
    shown.current?.focus();
  }

  return (
    <figure class="value">
      <figcaption>
        <span class="soft small">
          {sizeText(size)}
          {isLeftOut && ', too large to be shown here'}
          {isCut && ', of which the beginning is shown'}
        </span>
        {isCut && whole === null && (
          <button type="button" class="button quiet" onClick={showAll}>
            Show all<span class="hidden"> of {name}</span>
          </button>
        )}
        {whole !== null && (
          <a href={whole} target="_blank" rel="noreferrer">
            Whole value<span class="hidden"> of {name}</span>
          </a>
        )}
      </figcaption>
      {!isLeftOut && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard
        <pre ref={shown} tabIndex={0} role="group" aria-label={name}>
          {isCut ? `${text.slice(0, SHOWN)}…` : text}
        </pre>
      )}
    </figure>
  );
}
