import { useRead } from '../../client/reads.ts';
import { may } from '../../client/session.ts';
import type { ShownRule } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';
import { durationText, numberText } from '../../parts/words.ts';
import { hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { RuleSwitch } from './rule-switch.tsx';
import { RuleTestForm } from './rule-test-form.tsx';
import { StartedBy } from './started-by.tsx';

/** One rule: which events it is about, what it starts, what has become of its matches, and a test of it. */
export function RulePage({ of }: PageProps) {
  const path = `/rules/${encodeURIComponent(of)}`;
  const { value, error, reload } = useRead<{ data: ShownRule }>(path);
  const rule = value?.data;
  return (
    <div class="page">
      <div class="title-row">
        <div>
          <p class="small">
            <a href={hrefOf('/events/rules')}>Rules</a>
          </p>
          <Heading title={of} />
          {rule !== undefined && <p class="soft">{rule.description ?? rule.label}</p>}
        </div>
        {rule !== undefined && may('workflow:write') && may('execution:execute') && (
          <RuleSwitch rule={rule} path={path} onDone={reload} />
        )}
      </div>
      {error !== null && <ReadError what="The rule could not be read" error={error} retry={reload} />}
      {rule === undefined && error === null && <Loading of="the rule" />}
      {rule !== undefined && (
        <>
          <RuleFacts rule={rule} />
          <section aria-label="Condition">
            <h2>Condition</h2>
            {rule.when === null ? (
              <p class="soft">Every event of its type matches.</p>
            ) : (
              <pre class="card condition-text">{rule.when}</pre>
            )}
          </section>
          <section aria-label="Parameters">
            <h2>Parameters</h2>
            <ValueView name="Parameters" value={rule.parameters} />
          </section>
          <RuleTestForm rule={rule} path={path} />
        </>
      )}
    </div>
  );
}

function RuleFacts({ rule }: { rule: ShownRule }) {
  const { enabled, type, webhook, dedupe, throttle, ordered, counts, owner, revision, updated } = rule;
  const { last_match: last, ...sums } = counts;
  return (
    <dl class="facts">
      <Fact name="State">{enabled ? 'enabled' : 'disabled'}</Fact>
      <Fact name="Events">{type}</Fact>
      {webhook !== null && <Fact name="Webhook">{webhook}</Fact>}
      <Fact name="Starts">
        <StartedBy rule={rule} />
      </Fact>
      {dedupe !== null && (
        <Fact name="Once for each">
          <code>{dedupe.key}</code> in {durationText(dedupe.window * 1_000)}
        </Fact>
      )}
      {throttle !== null && (
        <Fact name="At most">
          {numberText(throttle.limit)} in {durationText(throttle.per * 1_000)}, others{' '}
          {throttle.policy === 'queue' ? 'wait' : 'are skipped'}
        </Fact>
      )}
      {ordered && <Fact name="Order">one start after another</Fact>}
      {rule.allow_loops && <Fact name="Loops">Ends of runs that it began may start it.</Fact>}
      {(['matched', 'started', 'suppressed', 'failed'] as const).map((name) => (
        <Fact key={name} name={name[0]!.toUpperCase() + name.slice(1)}>
          {numberText(sums[name])}
        </Fact>
      ))}
      {sums.undefined > 0 && <Fact name="Path missing">{numberText(sums.undefined)}</Fact>}
      {last !== null && (
        <Fact name="Last match">
          <Instant at={last} />
        </Fact>
      )}
      <Fact name="Runs as">{owner}</Fact>
      <Fact name="Revision">
        {revision}, <Instant at={updated} />
      </Fact>
    </dl>
  );
}
