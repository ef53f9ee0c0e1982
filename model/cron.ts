// Cron lines are parsed here and nowhere else: Temporal's own parser treats `#` as a comment, and a sixth field as a year.

/** Times by the clock and the calendar of a zone, which match all fields. Days of the week count from 0, Sunday; months from 1. */
export interface Calendar {
  minutes: readonly number[];
  hours: readonly number[];
  daysOfMonth: readonly number[];
  months: readonly number[];
  daysOfWeek: readonly number[];
}

/** The error of a line that is not supported; the message says what to write. */
export class CronRefused extends Error {
  override name = 'CronRefused';
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

interface Field {
  name: string;
  first: number;
  last: number;
  /** Names of the values, beginning with the first one. */
  names?: readonly string[];
}

const FIELDS = [
  { name: 'minute', first: 0, last: 59 },
  { name: 'hour', first: 0, last: 23 },
  { name: 'day of month', first: 1, last: 31 },
  { name: 'month', first: 1, last: 12, names: MONTHS },
  // Sunday is 0, and 7 as well.
  { name: 'day of week', first: 0, last: 7, names: DAYS },
] as const satisfies readonly Field[];

const SHORTHANDS = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

/**
 * Parses a line of crontab: five fields of numbers, names, lists, ranges and steps, or a shorthand such as `@daily`. If the day of the
 * month and the day of the week are both restricted, either one matches, so there are two calendars. Throws CronRefused.
 */
export function parseCron(line: string): Calendar[] {
  const text = line.trim();
  const parts = (SHORTHANDS.get(text.toLowerCase()) ?? text).split(/\s+/);
  const advice = adviceOf(text, parts);
  if (advice !== null) throw new CronRefused(advice);
  const [minutes, hours, daysOfMonth, months, days] = FIELDS.map((field, index) => valuesOf(field, parts[index]!));
  const daysOfWeek = [...new Set(days!.map((day) => day % 7))].sort((a, b) => a - b);
  const calendar = { minutes: minutes!, hours: hours!, daysOfMonth: daysOfMonth!, months: months!, daysOfWeek };
  if (parts[2]!.startsWith('*') || parts[4]!.startsWith('*')) return [calendar];
  const [everyDay, everyWeekday] = [valuesOf(FIELDS[2], '*'), [0, 1, 2, 3, 4, 5, 6]];
  return [
    { ...calendar, daysOfWeek: everyWeekday },
    { ...calendar, daysOfMonth: everyDay },
  ];
}

/** Returns what to write instead of the syntax of other schedulers; null: there is none of it. */
function adviceOf(text: string, parts: readonly string[]): string | null {
  if (/^(CRON_)?TZ=/i.test(text)) return 'must not contain a time zone: use "time_zone"';
  if (/^@every\b/i.test(text)) return 'must not be an interval: use "every", in seconds';
  if (parts[0]!.startsWith('@')) return `unknown shorthand "${text}": use one of ${[...SHORTHANDS.keys()].join(', ')}`;
  if (parts.length === 6 || parts.length === 7) {
    return `has ${parts.length} fields: only minute, hour, day of month, month and day of week are allowed`;
  }
  if (parts.length !== 5) return 'must have five fields: minute, hour, day of month, month and day of week';
  return null;
}

/** Returns the values of a field in order. Throws CronRefused. */
function valuesOf(field: Field, text: string): number[] {
  const values = new Set(text.split(',').flatMap((entry) => valuesOfEntry(field, entry)));
  return [...values].sort((a, b) => a - b);
}

/** Returns the values of one entry of a list: of `*`, a value or a range, each with or without a step. */
function valuesOfEntry(field: Field, entry: string): number[] {
  const found = /^(?:(\*)|([^-/]+)(?:-([^-/]+))?)(?:\/([^-/]+))?$/.exec(entry);
  if (found === null) throw refused(field, entry);
  const [, star, from, to, step] = found;
  const first = star === undefined ? valueAt(field, from!) : field.first;
  const last = star === undefined ? (to === undefined ? first : endAt(field, first, to)) : lastOf(field);
  const by = step === undefined ? 1 : Number(/^\d+$/.test(step) ? step : Number.NaN);
  if (!(by >= 1)) throw new CronRefused(`the ${field.name} "${entry}" must have a step of 1 or more`);
  if (step !== undefined && star === undefined && to === undefined) {
    const advice = `write "${from}-${lastOf(field)}/${step}"`;
    throw new CronRefused(`the ${field.name} "${entry}" has a step without a range; ${advice}`);
  }
  if (last < first) throw new CronRefused(`the ${field.name} "${entry}" is a descending range; split it into two`);
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + index * by);
}

/** Returns the last value of a range; a range of days of the week that ends on Sunday, but begins on another day, ends on day 7. */
function endAt(field: Field, first: number, text: string): number {
  const value = valueAt(field, text);
  return value === 0 && first > 0 && field.last === 7 ? 7 : value;
}

/** Returns the last value of `*`; a week has only one Sunday. */
function lastOf({ last }: Field): number {
  return last === 7 ? 6 : last;
}

function valueAt(field: Field, text: string): number {
  const { first, last, names = [] } = field;
  const lower = text.toLowerCase();
  const named = names.findIndex((name) => name === lower || name.slice(0, 3) === lower);
  if (named >= 0) return first + named;
  if (!/^\d{1,4}$/.test(text)) throw refused(field, text);
  const value = Number(text);
  if (value < first || value > last) {
    throw new CronRefused(`the ${field.name} ${value} is not within ${first} and ${last}`);
  }
  return value;
}

function refused({ name }: Field, text: string): CronRefused {
  if (/[#?]|^(\d*[LW]|LW|[a-z]{3}L|H)$/i.test(text)) {
    return new CronRefused(
      `the ${name} "${text}" is not supported (nor are #, L, W, H and ?): use two schedules, or a condition in the workflow`,
    );
  }
  return new CronRefused(`the ${name} "${text}" is not a number, name, range or list`);
}

/** Milliseconds of a day. */
const DAY = 86_400_000;

/** Counts the times of calendars on the days (UTC) from one instant to another, in milliseconds. Stops once the count exceeds `most`. */
export function countTimes(calendars: readonly Calendar[], from: number, to: number, most: number): number {
  let count = 0;
  for (let time = from; time <= to && count <= most; time += DAY) {
    const date = new Date(time);
    const [month, dayOfMonth, dayOfWeek] = [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCDay()];
    for (const { months, daysOfMonth, daysOfWeek, hours, minutes } of calendars) {
      const isDay = months.includes(month) && daysOfMonth.includes(dayOfMonth) && daysOfWeek.includes(dayOfWeek);
      if (isDay) count += hours.length * minutes.length;
    }
  }
  return count;
}

/** Reports whether a clock of a time zone shows a time of calendars at an instant, in milliseconds. */
export function matchesClock(calendars: readonly Calendar[], time: number, timeZone: string): boolean {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
    weekday: 'long',
  });
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
  const [minute, hour, dayOfMonth, month] = (['minute', 'hour', 'day', 'month'] as const).map((type) =>
    Number(parts.get(type)),
  );
  const dayOfWeek = DAYS.indexOf(parts.get('weekday')!.toLowerCase());
  return calendars.some(
    ({ minutes, hours, daysOfMonth, months, daysOfWeek }) =>
      minutes.includes(minute!) &&
      hours.includes(hour!) &&
      daysOfMonth.includes(dayOfMonth!) &&
      months.includes(month!) &&
      daysOfWeek.includes(dayOfWeek),
  );
}
