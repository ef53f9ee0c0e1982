import type { ReadState } from '../../client/reads.ts';
import type { RunCounts } from '../../client/shapes.ts';
import { StateMark } from '../../parts/badge.tsx';
import { numberText } from '../../parts/words.ts';
import { go, hrefWith, pageQuery } from '../../routing/location.ts';
import { COUNTED } from './counted.ts';

/** How many runs there are of each status; each number filters by it. Statuses without runs are left out, except a chosen one. */
export function Counts({ reading }: { reading: ReadState<{ data: RunCounts }> }) {
  const chosen = pageQuery.value.get('status');
  const counts = reading.value?.data;
  if (counts === undefined) return <div class="counts" aria-busy={reading.error === null} />;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
    <div class="counts" role="group" aria-label="Counts by status">
      {COUNTED.filter(({ word }) => counts[word] > 0 || word === chosen).map(({ word, name, state }) => (
        <button
          type="button"
          class="count"
          key={word}
          aria-pressed={word === chosen}
          onClick={() => go(hrefWith({ status: word === chosen ? null : word, page: null }))}
        >
          <StateMark state={state} />
          {name} <span class="number">{numberText(counts[word], counts.is_lower_bound)}</span>
        </button>
      ))}
    </div>
  );
}
