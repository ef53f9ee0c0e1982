import { z } from 'zod';

/** The beginning of a value (preview.ts). */
export const PreviewSchema = z.object({
  bytes: z.int().describe('The size of the value as JSON.'),
  text: z.string().describe('The first 200 characters of the JSON.'),
  truncated: z.boolean(),
});
