import { z } from 'zod';
import { PackRefSchema, RefSchema } from '../definition.ts';
import { JsonValueSchema } from '../json-value.ts';
import { JsonObjectSchema, LabelSchema } from '../request-fields.ts';
import { EventTypeSchema } from './patterns.ts';

/** The body of POST /api/v1/triggers. */
export const TriggerCreateSchema = z.strictObject({
  ref: RefSchema.describe('`pack.name`, where `pack` is the ref of the pack.'),
  pack_ref: PackRefSchema,
  label: LabelSchema,
  description: z.string().max(10_000).nullable().optional(),
  type: EventTypeSchema.optional().describe('The type of its events; its ref unless given. It never changes.'),
  schema: JsonObjectSchema.nullable().optional().describe('JSON Schema (2020-12) of the payload.'),
  examples: z.array(JsonValueSchema).max(20).optional().describe('Payloads, which must match the schema.'),
});

/** The body of PUT /api/v1/triggers/{ref}: every field may be left out, and stays as it is then. */
export const TriggerUpdateSchema = TriggerCreateSchema.omit({ ref: true, pack_ref: true, type: true }).partial();

/** A parsed body for a new trigger. */
export type TriggerCreate = z.infer<typeof TriggerCreateSchema>;

/** A parsed body for a change of a trigger. */
export type TriggerUpdate = z.infer<typeof TriggerUpdateSchema>;
