// Times and numbers in words.

const UNITS: [name: string, milliseconds: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** Returns a duration in words, such as `240 ms`, `3.4 s` or `2 h 5 min`, from milliseconds. */
export function durationText(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole < 1_000) return `${whole} ms`;
  if (whole < 10_000) return `${(Math.floor(whole / 100) / 10).toFixed(1)} s`;
  const first = UNITS.findIndex(([, length]) => whole >= length);
  const [name, length] = UNITS[first]!;
  const rest = UNITS[first + 1];
  const more = rest === undefined ? 0 : Math.floor((whole % length) / rest[1]);
  return `${Math.floor(whole / length)} ${name}${more === 0 ? '' : ` ${more} ${rest![0]}`}`;
}

/** Returns a size in words, such as `812 B` or `1.4 kB`, from bytes. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Returns a number such as `1,200`, or `10,000+` where it is a lower bound. */
export function numberText(count: number, isLowerBound = false): string {
  return `${count.toLocaleString('en-US')}${isLowerBound ? '+' : ''}`;
}

/** Returns a count with its noun, such as `1 run`, `2 runs`, or `10,000+ runs` where it is a lower bound. */
export function countText(count: number, noun: string, isLowerBound = false): string {
  return `${numberText(count, isLowerBound)} ${noun}${count === 1 && !isLowerBound ? '' : 's'}`;
}

const AGO: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads an instant that a person has typed: how long ago it was (`30m`, `2h`, `7d`), a day, a day with a time, or ISO 8601. A time without a
 * zone is local. Returns null for anything else.
 */
export function readInstant(text: string, now: number): Date | null {
  const ago = /^(\d{1,5}) ?([mhd])$/.exec(text.trim());
  if (ago !== null) return new Date(now - Number(ago[1]) * AGO[ago[2]!]!);
  const [, day, time = 'T00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const read = new Date(`${day}${time.startsWith('T') ? time : `T${time}`}${zone}`);
  return Number.isNaN(read.getTime()) ? null : read;
}
