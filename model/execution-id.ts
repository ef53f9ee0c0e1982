/**
 * The run number `n` (43 bits) and its spellings. All functions are pure and exact inverses.
 *
 * Top bit 0: minted, 40 bits of milliseconds since 2026-01-01 and two more. Top bit 1: derived, 42 bits of a hash.
 */

/** 2026-01-01T00:00:00Z in milliseconds, at which run numbers begin. */
export const NUMBER_EPOCH = Date.UTC(2026, 0, 1);

/** The number of visits that have their own integer ids, in order of scheduling. */
export const MAX_NUMBERED_VISITS = 1023;

const VISIT_SPAN = 1024;
const MINTED_LIMIT = 2 ** 42;
const NUMBER_LIMIT = 2 ** 43;
const AHEAD_LIMIT = 4 * 10_000;
const WORKFLOW_ID_PREFIX = 'wf_';

/** The meaning of an execution id in any spelling: a run, or one visit of it (`visit` 0 is the run itself). */
export interface ExecutionId {
  n: number;
  visit: number;
}

/** Returns whether a run can have a number. */
export function isRunNumber(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0 && n < NUMBER_LIMIT;
}

/** Mints the next run number: `max(last + 1, 4 × ms)`, at most ten seconds ahead of the clock (RangeError). */
export function mintNumber(last: number, now: number): number {
  const floor = 4 * (now - NUMBER_EPOCH);
  const n = Math.max(last + 1, floor);
  if (n - floor > AHEAD_LIMIT || n >= MINTED_LIMIT)
    throw new RangeError('execution ids are too far ahead of the clock');
  return n;
}

/** Returns the derived number from the first six bytes of a SHA-256, in hexadecimal (sub-workflows, schedules, foreign runs). */
export function derivedNumber(digest: string): number {
  return MINTED_LIMIT + (Number.parseInt(digest.slice(0, 12), 16) % MINTED_LIMIT);
}

/** Returns the integer id of the Executions API and the MCP executions: JavaScript-safe up to 2^53. */
export function integerId(n: number, visit = 0): number {
  return n * VISIT_SPAN + visit;
}

/** Returns the UUIDv7 of the Automation API: the time where `n` has one, the rest a fixed mixing of `n`. */
export function deriveUuid(n: number): string {
  const big = BigInt(n);
  const minted = n < MINTED_LIMIT;
  // 48 bits of time: the minted millisecond, or the middle of the hash for a number without one.
  const time = minted ? BigInt(NUMBER_EPOCH) + (big >> 2n) : BigInt(NUMBER_EPOCH) + ((big >> 2n) & 0xff_ffff_ffffn);
  const low = mix(big);
  const randA = (low >> 52n) & 0xfffn;
  // rand_b carries n itself (43 bits) below 19 mixed bits, so that the inverse is exact.
  const randB = ((low & 0x7ffffn) << 43n) | big;
  const hex = (value: bigint, digits: number) => value.toString(16).padStart(digits, '0');
  const timeHex = hex(time, 12);
  const tail = hex((0b10n << 62n) | randB, 16);
  return `${timeHex.slice(0, 8)}-${timeHex.slice(8)}-7${hex(randA, 3)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

/** Returns Temporal's workflow id, which is the id of the Management API too. */
export function workflowIdOf(n: number): string {
  return `${WORKFLOW_ID_PREFIX}${deriveUuid(n)}`;
}

/** Returns the workflow id of a schedule; `digits` are 12 random hexadecimal ones that no other schedule has. */
export function scheduleWorkflowIdOf(digits: string, schedule: string): string {
  return `sch_${digits}_${schedule}`;
}

/** Returns whether a workflow id can be that of a run that a schedule started: Temporal adds the time of each start. */
export function isStartOfSchedule(workflowId: string, schedule: string): boolean {
  const digits = /^sch_([0-9a-f]{12})_/.exec(workflowId)?.[1];
  return digits !== undefined && workflowId.startsWith(`${scheduleWorkflowIdOf(digits, schedule)}-`);
}

/** Returns the workflow id of the run that a schedule with this workflow id starts for a time (milliseconds, a whole second). */
export function startOfSchedule(workflowId: string, time: number): string {
  return `${workflowId}-${new Date(time).toISOString().replace('.000Z', 'Z')}`;
}

/** Returns the time that a run of a schedule is for, read from its workflow id: ISO 8601, UTC, with milliseconds; null when it has none. */
export function readScheduledTime(workflowId: string): string | null {
  const time = /^sch_.+-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z$/.exec(workflowId)?.[1];
  return time === undefined ? null : `${time}.000Z`;
}

/** Parses an id in any spelling: integer, UUID or `wf_` id. Returns undefined for one that decodes to no possible run. */
export function parseExecutionId(text: string): ExecutionId | undefined {
  if (/^[0-9]{1,16}$/.test(text)) {
    const id = Number(text);
    if (!Number.isSafeInteger(id)) return undefined;
    const n = Math.floor(id / VISIT_SPAN);
    return isRunNumber(n) ? { n, visit: id % VISIT_SPAN } : undefined;
  }
  const uuid = text.startsWith(WORKFLOW_ID_PREFIX) ? text.slice(WORKFLOW_ID_PREFIX.length) : text;
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(uuid)) return undefined;
  const n = Number(BigInt(`0x${uuid.slice(19).replace('-', '')}`) & 0x7ff_ffff_ffffn);
  return deriveUuid(n) === uuid.toLowerCase() ? { n, visit: 0 } : undefined;
}

/** Mixes 64 bits in a fixed way (the finalizer of SplitMix64, whose constants are in the public domain). */
function mix(value: bigint): bigint {
  const mask = (1n << 64n) - 1n;
  let z = (value + 0x9e3779b97f4a7c15n) & mask;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
  return z ^ (z >> 31n);
}
