import type { ComponentChildren } from 'preact';
import type { ScheduleTimes } from '../../../model/schedule.ts';
import type { ShownSchedule } from '../../client/shapes.ts';
import { ListCell, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { durationText } from '../../parts/words.ts';

/** The cell that names a schedule; `children` is what else is said there. */
export function ScheduleNameCell({ schedule, children }: { schedule: ShownSchedule; children?: ComponentChildren }) {
  return (
    <NameCell>
      {schedule.id}
      {schedule.paused && <span class="tag">paused</span>}
      {children}
    </NameCell>
  );
}

/** The cells of the columns "When" and "Next". */
export function ScheduleTimeCells({ schedule }: { schedule: ShownSchedule }) {
  return (
    <>
      <ListCell of="When">
        <Times schedule={schedule} />
      </ListCell>
      <ListCell of="Next" class="time-cell">
        <NextTime schedule={schedule} />
      </ListCell>
    </>
  );
}

/** The times at which a schedule starts something, in words. */
function Times({ schedule }: { schedule: ShownSchedule }) {
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
function NextTime({ schedule: { next, paused } }: { schedule: ShownSchedule }) {
  if (paused) return <>none while it is paused</>;
  return next[0] === undefined ? <>never again</> : <Instant at={next[0]} />;
}
