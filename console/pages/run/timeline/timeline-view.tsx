import { useMemo } from 'preact/hooks';
import type { Run } from '../../../client/shapes.ts';
import { SwitchButton } from '../../../parts/forms/switch-button.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { useNow } from '../../../parts/time.tsx';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';
import { TimelineGrid } from './grid.tsx';
import { createScale, listIdle } from './scale.ts';
import { CHOICES } from './sources.ts';
import { useSources } from './use-sources.ts';

/** The properties of a timeline. */
interface TimelineProps {
  run: Run;
  /** The path of the run in the API. */
  path: string;
  /** Changes whenever the run has. */
  stamp: string;
  isOpen: boolean;
}

/** What a run has done, in order of time: visits, their items and attempts as rows, each with a bar. */
export function TimelineView({ run, path, stamp, isOpen }: TimelineProps) {
  const choice = CHOICES.find((each) => each === pageQuery.value.get('show')) ?? 'all';
  const collapses = pageQuery.value.get('idle') === 'collapsed';
  const { sources, error, refresh } = useSources(path, choice, stamp);
  const now = useNow(isOpen ? null : run.updated);
  const whole = [Date.parse(run.created), Math.max(now, Date.parse(run.created) + 1)] as const;
  const { listing } = sources;
  const last = listing.rows.at(-1);
  // Nothing is known about the time after the last task that has been read.
  const known = listing.isComplete || last === undefined ? whole[1] : Date.parse(last.created);
  const leavesOut = collapses && choice === 'all';
  // Thousands of tasks are not looked at again while somebody scrolls.
  const scale = useMemo(
    () => createScale(whole, leavesOut ? listIdle(listing.rows, whole, known) : []),
    [whole[0], whole[1], leavesOut, listing.rows, known],
  );
  return (
    <>
      <div class="log-tools">
        <label class="level-choice">
          Show
          <select
            value={choice}
            onChange={({ currentTarget }) =>
              go(hrefWith({ show: currentTarget.value === 'all' ? null : currentTarget.value }), { replace: true })
            }
          >
            {CHOICES.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <SwitchButton
          isOn={collapses}
          turn={() => go(hrefWith({ idle: collapses ? null : 'collapsed' }), { replace: true })}
        >
          Collapse idle time
        </SwitchButton>
      </div>
      {error !== null && <ReadError what="The timeline could not be read" error={error} retry={refresh} />}
      {listing.rows.length === 0 && listing.isComplete && (
        <p class="soft">{choice === 'all' ? 'No task has begun yet.' : `No task is ${choice}.`}</p>
      )}
      {listing.rows.length === 0 && !listing.isComplete && error === null && <Loading of="the timeline" />}
      {listing.rows.length > 0 && (
        // Another choice is another list, which begins at its top.
        <TimelineGrid key={choice} sources={sources} scale={scale} whole={whole} now={now} isOpenRun={isOpen} />
      )}
    </>
  );
}
