import { type StructuredPatchHunk, structuredPatch } from 'diff';

/** How many equal lines stand around those that differ. */
const CONTEXT = 3;

/** The most lines that differ, and milliseconds, of a comparison, so that the page stays usable. */
const LIMITS = { maxEditLength: 2_000, timeout: 2_000 };

/** Returns the lines in which two texts differ, with some around them; null if the texts differ in too many. */
export function compareTexts(before: string, after: string): StructuredPatchHunk[] | null {
  const options = { context: CONTEXT, maxEditLength: LIMITS.maxEditLength, timeout: LIMITS.timeout };
  return structuredPatch('', '', before, after, undefined, undefined, options)?.hunks ?? null;
}
