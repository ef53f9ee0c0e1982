import { useMemo } from 'preact/hooks';
import type { OpenedRun } from '../../../debugger/protocol.ts';
import { drawStrip, HEIGHT, WIDTH, xOf } from './strip.ts';

/** A line for each event of a history, and where the recomputed run and the history differ; the slider moves on it. */
export function StripView({ run }: { run: OpenedRun }) {
  const { marks, firstEvent, verification } = run;
  const paths = useMemo(() => drawStrip(marks), [marks]);
  return (
    <svg class="strip" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {paths.map(({ kind, path }) => (
        <path key={kind} class={kind} d={path} />
      ))}
      {verification.event !== null && (
        <path class="differs" d={`M${xOf(verification.event - firstEvent, marks.length)} 0V${HEIGHT}`} />
      )}
    </svg>
  );
}
