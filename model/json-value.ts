import { z } from 'zod';
import type { Json } from './json.ts';

/** Any JSON. Values come from JSON.parse, so the schema checks nothing again; it only gives the type. */
export const JsonValueSchema = z.any() as unknown as z.ZodType<Json>;
