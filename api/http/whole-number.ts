import { z } from '@hono/zod-openapi';

/**
 * Returns the schema of a whole number in a path or query: decimal digits from `min` to `max`. Refuses an empty text,
 * `1e3` and ` 7`, which JavaScript would accept as numbers.
 */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return digits(min, max).openapi({ type: 'integer', minimum: min, maximum: max });
}

/** Returns the same schema for an optional parameter of a query, with a default. */
export function wholeNumberOr(fallback: number, min: number, max: number) {
  return digits(min, max).default(fallback).openapi({ type: 'integer', minimum: min, maximum: max, default: fallback });
}

function digits(min: number, max: number) {
  // Nothing more is said about a text that is no number.
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, { error: message, abort: true })
    .transform(Number)
    .refine((number) => number >= min && number <= max, message);
}
