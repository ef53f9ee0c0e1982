import type { ScheduleTimes } from '../../../model/schedule.ts';
import type { ShownSchedule } from '../../client/shapes.ts';
import { Instant } from '../../parts/time.tsx';
import { durationText } from '../../parts/words.ts';

/** The times at which a schedule starts something, in words. */
export function Times({ schedule }: { schedule: ShownSchedule }) {
  const { cron = [], every, time_zone: zone, start, end, jitter } = schedule.spec as ScheduleTimes;
  return (
    <>
      {cron.map((line) => (
        <code key={line} class="cron">
          {line}
        </code>
      ))}
      {every !== undefined && <>every {durationText(every * 1_000)}</>}
      <span class="soft small">
        {cron.length > 0 && ` ${zone ?? 'UTC'}`}
        {jitter !== undefined && `, delayed by up to ${durationText(jitter * 1_000)}`}
        {start !== undefined && (
          <>
            , from <Instant at={start} />
          </>
        )}
        {end !== undefined && (
          <>
            , until <Instant at={end} />
          </>
        )}
      </span>
    </>
  );
}

/** The next time at which a schedule starts something. */
export function NextTime({ schedule: { next, paused } }: { schedule: ShownSchedule }) {
  if (paused) return <>none while it is paused</>;
  return next[0] === undefined ? <>never again</> : <Instant at={next[0]} />;
}
