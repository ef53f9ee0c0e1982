import fc from 'fast-check';
import { documentParts } from './documents.ts';
import type { Part } from './part.ts';
import { schemaPart } from './schemas.ts';
import { templateParts } from './templates.ts';

/** Everything that random input is tried on without a server. */
export const PARTS: readonly Part[] = [schemaPart, ...templateParts, ...documentParts];

/** Tries a part; returns null when it holds, else the smallest input that breaks it, with the seed that finds it again. */
export async function tryPart({ name, property }: Part, numRuns: number, seed: number): Promise<string | null> {
  const details = await fc.check(property, { numRuns, seed });
  if (!details.failed) return null;
  return `${fc.defaultReportMessage(details)}\nAgain: npm run fuzz ${name} ${numRuns} ${seed}`;
}
