import type { ShownCondition } from '../../client/shapes.ts';

/** How a condition comes to its value: each part of `and`, `or` and `not`, and what comparisons compare. */
export function ConditionParts({ condition }: { condition: ShownCondition }) {
  const { text, operands = [], parts = [] } = condition;
  return (
    <div class="explanation">
      <p>
        <code>{text}</code> <Outcome of={condition} />
      </p>
      {operands.length > 0 && (
        <ul>
          {operands.map((operand, at) => (
            <li key={at}>
              <code>{operand.text}</code> <Outcome of={operand} />
            </li>
          ))}
        </ul>
      )}
      {parts.length > 0 && (
        <ul>
          {parts.map((part, at) => (
            <li key={at}>
              <ConditionParts condition={part} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Outcome({ of: { value, error, cut } }: { of: Pick<ShownCondition, 'value' | 'error' | 'cut'> }) {
  if (error !== undefined) return <span class="wrong">{error.message}</span>;
  return (
    <span class="soft">
      is <code>{cut === true ? `${String(value)}…` : JSON.stringify(value)}</code>
    </span>
  );
}
