import type { Soak } from '../product/soak.ts';
import { compareEnds, isEqual } from './ratios.ts';

/** How much the memory of a process may grow over the second half of a soak, as a share of it. */
const MAX_GROWTH = 0.1;

/** Returns what is wrong with a soak: a run costs more at the end than at the start, by more than the spread, or the memory of a process grows on. */
export function findDecline(found: Soak): string[] {
  const ends = compareEnds(found);
  const isDearer = ends.value > 1 && !isEqual(ends);
  const dearer = isDearer
    ? [`a run takes ${ends.value.toFixed(2)} × the CPU at the end that it takes at the start`]
    : [];
  const growing = Object.entries(found.memory).flatMap(([name, values]) => {
    // Postgres counts memory that its processes share in each of them.
    const growth = name === 'Postgres' ? 0 : growthOf(values.slice(values.length / 2));
    return growth > MAX_GROWTH
      ? [`the memory of ${name} grows on, by ${Math.round(growth * 100)} % in the second half`]
      : [];
  });
  return [...dearer, ...growing];
}

/** Returns the growth along the line of least squares, as a share of the mean. */
function growthOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const sum = (parts: readonly number[]) => parts.reduce((total, part) => total + part, 0);
  const slope = sum(values.map((value, at) => (at - middle) * value)) / sum(values.map((_, at) => (at - middle) ** 2));
  return (slope * (values.length - 1)) / (sum(values) / values.length);
}
