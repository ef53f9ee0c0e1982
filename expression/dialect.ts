/**
 * The rules by which templates are evaluated. 1: those of interpreter versions up to 9, kept for runs that were started with them.
 * 2: Jinja2 and Python wherever docs/expressions.md names no difference, and errors instead of values that nobody meant.
 */
export type Dialect = 1 | 2;

/** The dialect of what is written and simulated now. */
export const NEWEST_DIALECT: Dialect = 2;

// The first dialect with each behavior, for `dialect >= …`. Filters that differ as a whole have their earlier selves in
// earlier-filters.ts, methods in earlier-methods.ts and tests in earlier-tests.ts, which are chosen by the dialect as well.

/** `%` and `format` are Python's whole formatting language (percent-format.ts); earlier, the part in earlier-format.ts. */
export const WHOLE_FORMATS: Dialect = 2;

/** No number is infinite: arithmetic, `sum`, `float` and literals refuse it. */
export const FINITE_NUMBERS: Dialect = 2;

/** `//` agrees with `%`; earlier, it was the rounded quotient. */
export const PYTHON_DIVISION: Dialect = 2;
