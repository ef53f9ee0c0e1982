import { describe, expect, it } from 'vitest';
import { type Calendar, CronRefused, countTimes, parseCron } from '../../model/cron.ts';

const all = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const EVERY: Calendar = {
  minutes: all(0, 59),
  hours: all(0, 23),
  daysOfMonth: all(1, 31),
  months: all(1, 12),
  daysOfWeek: all(0, 6),
};
const at = (minute: number, hour: number, rest: Partial<Calendar> = {}): Calendar => ({
  ...EVERY,
  minutes: [minute],
  hours: [hour],
  ...rest,
});

describe('parseCron', () => {
  it.each<[line: string, calendars: Calendar[]]>([
    ['* * * * *', [EVERY]],
    ['0 5 * * *', [at(0, 5)]],
    [' 0\t5  * * * ', [at(0, 5)]],
    ['*/15 9-17 * * mon-fri', [{ ...EVERY, minutes: [0, 15, 30, 45], hours: all(9, 17), daysOfWeek: all(1, 5) }]],
    ['5-59/20 1,3 * * *', [{ ...EVERY, minutes: [5, 25, 45], hours: [1, 3] }]],
    ['0 0 1,15 JAN,Jul *', [at(0, 0, { daysOfMonth: [1, 15], months: [1, 7] })]],
    ['0 0 * december Monday', [at(0, 0, { months: [12], daysOfWeek: [1] })]],
    // Sunday is 0 and 7, at both ends.
    ['0 0 * * 0', [at(0, 0, { daysOfWeek: [0] })]],
    ['0 0 * * 7', [at(0, 0, { daysOfWeek: [0] })]],
    ['0 0 * * 5-7', [at(0, 0, { daysOfWeek: [0, 5, 6] })]],
    ['0 0 * * sat-sun', [at(0, 0, { daysOfWeek: [0, 6] })]],
    ['0 0 * * 0-0', [at(0, 0, { daysOfWeek: [0] })]],
    ['0 0 * * sun-sun', [at(0, 0, { daysOfWeek: [0] })]],
    ['0 0 * * sun-tue', [at(0, 0, { daysOfWeek: [0, 1, 2] })]],
    // Either day counts where both are restricted, as crontab has it; `*/2` restricts nothing there.
    ['0 5 13 * 5', [at(0, 5, { daysOfMonth: [13] }), at(0, 5, { daysOfWeek: [5] })]],
    ['0 5 1-7 * mon', [at(0, 5, { daysOfMonth: all(1, 7) }), at(0, 5, { daysOfWeek: [1] })]],
    ['0 5 */10 * 5', [at(0, 5, { daysOfMonth: [1, 11, 21, 31], daysOfWeek: [5] })]],
    ['0 5 13 * *', [at(0, 5, { daysOfMonth: [13] })]],
    ['@hourly', [{ ...EVERY, minutes: [0] }]],
    ['@daily', [at(0, 0)]],
    ['@Midnight', [at(0, 0)]],
    ['@weekly', [at(0, 0, { daysOfWeek: [0] })]],
    ['@monthly', [at(0, 0, { daysOfMonth: [1] })]],
    ['@yearly', [at(0, 0, { daysOfMonth: [1], months: [1] })]],
    ['@annually', [at(0, 0, { daysOfMonth: [1], months: [1] })]],
  ])('%j is read', (line, calendars) => {
    expect(parseCron(line)).toEqual(calendars);
  });

  it.each([
    // Syntax of other schedulers.
    ['0 0 5 * * *', 'has 6 fields: only minute, hour, day of month, month and day of week are allowed'],
    ['0 9 * * 1 2027', 'has 6 fields'],
    ['0 0 5 * * * 2027', 'has 7 fields'],
    ['0 5 * * 1#2', 'the day of week "1#2" is not supported (nor are #, L, W, H and ?): use two schedules'],
    ['0 5 * * MON#1', 'the day of week "MON#1" is not supported'],
    ['0 5 * * * # nightly', 'has 7 fields'],
    ['0 5 * * 5 #', 'has 6 fields'],
    ['0 0 L * *', 'the day of month "L" is not supported'],
    ['0 0 15W * *', 'the day of month "15W" is not supported'],
    ['0 0 * * 5L', 'the day of week "5L" is not supported'],
    ['0 0 * * friL', 'the day of week "friL" is not supported'],
    ['0 0 ? * 1', 'the day of month "?" is not supported'],
    ['H 0 * * *', 'the minute "H" is not supported'],
    ['TZ=UTC 0 0 * * *', 'must not contain a time zone: use "time_zone"'],
    ['CRON_TZ=Europe/Zurich 0 0 * * *', 'must not contain a time zone: use "time_zone"'],
    ['@every 1h', 'must not be an interval: use "every", in seconds'],
    ['@reboot', 'unknown shorthand "@reboot": use one of @hourly, '],
    // Lines without a meaning, or with several.
    ['', 'must have five fields'],
    ['0 5', 'must have five fields'],
    ['constructor', 'must have five fields'],
    ['__proto__', 'must have five fields'],
    ['every day', 'must have five fields'],
    ['60 * * * *', 'the minute 60 is not within 0 and 59'],
    ['* 24 * * *', 'the hour 24 is not within 0 and 23'],
    ['0 0 0 * *', 'the day of month 0 is not within 1 and 31'],
    ['0 0 32 * *', 'the day of month 32 is not within 1 and 31'],
    ['0 0 * 13 *', 'the month 13 is not within 1 and 12'],
    ['0 0 * * 8', 'the day of week 8 is not within 0 and 7'],
    ['*/0 * * * *', 'the minute "*/0" must have a step of 1 or more'],
    ['*/x * * * *', 'the minute "*/x" must have a step of 1 or more'],
    ['5/15 * * * *', 'the minute "5/15" has a step without a range; write "5-59/15"'],
    ['0 22-2 * * *', 'the hour "22-2" is a descending range; split it into two'],
    ['0 0 * * fri-mon', 'the day of week "fri-mon" is a descending range'],
    ['-1 * * * *', 'the minute "-1" is not a number'],
    ['1.5 * * * *', 'the minute "1.5" is not a number'],
    ['1-2-3 * * * *', 'the minute "1-2-3" is not a number'],
    ['1,,2 * * * *', 'the minute "" is not a number'],
    ['* * * jan-xyz *', 'the month "xyz" is not a number'],
    ['* * * * *-5', 'the day of week "*" is not a number'],
    ['mon * * * *', 'the minute "mon" is not a number'],
  ])('%j is refused', (line, message) => {
    expect(() => parseCron(line)).toThrow(CronRefused);
    expect(() => parseCron(line)).toThrow(message);
  });
});

const day = (text: string) => Date.parse(`${text}T00:00:00Z`);
it.each([
  ['0 0 * * *', '2026-01-01', '2026-01-10', 10],
  ['*/15 9,10 * * 1-5', '2026-11-02', '2026-11-08', 5 * 2 * 4],
  ['0 0 29 2 *', '2026-01-01', '2030-01-01', 1],
  ['0 0 30 2 *', '2026-01-01', '2034-01-01', 0],
  ['0 0 31 4,6,9,11 *', '2026-01-01', '2034-01-01', 0],
  ['0 0 13 * 5', '2026-02-01', '2026-03-31', 2 + 8],
  // Counting stops beyond the given limit.
  ['* * * * *', '2026-01-01', '9999-01-01', 2_880],
])('%s from %s to %s comes %i times', (line, from, to, count) => {
  expect(countTimes(parseCron(line), day(from), day(to), 2_000)).toBe(count);
});
