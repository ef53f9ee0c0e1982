import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type ReadState, useRead, useStamp } from '../../../client/reads.ts';
import { apiHref, request } from '../../../client/request.ts';
import type { LogLine } from '../../../client/shapes.ts';
import { SwitchButton } from '../../../parts/forms/switch-button.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { Instant } from '../../../parts/time.tsx';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';
import { createLogReader, type ShownLog } from './read-log.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** The log of a run: what has happened in it, and what its tasks have said. `stamp` changes whenever the run has. */
export function LogView({ path, stamp, isOpen }: { path: string; stamp: string; isOpen: boolean }) {
  const { value, error, reload } = useLog({ path, task: null, stamp, isOpen });
  const [follows, setFollows] = useState(isOpen);
  const end = useRef<HTMLDivElement>(null);
  const least = LEVELS.find((level) => level === pageQuery.value.get('level')) ?? 'debug';
  const shown = value?.entries.filter(({ level }) => LEVELS.indexOf(level) >= LEVELS.indexOf(least));
  useEffect(() => {
    if (follows && end.current !== null) end.current.scrollTop = end.current.scrollHeight;
  }, [follows, shown?.length]);
  if (error !== null) return <ReadError what="The log could not be read" error={error} retry={reload} />;
  if (shown === undefined) return <Loading of="the log" />;
  return (
    <>
      <div class="log-tools">
        <label class="level-choice">
          Level
          <select
            value={least}
            onChange={({ currentTarget }) =>
              go(hrefWith({ level: currentTarget.value === 'debug' ? null : currentTarget.value }), { replace: true })
            }
          >
            {LEVELS.map((level) => (
              <option key={level} value={level}>
                {level}
              </option>
            ))}
          </select>
        </label>
        <SwitchButton isOn={follows} turn={() => setFollows(!follows)}>
          Follow
        </SwitchButton>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard */}
      <div class="log" role="log" aria-label="Run log" tabIndex={0} ref={end}>
        {shown.length === 0 ? <p class="soft">Nothing of this level has been logged.</p> : <Lines lines={shown} />}
        {value?.isCut && (
          <p>
            The log goes on.{' '}
            <a href={apiHref(`${path}/logs?limit=1000&cursor=${value.entries.length}`)}>Read on in the API</a>
          </p>
        )}
      </div>
    </>
  );
}

/** The part of a log that is about one task; `path` is that of the run. */
export function TaskLog(of: { path: string; task: string; stamp: string; isOpen: boolean }) {
  const { value, error, reload } = useLog(of);
  if (error !== null) return <ReadError what="The log could not be read" error={error} retry={reload} />;
  if (value === undefined) return <Loading of="the log" />;
  if (value.entries.length === 0) return <p class="soft">Nothing has been logged yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard
    <div class="log" role="log" aria-label={`Log of ${of.task}`} tabIndex={0}>
      <Lines lines={value.entries.map((line) => ({ ...line, task: null }))} />
    </div>
  );
}

function useLog({
  path,
  task,
  stamp,
  isOpen,
}: {
  path: string;
  task: string | null;
  stamp: string;
  isOpen: boolean;
}): ReadState<ShownLog> {
  const open = useRef(isOpen);
  open.current = isOpen;
  const read = useMemo(() => createLogReader(() => open.current, request, task), [path, task]);
  const reading = useRead(path, read);
  useStamp(stamp, reading.refresh);
  return reading;
}

function Lines({ lines }: { lines: readonly LogLine[] }) {
  return (
    <ol>
      {lines.map(({ timestamp, level, message, task, metadata }, index) => (
        <li class={`log-line ${level}`} key={index}>
          <Instant at={timestamp} />
          <span class="log-level">{level}</span>
          <span>
            {message}
            {metadata !== null && <code> {JSON.stringify(metadata)}</code>}
          </span>
          {task !== null && (
            <a class="log-task" href={hrefWith({ task })}>
              {task}
            </a>
          )}
        </li>
      ))}
    </ol>
  );
}
