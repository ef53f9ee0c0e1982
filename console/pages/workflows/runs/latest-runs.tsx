import { STATE_MARKS } from '../../../../language/layout/drawing/states.ts';
import { EVERY_TEN_SECONDS, usePolling } from '../../../client/polling.ts';
import { useRead } from '../../../client/reads.ts';
import type { RunListPage, RunRow } from '../../../client/shapes.ts';
import { StateMark } from '../../../parts/badge.tsx';
import { Fact } from '../../../parts/lists/fact.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { durationText } from '../../../parts/words.ts';
import { hrefOf } from '../../../routing/location.ts';
import { sumUp } from './latest.ts';

/** How many runs are summed up, and how many of them are shown. */
const SUMMED_UP = 50;
const SHOWN = 20;

/** How the latest runs of a workflow went: each of the newest leads to its page. */
export function LatestRuns({ workflow }: { workflow: string }) {
  const asked = new URLSearchParams({ action_ref: workflow, view: 'wide', limit: String(SUMMED_UP) });
  const { value, error, reload, refresh } = useRead<RunListPage>(`/executions?${asked}`);
  usePolling(refresh, EVERY_TEN_SECONDS);
  return (
    <section class="card latest" aria-label="Latest runs">
      {error !== null && <ReadError what="The latest runs could not be read" error={error} retry={reload} />}
      {error === null && value === undefined && <Loading of="the latest runs" />}
      {value?.data.length === 0 && <p class="soft">It has not been run yet.</p>}
      {value !== undefined && value.data.length > 0 && <Sum runs={value.data} />}
    </section>
  );
}

function Sum({ runs }: { runs: readonly RunRow[] }) {
  const { open, ended, succeeded, percent, median } = sumUp(runs);
  return (
    <>
      <dl class="facts">
        <Fact name={`Of the last ${runs.length === 1 ? 'run' : `${runs.length} runs`}`}>
          {ended > 0 && `${succeeded} of ${ended} succeeded (${percent} %)`}
          {ended > 0 && open > 0 && ', '}
          {open > 0 && `${open} open`}
        </Fact>
        {median !== null && <Fact name="Median time">{durationText(median)}</Fact>}
      </dl>
      <ol class="marks" aria-label="Newest first">
        {runs.slice(0, SHOWN).map(({ id, state, created, error }) => (
          <li key={id}>
            <a
              class={STATE_MARKS[state].colour}
              href={hrefOf(`/runs/${id}`)}
              aria-label={`Run ${id}, ${state}`}
              title={[`Run ${id}: ${state}`, new Date(created).toLocaleString(), error].filter(Boolean).join('\n')}
            >
              <StateMark state={state} />
            </a>
          </li>
        ))}
      </ol>
    </>
  );
}
