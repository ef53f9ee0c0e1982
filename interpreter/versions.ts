/**
 * Interpreter versions from which on runs behave differently, for `state.version >= …`. Open runs keep the behaviour of the
 * version that they were started with.
 */
export const BOUNDED_WORK = 8;

/** Workers of ours are sent the seconds of an attempt, so that waiting for a permit is no part of them, and may hand tasks back. */
export const PERMITS_APART = 8;
