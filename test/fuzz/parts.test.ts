import { describe, expect, it } from 'vitest';
import { draws, SEED } from '../seed.ts';
import { PARTS, tryPart } from './parts.ts';

/** How many of its inputs each part tries here; the others are for `npm run fuzz`. */
const SHARE = 1 / 20;

describe('random input breaks nothing', () => {
  it.each(PARTS.filter(({ large }) => !large))('$name', async (part) => {
    expect(await tryPart(part, draws(Math.ceil(part.runs * SHARE)), SEED)).toBeNull();
  });
});
