// Free of zod: the command line reads it.

/** Matches a caller's idempotency key. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

/** The message about a key that does not match. */
export const IDEMPOTENCY_KEY_RULE = 'must be 1 to 200 visible ASCII characters';
