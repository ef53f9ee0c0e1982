import { createRandom } from '../seed.ts';
import type { Kind } from './context.ts';

/** Draws what a template consists of. */
export interface Draw {
  upTo(size: number): number;
  pick<T>(list: readonly T[]): T;
  chance(share: number): boolean;
  /** An expression of some kind that is nested so deep at most. */
  of(kind: Kind, depth: number): string;
  any(depth: number): string;
}

/** Makes an expression that is nested so deep at most. */
export type Maker = (depth: number) => string;

/** Draws numbers and choices from a seed. */
export function createChance(seed: number): Pick<Draw, 'upTo' | 'pick' | 'chance'> {
  const random = createRandom(seed);
  const upTo = (size: number): number => Math.floor(random() * size);
  return {
    upTo,
    pick: (list) => list[upTo(list.length)]!,
    chance: (share) => random() < share,
  };
}

/** A small number, as an index or a count is one. */
export const small = ({ pick }: Draw): string => pick(['0', '1', '2', '3', '5', '-1', '-2', 'n']);

/** A short text, as one looks for. */
export const word = ({ pick }: Draw): string =>
  pick(["'l'", "' '", "'o'", "'a'", "'b'", "'-'", "','", "'lo'", "'é'", "'😀'", "'xyz'", "''", "'ß'", "'\\n'"]);
