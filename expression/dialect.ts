/**
 * The rules by which templates are evaluated. 1: the rules of interpreter versions up to 9, kept for runs that were started with them.
 * 2: those of Jinja2 and Python, except for the differences in docs/expressions.md, with errors instead of unintended values.
 */
export type Dialect = 1 | 2;

/** The dialect of definitions that are written and simulated now. */
export const NEWEST_DIALECT: Dialect = 2;

// The first dialect with each behaviour, for `dialect >= …`. Filters, methods, functions and tests that differ as a whole have their
// earlier versions in earlier-filters.ts, earlier-methods.ts, earlier-functions.ts and tests.ts, and the dialect chooses among them.

/** `%` and `format` are Python's whole formatting language (percent-format.ts); earlier, the part in earlier-format.ts. */
export const WHOLE_FORMATS: Dialect = 2;

/** No number is infinite: arithmetic, `sum`, `float` and literals refuse it. */
export const FINITE_NUMBERS: Dialect = 2;

/** `//` agrees with `%`; earlier, it was the rounded quotient. */
export const PYTHON_DIVISION: Dialect = 2;

/** Arguments that a filter, test, method or function does not declare are refused; earlier, tests and many functions ignored them. */
export const DECLARED_ARGUMENTS: Dialect = 2;

/** An undefined value may be bound, listed and passed on, and fails where it is used; earlier, where it was bound. */
export const LAZY_UNDEFINED: Dialect = 2;

/** A number finds the entry of a dictionary whose key is its text; earlier, only a text found it. */
export const KEYS_BY_NUMBER: Dialect = 2;

/** `loop(…)` goes through a list as its recursive loop does; earlier, `recursive` was read and meant nothing. */
export const RECURSIVE_LOOPS: Dialect = 2;

/** An output list has the text that it has at that moment; earlier, the one that it had when the template ended. */
export const TEXT_AT_ONCE: Dialect = 2;

/** `map`, `select` and similar filters treat `none`, `false` and 0 as an empty list, as Jinja2 does; earlier, that was an error. */
export const EMPTY_INSTEAD: Dialect = 2;

/** `min` and `max` return none where a list has that entry; earlier, such a list counted as empty. */
export const NONE_IS_AN_ENTRY: Dialect = 2;
