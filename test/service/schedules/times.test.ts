import { describe, expect, it } from 'vitest';
import type { AppError } from '../../../model/app-error.ts';
import type { ScheduleTimes } from '../../../model/schedule.ts';
import { checkRange, checkTimes } from '../../../service/schedules/times.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

/** Where and why something is refused; null: it is not. */
function refusalOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    const { path, message } = (error as AppError).issues![0]!;
    return `${path} ${message}`;
  }
}

const daily = { cron: ['0 3 * * *'] };
describe('times', () => {
  it.each<[times: ScheduleTimes, refusal: string | null]>([
    [daily, null],
    [{ every: 60 }, null],
    [{ ...daily, every: 60, time_zone: 'Europe/Zurich' }, null],
    [{}, '/spec must have either cron or every'],
    [{ cron: [] }, '/spec must have either cron or every'],
    [{ cron: ['0 3 * * *', '0 9 * * 1#2'] }, '/spec/cron/1 the day of week "1#2" is not supported'],
    [{ every: 60, time_zone: 'Europe/Zurich' }, '/spec/time_zone is only allowed with cron'],
    [{ ...daily, time_zone: 'Mars/Base' }, '/spec/time_zone is not a known time zone'],
    [{ ...daily, time_zone: 'europe/zurich' }, '/spec/time_zone must be spelled "Europe/Zurich"'],
    [{ ...daily, time_zone: 'utc' }, '/spec/time_zone must be spelled "UTC"'],
    [{ ...daily, time_zone: 'US/Pacific' }, null],
    [{ ...daily, time_zone: 'Asia/Calcutta' }, null],
    [{ ...daily, start: '2027-01-02T00:00:00Z', end: '2027-01-01T00:00:00Z' }, '/spec/end must be later than start'],
    [{ ...daily, end: '2026-11-28T11:59:59Z' }, '/spec/end is in the past'],
    [{ every: 60, end: '2020-01-01T00:00:00Z' }, '/spec/end is in the past'],
    [{ ...daily, start: '2020-01-01T00:00:00Z' }, null],
    // A time that never comes.
    [{ cron: ['0 0 30 2 *'] }, '/spec/cron/0 has no occurrence'],
    [{ cron: ['0 0 29 2 *'] }, null],
    [{ cron: ['0 0 29 2 *'], end: '2027-12-31T00:00:00Z' }, '/spec/cron/0 has no occurrence'],
    [
      { cron: ['0 0 29 2 *'], start: '2028-03-02T00:00:00Z', end: '2031-12-31T00:00:00Z' },
      '/spec/cron/0 has no occurrence',
    ],
    [{ cron: ['@daily', '0 0 31 6 *'] }, '/spec/cron/1 has no occurrence'],
    [{ every: 3600, start: '2026-12-01T00:10:00Z', end: '2026-12-01T01:00:00Z' }, null],
    [{ every: 3600, start: '2026-12-01T00:00:00Z', end: '2026-12-01T00:20:00Z' }, null],
    [{ every: 3600, start: '2026-12-01T00:10:00Z', end: '2026-12-01T00:20:00Z' }, '/spec/every has no occurrence'],
    [{ every: 315_360_000 }, null],
    [{ every: 315_360_000, start: '2030-01-01T00:00:00Z' }, '/spec/every has no occurrence'],
    [{ every: 60, start: '2100-12-31T00:00:00Z' }, null],
    [{ every: 60, start: '2101-01-01T00:00:00Z' }, '/spec/start must not be after the year 2100'],
    [{ ...daily, start: '9999-01-01T00:00:00Z' }, '/spec/start must not be after the year 2100'],
    [{ ...daily, end: '9999-12-31T00:00:00Z' }, null],
  ])('%j: %s', (times, refusal) => {
    expect(refusalOf(() => checkTimes(times, NOW))).toEqual(refusal === null ? null : expect.stringContaining(refusal));
  });
});

describe('backfills', () => {
  const many = 'would start more than 10000 executions';
  it.each<[times: ScheduleTimes, from: string, to: string, refusal: string | null]>([
    [daily, '2026-01-01', '2026-12-31', null],
    [daily, '2026-01-02', '2026-01-01', 'must be later than start'],
    [{ every: 7_200 }, '2000-01-01', '2026-01-01', many],
    [{ every: 60 }, '2026-01-01', '2026-01-07', null],
    [{ every: 60 }, '2026-01-01', '2026-01-09', many],
    [{ cron: ['* * * * *'] }, '2026-01-01', '2026-01-09', many],
    [{ cron: ['0 0 1 1 *'] }, '1990-01-01', '2100-01-01', '/end is more than 100 years after start'],
    [daily, '1970-01-01', '1970-02-01', null],
    [daily, '1969-12-31', '1970-02-01', '/start must not be before the year 1970'],
    [daily, '2100-12-01', '2100-12-31', null],
    [daily, '2100-12-01', '2101-01-01', '/end must not be after the year 2100'],
    [daily, '0001-01-01', '0001-01-02', '/start must not be before the year 1970'],
    // One that was stored before, and is no longer taken.
    [{ cron: ['0 0 5 * * *'] }, '2026-01-01', '2026-12-31', 'is no longer supported; replace the schedule first'],
  ])('%j from %s to %s: %s', (times, from, to, refusal) => {
    const [start, end] = [Date.parse(from), Date.parse(to)];
    expect(refusalOf(() => checkRange(times, start, end))).toEqual(
      refusal === null ? null : expect.stringContaining(refusal),
    );
  });
});
