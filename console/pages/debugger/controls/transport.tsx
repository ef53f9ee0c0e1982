import { useMemo } from 'preact/hooks';
import type { ChangeKind, Stop } from '../../../debugger/protocol.ts';
import { Glyph } from '../../../parts/glyph.tsx';
import { Instant } from '../../../parts/time.tsx';
import { durationText, numberText } from '../../../parts/words.ts';
import { go, hrefWith } from '../../../routing/location.ts';
import { StepBar } from '../../../stepping/step-bar.tsx';
import type { Stepping } from '../../../stepping/stepping.ts';
import type { Engine } from '../engines/engine.ts';
import { readChangeKind, writeChangeKind } from './change-kinds.ts';
import { copyLink } from './place.ts';
import { StripView } from './strip-view.tsx';
import { VerificationStatus } from './verification-status.tsx';

/** What the controls of the debugger are given. */
interface TransportProps {
  engine: Engine;
  /** What is shown, which may still be another event. */
  stop: Stop | undefined;
  stepping: Stepping;
  of: ChangeKind;
  /** See Debugger. */
  download: string | null;
  fork: ((event: number) => string) | null;
}

/** The controls that lead through the events of a history, and what is known about the place. */
export function Transport({ engine, stop, stepping, of, download, fork }: TransportProps) {
  const { run } = engine;
  const { place, last } = stepping;
  const text = stop?.event === place ? describe(stop) : '';
  const chosen = writeChangeKind(of);
  // They stay as they are while the slider moves.
  const strip = useMemo(() => <StripView run={run} />, [run]);
  const kinds = useMemo(
    () => engine.find !== null && <ChangeKinds chosen={chosen} engine={engine} />,
    [engine, chosen],
  );
  return (
    <div class="card transport">
      <StepBar stepping={stepping} noun="event" text={text} picture={strip}>
        {kinds}
        <div class="step-buttons away">
          {fork !== null && (
            <a class="button quiet" href={fork(place)}>
              <Glyph of="right" />
              Fork from here
            </a>
          )}
          {download !== null && (
            <>
              <button type="button" class="button quiet" onClick={() => void copyLink(place)}>
                <Glyph of="link" />
                Copy link
              </button>
              <a class="button quiet" href={download} download>
                <Glyph of="download" />
                Download history
              </a>
            </>
          )}
        </div>
      </StepBar>
      <div class="at">
        <p aria-live={stepping.isPlaying ? 'off' : 'polite'}>
          <span class="strong">
            Event {numberText(place)} of {numberText(last)}
          </span>
          {stop?.event === place && <span class="at-event">{describe(stop)}</span>}
        </p>
        {stop?.event === place && (
          <p class="soft at-time">
            <Instant at={stop.history.at} />
            <span>{durationText(Date.parse(stop.history.at) - Date.parse(run.startedAt))} after the start</span>
          </p>
        )}
      </div>
      <VerificationStatus engine={engine} go={stepping.go} />
    </div>
  );
}

/** The kinds of changes at which to stop. */
function ChangeKinds({ chosen, engine }: { chosen: string; engine: Engine }) {
  const { tasks } = engine.run;
  const choose = (wanted: string) => {
    const kind = writeChangeKind(readChangeKind(wanted, tasks));
    go(hrefWith({ of: kind === 'tasks' ? null : kind }), { replace: true });
  };
  return (
    <label class="change-kinds">
      <span class="soft">Stop at changes of</span>
      <select value={chosen} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="tasks">All tasks</option>
        {tasks.map((name) => (
          <option key={name} value={writeChangeKind({ kind: 'task', name })}>
            {name}
          </option>
        ))}
        {engine.isComplete && (
          <>
            <option value="variables">Variables</option>
            <option value="joins">Joins</option>
          </>
        )}
      </select>
    </label>
  );
}

/** Names an event and the task that it is about. */
function describe({ history: { name, task } }: Stop): string {
  return task === null ? name : `${name}, ${task}`;
}
