import type { EnforcementStatus } from '../../../../model/events/states.ts';
import { useRead } from '../../../client/reads.ts';
import { may } from '../../../client/session.ts';
import type { ShownRule } from '../../../client/shapes.ts';
import { Heading } from '../../../parts/heading.tsx';
import { Fact } from '../../../parts/lists/fact.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { Instant } from '../../../parts/time.tsx';
import { ValueView } from '../../../parts/value.tsx';
import { durationText, numberText } from '../../../parts/words.ts';
import { hrefOf } from '../../../routing/location.ts';
import type { PageProps } from '../../../routing/page-props.ts';
import { rulePath } from '../../../routing/paths.ts';
import { mayStoreRules } from '../rules.ts';
import { StartedBy } from '../started-by.tsx';
import { StateBadge } from '../state-badge.tsx';
import { RuleRemoval } from './rule-removal.tsx';
import { RuleSwitch } from './rule-switch.tsx';
import { RuleTestForm, testRule } from './rule-test-form.tsx';

/** One rule: which events it is about, what it starts, what has become of its matches, and a test of it. */
export function RulePage({ of }: PageProps) {
  const path = rulePath(of);
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
        {rule !== undefined && may('workflow:write') && (
          <div class="acts">
            {mayStoreRules() && (
              <>
                <a class="button" href={hrefOf(`${path}/edit`)}>
                  Edit this rule
                </a>
                <RuleSwitch rule={rule} path={path} onDone={reload} />
              </>
            )}
            <RuleRemoval rule={rule.ref} path={path} />
          </div>
        )}
      </div>
      {error !== null && <ReadError what="The rule could not be read" error={error} retry={reload} />}
      {rule === undefined && error === null && <Loading of="the rule" />}
      {rule !== undefined && (
        <>
          <RuleFacts rule={rule} />
          <Matches rule={rule} />
          <div class="ends">
            <section class="card" aria-label="Condition">
              <h2>Condition</h2>
              {rule.when === null ? (
                <p class="soft">Every event of its type matches.</p>
              ) : (
                <pre class="condition-text">{rule.when}</pre>
              )}
            </section>
            <section class="card" aria-label="Parameters">
              <h2>Parameters</h2>
              <ValueView name="Parameters" value={rule.parameters} />
            </section>
          </div>
          <RuleTestForm type={rule.type} webhook={rule.webhook} test={(event) => testRule(path, { event })} />
        </>
      )}
    </div>
  );
}

function RuleFacts({ rule }: { rule: ShownRule }) {
  const { enabled, type, webhook, dedupe, throttle, ordered, owner, revision, updated } = rule;
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
      <Fact name="Runs as">{owner}</Fact>
      <Fact name="Revision">
        {revision}, <Instant at={updated} />
      </Fact>
    </dl>
  );
}

/** What has become of the events that match a rule; each number leads to the enforcements that it counts. */
function Matches({ rule: { ref, counts } }: { rule: ShownRule }) {
  const listed = (status: EnforcementStatus | null) => hrefOf('/events/enforcements', { rule: ref, status });
  return (
    <section class="card sheet" aria-label="Matches">
      <h2>Matches</h2>
      <dl class="facts">
        <Fact name="Matched">
          <a href={listed(null)} aria-label={`${numberText(counts.matched)} matched`}>
            {numberText(counts.matched)}
          </a>
        </Fact>
        {(['started', 'suppressed', 'failed'] as const).map((status) => (
          <Fact key={status} name={status} isSilent>
            <StateBadge state={status} />{' '}
            <a href={listed(status)} aria-label={`${numberText(counts[status])} ${status}`}>
              {numberText(counts[status])}
            </a>
          </Fact>
        ))}
        {counts.undefined > 0 && <Fact name="Path missing">{numberText(counts.undefined)}</Fact>}
        <Fact name="Last match">{counts.last_match === null ? 'never' : <Instant at={counts.last_match} />}</Fact>
      </dl>
    </section>
  );
}
