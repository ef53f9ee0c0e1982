import { useRead } from '../../client/reads.ts';
import type { ListPage, ShownRule } from '../../client/shapes.ts';
import { EmptyList, type ListFilter, ListFilters } from '../../parts/lists/list-filters.tsx';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { numberText } from '../../parts/words.ts';
import { hrefOf, pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { rulePath } from '../../routing/paths.ts';
import { mayStoreRules } from './rules.ts';
import { StartedBy } from './started-by.tsx';

const FILTERS: ListFilter[] = [
  { name: 'search', label: 'Search', hint: 'a part of a name or label' },
  { name: 'type', label: 'Type', hint: 'com.github.push' },
  { name: 'workflow', label: 'Starts', hint: 'the name of a workflow' },
  { name: 'pack_ref', label: 'Pack', hint: 'the name of a pack' },
  { name: 'enabled', label: 'Enabled', values: ['true', 'false'] },
];

const PURPOSE = 'A rule says which events start which workflow.';

/** The rules: the events that each is about, what it starts, and what has become of its matches. */
export function RuleList() {
  const query = pageQuery.value;
  const canStore = mayStoreRules();
  const given = Object.fromEntries(FILTERS.map(({ name }) => [name, query.get(name)]));
  const reading = useRead<ListPage<ShownRule>>(pagePath('/rules', query, given));
  return (
    <>
      <ListFilters name="Filter rules" filters={FILTERS} />
      {canStore && (
        <p class="list-act">
          <a class="button primary" href={hrefOf('/rules/new')}>
            New rule
          </a>
        </p>
      )}
      <Listing
        name="Rules"
        noun="rule"
        class="rule-list"
        reading={reading}
        columns={['Rule', 'Events', 'Starts', 'Matched', 'Last match']}
        keyOf={({ ref }) => ref}
        empty={
          <EmptyList
            filters={FILTERS}
            noun="rules"
            otherwise={canStore ? `${PURPOSE} Make one here, with npx fermata apply or with the API.` : PURPOSE}
          />
        }
        row={(rule) => (
          <>
            <NameCell>
              <a href={hrefOf(rulePath(rule.ref))}>{rule.ref}</a>
              {!rule.enabled && <span class="tag">disabled</span>}
              <p class="soft small">{rule.label}</p>
            </NameCell>
            <ListCell of="Events">
              {rule.type}
              {rule.when !== null && <code class="soft small condition">{rule.when}</code>}
            </ListCell>
            <ListCell of="Starts">
              <StartedBy rule={rule} />
            </ListCell>
            <ListCell of="Matched" class="number-cell">
              {numberText(rule.counts.matched)}
            </ListCell>
            <ListCell of="Last match" class="time-cell">
              {rule.counts.last_match === null ? 'never' : <Instant at={rule.counts.last_match} />}
            </ListCell>
          </>
        )}
      />
    </>
  );
}
