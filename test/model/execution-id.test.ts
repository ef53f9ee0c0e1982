import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  derivedNumber,
  deriveUuid,
  integerId,
  mintNumber,
  NUMBER_EPOCH,
  parseExecutionId,
  readScheduledTime,
  workflowIdOf,
} from '../../model/execution-id.ts';

const numbers = fc.integer({ min: 0, max: 2 ** 43 - 1 });

describe('spellings of a run number', () => {
  it('are exact inverses: integer, UUID and workflow id', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 1023 }), (n, visit) => {
        expect(parseExecutionId(String(integerId(n, visit)))).toEqual({ n, visit });
        expect(parseExecutionId(deriveUuid(n))).toEqual({ n, visit: 0 });
        expect(parseExecutionId(deriveUuid(n).toUpperCase())).toEqual({ n, visit: 0 });
        expect(parseExecutionId(workflowIdOf(n))).toEqual({ n, visit: 0 });
      }),
    );
  });

  it('are safe integers and valid UUIDv7, also at the ends of the range', () => {
    for (const n of [0, 1, 2 ** 42 - 1, 2 ** 42, 2 ** 43 - 1]) {
      expect(Number.isSafeInteger(integerId(n, 1023))).toBe(true);
      expect(deriveUuid(n)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(parseExecutionId(deriveUuid(n))).toEqual({ n, visit: 0 });
    }
  });

  it('carry the time of a minted number as UUIDv7 does', () => {
    const now = Date.UTC(2026, 10, 23, 12);
    const n = mintNumber(0, now);
    expect(Number.parseInt(deriveUuid(n).replace('-', '').slice(0, 12), 16)).toBe(now);
  });

  it('refuse a UUID that no number has, and every other text', () => {
    fc.assert(
      fc.property(fc.uuid({ version: 7 }), (uuid) => {
        const parsed = parseExecutionId(uuid);
        if (parsed !== undefined) expect(deriveUuid(parsed.n)).toBe(uuid);
      }),
    );
    for (const text of ['', 'wf_', '-1', '1.5', '1e3', '9007199254740993', ' 1', 'wf_1', '٣', '99999999999999999999']) {
      expect(parseExecutionId(text), text).toBeUndefined();
    }
  });
});

it.each([
  ['sch_0123456789ab_nightly-2026-11-01T03:00:00Z', '2026-11-01T03:00:00.000Z'],
  ['sch_0123456789ab_2026-11-01T03:00:00Z-2027-12-31T23:59:59Z', '2027-12-31T23:59:59.000Z'],
  ['sch_0123456789ab_nightly', null],
  ['sch_0123456789ab_nightly-2026-11-01', null],
  ['wf_019a0000-0000-7000-8000-000000000000', null],
  ['other-2026-11-01T03:00:00Z', null],
])('the run %s of a schedule is for %s', (workflowId, time) => {
  expect(readScheduledTime(workflowId)).toBe(time);
});

describe('minting', () => {
  it('rises strictly, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2000, max: 2000 }), { maxLength: 50 }), (steps) => {
        let clock = NUMBER_EPOCH + 1_000_000;
        let last = 0;
        for (const step of steps) {
          clock += step;
          if (4 * (clock - NUMBER_EPOCH) < last - 40_000) continue;
          const next = mintNumber(last, clock);
          expect(next).toBeGreaterThan(last);
          last = next;
        }
      }),
    );
  });

  it('refuses to run more than ten seconds ahead of the clock', () => {
    const now = NUMBER_EPOCH + 1_000;
    expect(mintNumber(4_000 + 39_999, now)).toBe(44_000);
    expect(() => mintNumber(4_000 + 40_000, now)).toThrow(RangeError);
  });
});

it('a derived number never meets a minted one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) => {
      const n = derivedNumber(Buffer.from(digest).toString('hex'));
      expect(n).toBeGreaterThanOrEqual(2 ** 42);
      expect(n).toBeLessThan(2 ** 43);
      expect(parseExecutionId(deriveUuid(n))).toEqual({ n, visit: 0 });
    }),
  );
});
