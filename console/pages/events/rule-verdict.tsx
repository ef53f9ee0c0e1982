import type { ShownRuleTest } from '../../client/shapes.ts';
import { Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';
import { numberText } from '../../parts/words.ts';
import { ConditionParts } from './condition-parts.tsx';

/** What a rule does with an event, and why. */
export function RuleVerdict({ test }: { test: ShownRuleTest }) {
  const { matched, reason, type, when, parameters, would_start: start, dedupe, throttle } = test;
  return (
    <>
      <p>
        <span class="strong">{matched ? 'It matches.' : 'It starts nothing.'}</span> {reason?.message}
      </p>
      {!type.matched && (
        <p>
          The rule is about <code>{type.pattern}</code>.
        </p>
      )}
      {when !== null && (
        <>
          <h3>Why</h3>
          <ConditionParts condition={when} />
        </>
      )}
      {dedupe !== null && (
        <p>
          Its key is <code>{dedupe.key}</code>
          {dedupe.duplicate_of !== null && `, which enforcement ${dedupe.duplicate_of} has already`}.
        </p>
      )}
      {throttle !== null && (
        <p>
          {numberText(throttle.taken)} of {numberText(throttle.limit)} starts are taken
          {throttle.not_before !== null && (
            <>
              {': the next one waits until '}
              <Instant at={throttle.not_before} />
            </>
          )}
          .
        </p>
      )}
      {start !== null && (
        <p>
          It {start.issues.length === 0 ? 'would start' : 'could not start'} {start.workflow}
          {start.version !== null && `, version ${start.version}`}
          {start.issues.length === 0 ? '.' : `: ${start.issues.map(({ message }) => message).join('; ')}`}
        </p>
      )}
      {parameters !== null && (
        <>
          <h3>Rendered parameters</h3>
          <ValueView name="Rendered parameters" value={parameters} />
        </>
      )}
    </>
  );
}
