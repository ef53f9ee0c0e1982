/**
 * The rules by which templates are evaluated. 1: those of interpreter versions up to 9, kept for runs that were started with them.
 * 2: Jinja2 and Python wherever docs/expressions.md names no difference, and errors instead of values that nobody meant.
 */
export type Dialect = 1 | 2;

/** The dialect of what is written and simulated now. */
export const NEWEST_DIALECT: Dialect = 2;

// The first dialect with each behavior, for `dialect >= …`. Filters, methods, functions and tests that differ as a whole have their earlier
// selves in earlier-filters.ts, earlier-methods.ts, earlier-functions.ts and tests.ts, and the dialect chooses among them.

/** `%` and `format` are Python's whole formatting language (percent-format.ts); earlier, the part in earlier-format.ts. */
export const WHOLE_FORMATS: Dialect = 2;

/** No number is infinite: arithmetic, `sum`, `float` and literals refuse it. */
export const FINITE_NUMBERS: Dialect = 2;

/** `//` agrees with `%`; earlier, it was the rounded quotient. */
export const PYTHON_DIVISION: Dialect = 2;

/** Arguments that a filter, test, method or function does not declare are refused; earlier, tests and many functions ignored them. */
export const DECLARED_ARGUMENTS: Dialect = 2;

/** What does not exist may be bound, listed and passed on, and fails where it is used; earlier, where it was bound. */
export const LAZY_UNDEFINED: Dialect = 2;

/** A number finds the entry of a dictionary whose key is its text; earlier, only a text found it. */
export const KEYS_BY_NUMBER: Dialect = 2;

/** `loop(…)` goes through a list as its recursive loop does; earlier, `recursive` was read and meant nothing. */
export const RECURSIVE_LOOPS: Dialect = 2;

/** A list that is put out has the text that it has then; earlier, what it had when the template ended. */
export const TEXT_AT_ONCE: Dialect = 2;

/** `map`, `select` and their like take `none`, `false` and 0 for an empty list, as Jinja2 does; earlier, that was an error. */
export const EMPTY_INSTEAD: Dialect = 2;

/** `min` and `max` give none where that is what a list has; earlier, the list counted as empty. */
export const NONE_IS_AN_ENTRY: Dialect = 2;
