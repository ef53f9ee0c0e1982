import { z } from 'zod';
import { JsonValueSchema } from './json-value.ts';
import { isStorableText, NOT_STORABLE } from './text.ts';

// Fields that bodies of several kinds have. Bodies come from JSON.parse, so every value in them is JSON already.

/** The largest integer id, and the largest number of a revision, in the database. */
export const MAX_ROW_ID = 2_147_483_647;

/** Any JSON object. */
export const JsonObjectSchema = z.record(z.string(), JsonValueSchema);

/** Creates the schema of a name: text of at most `most` characters that the database stores unchanged. */
export function createNameSchema(most: number) {
  return z.string().min(1).max(most).refine(isStorableText, NOT_STORABLE);
}

/** A label that people read. */
export const LabelSchema = createNameSchema(200);

/** A tag of a workflow or an execution. */
export const TagSchema = createNameSchema(64);
