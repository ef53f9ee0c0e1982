import { z } from 'zod';
import type { Json } from './json.ts';

/** Any JSON. What JSON.parse gave can hold nothing else, so that no check is made again; the type says what it is. */
export const JsonValueSchema = z.any() as unknown as z.ZodType<Json>;
