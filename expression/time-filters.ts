import { text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { parseTime, type Time, toTime } from './time-text.ts';
import { asFloat, defined, describeKind, isFloat, numberOf, type Value } from './values.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'];
MONTHS.push('November', 'December');

/** Units of work that reading or writing a time costs. */
const TIME = 150;

/** Reads a time from ISO 8601 text (UTC without a zone) or seconds since 1970. */
function timeIn(value: Value, budget: Budget): Time {
  budget.work(TIME);
  const known = defined(value);
  const seconds = numberOf(known);
  if (seconds !== null) {
    const time = toTime(seconds);
    if (time === null) throw typeError('the time is outside the years 1 to 9999');
    return time;
  }
  if (typeof known !== 'string') throw typeError(`a time is expected, not ${describeKind(known)}`);
  const time = parseTime(known);
  if (time === null) throw typeError(`'${known.slice(0, 50)}' is not a time in ISO 8601 that exists`);
  return time;
}

function format({ seconds, microseconds }: Time, pattern: string): string {
  const time = new Date(seconds * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  const [day, month] = [DAYS[time.getUTCDay()]!, MONTHS[time.getUTCMonth()]!];
  const year = time.getUTCFullYear();
  const ordinal = Math.floor((seconds - new Date(0).setUTCFullYear(year, 0, 1) / 1000) / 86_400) + 1;
  const hour = time.getUTCHours();
  const parts: Record<string, string> = {
    Y: String(year).padStart(4, '0'),
    m: two(time.getUTCMonth() + 1),
    d: two(time.getUTCDate()),
    H: two(hour),
    M: two(time.getUTCMinutes()),
    S: two(time.getUTCSeconds()),
    I: two(hour % 12 || 12),
    f: String(microseconds).padStart(6, '0'),
    p: hour < 12 ? 'AM' : 'PM',
    y: two(year % 100),
    j: String(ordinal).padStart(3, '0'),
    w: String(time.getUTCDay()),
    A: day,
    a: day.slice(0, 3),
    B: month,
    b: month.slice(0, 3),
    Z: 'UTC',
    z: '+0000',
    '%': '%',
  };
  parts.F = `${parts.Y}-${parts.m}-${parts.d}`;
  parts.T = `${parts.H}:${parts.M}:${parts.S}`;
  return pattern.replace(/%(.?)/gsu, (_, letter: string) => {
    if (letter === '') throw typeError('the format of the time ends with a single %; it is written %%');
    if (!Object.hasOwn(parts, letter)) {
      throw typeError(`there is no %${letter} in the format of a time; there are: ${Object.keys(parts).join(' ')}`);
    }
    return parts[letter]!;
  });
}

const strftime = operation('format', (value, [pattern], { budget }) => {
  const time = timeIn(value, budget);
  const places = text(pattern, '%Y-%m-%d');
  budget.work(places.length / 4);
  return format(time, places);
});

/** Filters over times: ISO 8601 text or seconds, always UTC. */
export const TIME_FILTERS: Record<string, Operation> = {
  strftime,
  date: strftime,
  to_timestamp: operation('', (value, _, { budget }) => {
    const { seconds, microseconds } = timeIn(value, budget);
    const milliseconds = Math.floor(microseconds / 1000);
    return milliseconds === 0 ? seconds : asFloat((seconds * 1000 + milliseconds) / 1000);
  }),
  human_duration: operation('', (value, _, { budget }) => {
    budget.work(10);
    const seconds = numberOf(defined(value));
    if (seconds === null || seconds < 0) throw typeError('a number of seconds is expected');
    const whole = isFloat(value) ? Math.floor(seconds) : seconds;
    const units: [number, string][] = [
      [Math.floor(whole / 86_400), 'd'],
      [Math.floor(whole / 3_600) % 24, 'h'],
      [Math.floor(whole / 60) % 60, 'm'],
      [whole % 60, 's'],
    ];
    const shown = units.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
    return shown.length === 0 ? '0s' : shown.join(' ');
  }),
};
