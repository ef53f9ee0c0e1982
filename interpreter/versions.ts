/**
 * Interpreter versions from which on runs behave differently, for `state.version >= …`. Open runs keep the behaviour of the
 * version that they were started with.
 */
export const BOUNDED_WORK = 8;
