import { useRead } from '../../../client/reads.ts';
import type { EventMatchPage, ShownMatch } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { hrefOf, pageQuery } from '../../../routing/location.ts';
import { rulePath } from '../../../routing/paths.ts';
import { RuleVerdict } from '../rule-verdict.tsx';

/** Why each rule whose type fits matches an event, or does not, as the rules are now. */
export function RuleExplanations({ event }: { event: number }) {
  const cursor = pageQuery.value.get('rules');
  const query = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
  const { value, error, reload } = useRead<EventMatchPage>(`/events/${event}/matches${query}`);
  return (
    <section class="card sheet" aria-label="Rules">
      <h2>Rules</h2>
      {error !== null && <ReadError what="The rules could not be read" error={error} retry={reload} />}
      {value === undefined && error === null && <Loading of="the rules" />}
      {value?.data.length === 0 && <p class="soft">No rule is about events of this type.</p>}
      {value !== undefined && value.data.length > 0 && (
        <ul class="plain-list">
          {value.data.map((match) => (
            <li key={match.rule}>
              <Match match={match} />
            </li>
          ))}
        </ul>
      )}
      {value?.next_cursor != null && (
        <p>
          <a href={hrefOf(`/events/${event}`, { rules: value.next_cursor })}>Further rules</a>
        </p>
      )}
    </section>
  );
}

function Match({ match }: { match: ShownMatch }) {
  const { rule_ref: ref, enabled, matched, reason } = match;
  return (
    <details>
      <summary>
        <span class="strong">{ref}</span>{' '}
        <span class="soft small">{matched ? 'matches' : (reason?.message ?? 'does not match')}</span>
        {!enabled && <span class="tag">disabled</span>}
      </summary>
      <RuleVerdict test={match} />
      <p>
        <a href={hrefOf(rulePath(ref))}>Rule {ref}</a>
      </p>
    </details>
  );
}
