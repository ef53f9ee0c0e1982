import type { ReadState } from '../../../client/reads.ts';
import type { RunCounts } from '../../../client/shapes.ts';
import { StateMark } from '../../../parts/badge.tsx';
import { numberText } from '../../../parts/words.ts';
import { hrefOf } from '../../../routing/location.ts';
import { COUNTED } from '../../runs/counted.ts';

/** How many runs a workflow has had since an instant, by their status; each number leads to those runs. */
export function RecentRuns({
  workflow,
  since,
  reading,
}: {
  workflow: string;
  since: string;
  reading: ReadState<{ data: RunCounts }>;
}) {
  const { value, error } = reading;
  if (value === undefined) return <span class="soft">{error === null ? '…' : 'unknown'}</span>;
  const counts = value.data.groups?.find(({ key }) => key === workflow);
  if (counts === undefined) return <span class="soft">none</span>;
  return (
    <span class="tallies">
      {COUNTED.filter(({ word }) => counts[word] > 0).map(({ word, state }) => (
        <a key={word} href={hrefOf('/runs', { workflow, status: word, after: since })}>
          <StateMark state={state} />
          {numberText(counts[word])} {word}
        </a>
      ))}
    </span>
  );
}
