import { text } from './arguments.ts';
import type { Budget } from './budget.ts';
import { type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { asFloat, defined, describeKind, numberOf, type Value } from './values.ts';

const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d)?)?$/;
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'];
MONTHS.push('November', 'December');

/** Units of work that reading or writing a time costs. */
const TIME = 150;

/** Returns the milliseconds of an ISO 8601 text (UTC without a zone) or of seconds since 1970. */
function millisecondsOf(value: Value, budget: Budget): number {
  budget.work(TIME);
  const seconds = numberOf(defined(value));
  if (seconds !== null) return seconds * 1000;
  if (typeof value !== 'string') throw typeError(`a time is expected, not ${describeKind(value)}`);
  const zoned = /\d\d:\d\d/.test(value) && !/(Z|[-+]\d\d:?\d\d)$/.test(value) ? `${value}Z` : value;
  const parsed = ISO.test(value) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(parsed)) throw typeError(`'${value.slice(0, 50)}' is no time in ISO 8601`);
  return parsed;
}

function format(time: Date, pattern: string): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const [day, month] = [DAYS[time.getUTCDay()]!, MONTHS[time.getUTCMonth()]!];
  const start = Date.UTC(time.getUTCFullYear(), 0, 1);
  const ordinal = Math.floor((time.getTime() - start) / 86_400_000) + 1;
  const hour = time.getUTCHours();
  const parts: Record<string, string> = {
    Y: String(time.getUTCFullYear()).padStart(4, '0'),
    m: two(time.getUTCMonth() + 1),
    d: two(time.getUTCDate()),
    H: two(hour),
    M: two(time.getUTCMinutes()),
    S: two(time.getUTCSeconds()),
    I: two(hour % 12 || 12),
    f: String(time.getUTCMilliseconds() * 1000).padStart(6, '0'),
    p: hour < 12 ? 'AM' : 'PM',
    y: two(time.getUTCFullYear() % 100),
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
  return pattern.replace(/%(.)/g, (_, letter: string) => {
    if (!Object.hasOwn(parts, letter)) throw typeError(`there is no %${letter} in the format of a time`);
    return parts[letter]!;
  });
}

const strftime = operation('format', (value, [pattern], { budget }) => {
  const time = new Date(millisecondsOf(value, budget));
  if (Number.isNaN(time.getTime())) throw typeError('the time is out of range');
  const places = text(pattern, '%Y-%m-%d');
  budget.work(places.length / 4);
  return format(time, places);
});

/** Filters over times in dialect 1: days that do not exist become the days after them. */
export const EARLIER_TIME_FILTERS: Record<string, Operation> = {
  strftime,
  date: strftime,
  to_timestamp: operation('', (value, _, { budget }) => {
    const seconds = millisecondsOf(value, budget) / 1000;
    return Number.isInteger(seconds) ? seconds : asFloat(seconds);
  }),
};
