import { describe, expect, it } from 'vitest';
import { failureOf, PARTS } from './parts.ts';

/** How many of its inputs each part tries here; the others are for `npm run fuzz`. */
const SHARE = 1 / 10;

describe('random input breaks nothing', () => {
  it.each(PARTS.filter(({ large }) => !large))('$name', (part) => {
    expect(failureOf(part, Math.ceil(part.runs * SHARE), 20_260_101)).toBeNull();
  });
});
