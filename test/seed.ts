import fc from 'fast-check';

// The only source of chance in the tests. The suite draws from one fixed seed, so that a change fails only for what it breaks.
// `npm run explore` draws from a new seed each time, and more often; it prints the seed, and FERMATA_SEED=… with FERMATA_RUNS=…
// draws the same inputs again. Vitest loads this file before each test file (vitest.config.ts).

/** The seed that tests draw from. */
export const SEED = Number(process.env.FERMATA_SEED ?? 20_260_101);

/** Returns how many inputs a test draws: FERMATA_RUNS where it is set, else `usual`. */
export function draws(usual: number): number {
  return Number(process.env.FERMATA_RUNS ?? usual);
}

/** Creates a generator of numbers from 0 up to but excluding 1, the same for the same seed (mulberry32). */
export function createRandom(seed: number = SEED): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Draws any character of Unicode. The unit `binary` of fast-check draws from the same ones, but first makes a table of all million,
 * which takes a second.
 */
export const character = fc.nat(0x10_f7ff).map((at) => String.fromCodePoint(at < 0xd800 ? at : at + 0x800));

fc.configureGlobal({ seed: SEED, numRuns: draws(100) });
