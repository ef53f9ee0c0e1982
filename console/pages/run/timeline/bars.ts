import { STATE_MARKS } from '../../../../language/layout/drawing/states.ts';
import { TASK_STATUSES } from '../../../../model/status.ts';
import { type Entry, entryState } from './entry.ts';

/** A part of a bar: a stretch of time in milliseconds, with the class that colours it. */
export interface BarPart {
  from: number;
  to: number;
  look: string;
}

/** The time that something has waited to begin, and the time for which it has run; null where there is none. */
export interface EntryTimes {
  queued: [from: number, to: number] | null;
  ran: [from: number, to: number] | null;
}

/** Returns the two times of an entry; what has not ended lasts until `now`. */
export function readTimes(entry: Entry, now: number): EntryTimes {
  if (entry.kind === 'attempt') {
    const { started, ended } = entry.attempt;
    if (started === null) return { queued: null, ran: null };
    return { queued: null, ran: [Date.parse(started), endOf(ended, now)] };
  }
  const { created, started, ended, items } = entry.line;
  const [begun, end] = [Date.parse(created), endOf(ended, now)];
  // A list of items has no attempt that starts.
  if (items !== null) return { queued: null, ran: [begun, end] };
  if (started === null) return { queued: [begun, end], ran: null };
  return { queued: [begun, Date.parse(started)], ran: [Date.parse(started), end] };
}

function endOf(ended: string | null, now: number): number {
  return ended === null ? now : Date.parse(ended);
}

/** Returns the bar of an entry. That of a task with items is split by the states of these, in the share that each has. */
export function listBarParts(entry: Entry, now: number): BarPart[] {
  const { queued, ran } = readTimes(entry, now);
  const parts: BarPart[] = [];
  if (queued !== null) parts.push({ from: queued[0], to: queued[1], look: 'queued' });
  if (ran === null) return parts;
  if (entry.kind === 'task' && entry.line.items !== null) return splitByState(ran, entry.line.items);
  parts.push({ from: ran[0], to: ran[1], look: lookOfEntry(entry) });
  return parts;
}

function lookOfEntry(entry: Entry): string {
  const isWaiting = entry.kind === 'task' && entry.line.waiting !== null;
  return lookOf(isWaiting ? 'waiting' : entryState(entry));
}

function lookOf(state: keyof typeof STATE_MARKS): string {
  return STATE_MARKS[state].colour;
}

function splitByState(
  [from, to]: [number, number],
  { total, by_status: counts }: { total: number; by_status: Record<(typeof TASK_STATUSES)[number], number> },
): BarPart[] {
  const length = to - from;
  let at = from;
  const parts: BarPart[] = [];
  const begun = TASK_STATUSES.reduce((sum, status) => sum + counts[status], 0);
  const order = [...TASK_STATUSES.filter((status) => status !== 'scheduled'), 'scheduled'] as const;
  for (const status of order) {
    const count = counts[status];
    if (count === 0) continue;
    const end = at + (length * count) / Math.max(total, begun);
    parts.push({ from: at, to: end, look: lookOf(status) });
    at = end;
  }
  if (begun < total) parts.push({ from: at, to, look: 'queued' });
  return parts;
}
