import { expect, it } from 'vitest';
import { countText, durationText, readInstant, sizeText } from '../../console/parts/words.ts';

it.each([
  [0, '0 ms'],
  [-5, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [9_999, '9.9 s'],
  [10_000, '10 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [3_900_000, '1 h 5 min'],
  [90_000_000, '1 d 1 h'],
  [864_000_000, '10 d'],
])('%i ms are %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_400, '1.4 kB'],
  [2_000_000, '2.0 MB'],
])('%i bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

it('counts have their noun', () => {
  expect([0, 1, 1_200].map((count) => countText(count, 'run'))).toEqual(['0 runs', '1 run', '1,200 runs']);
  expect([1, 10_000].map((count) => countText(count, 'run', true))).toEqual(['1+ runs', '10,000+ runs']);
});

const NOW = Date.parse('2026-03-01T12:00:00Z');
const local = (text: string) => new Date(text).toISOString();

it.each([
  ['30m', '2026-03-01T11:30:00.000Z'],
  ['2 h', '2026-03-01T10:00:00.000Z'],
  [' 7d ', '2026-02-22T12:00:00.000Z'],
  ['2026-02-03T04:05:06Z', '2026-02-03T04:05:06.000Z'],
  ['2026-02-03T04:05:06.789+01:00', '2026-02-03T03:05:06.789Z'],
  ['2026-02-03', local('2026-02-03T00:00')],
  ['2026-02-03 04:05', local('2026-02-03T04:05')],
])('%s is an instant', (text, instant) => {
  expect(readInstant(text, NOW)?.toISOString()).toBe(instant);
});

it.each(['', 'h', '2w', 'yesterday', '2026-13-01', '2026-02-03 25:00', '2026-02-03Tx'])('%j is no instant', (text) => {
  expect(readInstant(text, NOW)).toBeNull();
});
