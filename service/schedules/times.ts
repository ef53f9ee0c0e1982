import type { AppError } from '../../model/app-error.ts';
import { type Calendar, CronRefused, countTimes, matchesClock, parseCron } from '../../model/cron.ts';
import { refusal } from '../../model/refusal.ts';
import type { ScheduleTimes } from '../../model/schedule.ts';

/** The most starts of one backfill, and the most milliseconds between its ends. */
const MAX_BACKFILL = 10_000;
const MAX_SPAN = 100 * 366 * 86_400_000;

/** The instants between which Temporal finds times, in milliseconds: the years from 1970 on, and up to 2100. It starts nothing for any other. */
const FIRST = 0;
const LAST = Date.UTC(2101, 0) - 1;

/** Milliseconds within which every date of a calendar occurs, except around 2100; and the most by which time zones differ. */
const EIGHT_YEARS = 8 * 366 * 86_400_000;
const ZONES = 86_400_000;

const NO_OCCURRENCE = 'has no occurrence between start and end within the next 8 years';

/** Throws `request_invalid` for times that are invalid or never come; `now` is in milliseconds. */
export function checkTimes({ cron = [], every, time_zone, start, end }: ScheduleTimes, now: number): void {
  const refuse = (path: string, message: string) =>
    refusal('request_invalid', [{ code: 'value_invalid', path: `/spec${path}`, message }]);
  if (cron.length === 0 && every === undefined) throw refuse('', 'must have either cron or every');
  if (time_zone !== undefined) {
    if (cron.length === 0) throw refuse('/time_zone', 'is only allowed with cron');
    const zone = timeZoneOf(time_zone);
    if (zone === null) throw refuse('/time_zone', 'is not a known time zone');
    if (zone !== time_zone) throw refuse('/time_zone', `must be spelled "${zone}"`);
  }
  const from = Math.max(now, start === undefined ? now : Date.parse(start));
  const to = end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end);
  if (start !== undefined && to <= Date.parse(start)) throw refuse('/end', 'must be later than start');
  if (to <= now) throw refuse('/end', 'is in the past');
  if (from > LAST) throw refuse('/start', 'must not be after the year 2100');
  if (every !== undefined && Math.ceil(from / (every * 1000)) * every * 1000 > Math.min(to, from + EIGHT_YEARS)) {
    throw refuse('/every', NO_OCCURRENCE);
  }
  for (const [index, line] of cron.entries()) {
    const calendars = calendarsOf(line, (message) => refuse(`/cron/${index}`, message));
    const last = Math.min(to, from + EIGHT_YEARS) + ZONES;
    if (countTimes(calendars, from - ZONES, last, 0) === 0) throw refuse(`/cron/${index}`, NO_OCCURRENCE);
  }
}

function calendarsOf(line: string, refuse: (message: string) => AppError): Calendar[] {
  try {
    return parseCron(line);
  } catch (error) {
    throw error instanceof CronRefused ? refuse(error.message) : error;
  }
}

/** Returns a time zone in IANA's spelling of its case, or as it was given; null when there is none. */
function timeZoneOf(name: string): string | null {
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    return known.toLowerCase() === name.toLowerCase() ? known : name;
  } catch {
    return null;
  }
}

/** Throws `request_invalid` for a backfill between two instants, in milliseconds, that ends before it begins, is out of range, or has too many starts. */
export function checkRange({ cron = [], every }: ScheduleTimes, from: number, to: number): void {
  const refuse = (message: string, path = '/end') =>
    refusal('request_invalid', [{ code: 'value_invalid', path, message }]);
  if (to <= from) throw refuse('must be later than start');
  if (from < FIRST) throw refuse('must not be before the year 1970', '/start');
  if (to > LAST) throw refuse('must not be after the year 2100');
  if (to - from > MAX_SPAN) throw refuse('is more than 100 years after start');
  const outdated = (line: string) =>
    refuse(`cannot be computed: the cron line "${line}" is no longer supported; replace the schedule first`);
  const calendars = cron.flatMap((line) => calendarsOf(line, () => outdated(line)));
  const byInterval = every === undefined ? 0 : (to - from) / (every * 1000);
  if (byInterval + countTimes(calendars, from, to, MAX_BACKFILL) > MAX_BACKFILL) {
    throw refuse(`would start more than ${MAX_BACKFILL} executions: split the time range`);
  }
}

/**
 * Returns whether a schedule starts a run for a whole second, in milliseconds, whatever its jitter. A schedule that starts one every second
 * has no times here, and neither have cron lines that are no longer supported.
 */
export function createDueTimes({ cron = [], every, time_zone, start, end }: ScheduleTimes): (time: number) => boolean {
  const calendars = cron.flatMap(supported);
  const first = start === undefined ? Number.NEGATIVE_INFINITY : Math.floor(Date.parse(start) / 1000) * 1000;
  const last = end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end);
  return (time) => {
    if (time < first || time > last) return false;
    if (every !== undefined && every > 1 && (time / 1000) % every === 0) return true;
    return calendars.length > 0 && time % 60_000 === 0 && matchesClock(calendars, time, time_zone ?? 'UTC');
  };
}

function supported(line: string): Calendar[] {
  try {
    return parseCron(line);
  } catch (error) {
    if (error instanceof CronRefused) return [];
    throw error;
  }
}
