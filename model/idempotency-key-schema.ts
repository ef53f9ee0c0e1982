import { z } from 'zod';
import { IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE } from './idempotency-key.ts';

/** A caller's idempotency key. */
export const IdempotencyKeySchema = z.string().regex(IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_RULE);
