/** A point in time: whole seconds since 1970, and the microseconds of its second. */
export interface Time {
  seconds: number;
  microseconds: number;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:(Z)|([-+])(\d\d):?(\d\d))?)?$/;
const DAYS_BEFORE_1970 = 719_162;

/** The first and the last second of the years 1 to 9999. */
const FIRST = -DAYS_BEFORE_1970 * 86_400;
const LAST = 253_402_300_799;

/** Returns the time of seconds since 1970; null beyond the years 1 to 9999. */
export function toTime(seconds: number): Time | null {
  const begun = Math.floor(seconds);
  const rounded = Math.round((seconds - begun) * 1e6);
  // Microseconds that round up to a whole second belong to the next second.
  const time = rounded < 1e6 ? { seconds: begun, microseconds: rounded } : { seconds: begun + 1, microseconds: 0 };
  return time.seconds >= FIRST && time.seconds <= LAST ? time : null;
}

/**
 * Parses ISO 8601 text, UTC without a zone; null for a time that does not exist, such as February 30, 24:00 or a leap second, and beyond
 * the years 1 to 9999.
 */
export function parseTime(text: string): Time | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [zoneHour, zoneMinute] = [part(10), part(11)];
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // JavaScript turns a day that does not exist into another one.
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offset = (match[9] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60;
  const time = toTime(date.getTime() / 1000 + hour * 3_600 + minute * 60 + second - offset);
  return time && { ...time, microseconds: Number((match[7] ?? '').slice(0, 6).padEnd(6, '0')) };
}
