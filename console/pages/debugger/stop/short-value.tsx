import { ValueView } from '../../../parts/value.tsx';

/** How much of a value stands in a cell, in characters. */
const SHOWN = 140;

/** A value in a cell of a table: one line of JSON, behind which a longer one is shown as a whole. `name` names it. */
export function ShortValue({ name, value }: { name: string; value: unknown }) {
  const text = JSON.stringify(value) ?? 'null';
  if (text.length <= SHOWN) return <code class="short-value">{text}</code>;
  return (
    <details class="long-value">
      <summary>
        <code class="short-value">{text.slice(0, SHOWN)}…</code>
        <span class="hidden"> Whole value of {name}</span>
      </summary>
      <ValueView name={name} value={value} />
    </details>
  );
}
