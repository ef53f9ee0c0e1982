/**
 * The rules by which templates are evaluated. 1: the rules of interpreter versions up to 9, kept for runs that were started with them.
 * 2: those of Jinja2 and Python, except for the differences in docs/expressions.md, with errors instead of unintended values; kept for
 * interpreter version 10. 3: fixes what still differed in dialect 2.
 */
export type Dialect = 1 | 2 | 3;

/** The dialect of definitions that are written and simulated now. */
export const NEWEST_DIALECT: Dialect = 3;

// The first dialect with each behaviour, for `dialect >= …`. Filters, methods, functions and tests that differ as a whole have their earlier
// versions in earlier-filters.ts, earlier-methods.ts, earlier-functions.ts, tests.ts and second-dialect.ts, and the dialect chooses among them.

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

/** The values of `{% with %}` are evaluated before any of its names is set; earlier, each saw the names in front of it. */
export const WITH_AT_ONCE: Dialect = 3;

/** Text in quotes has escapes for all characters that cannot be printed; earlier, only for those of ASCII. */
export const UNPRINTABLE_ESCAPED: Dialect = 3;

/** `loop.changed` compares values as `!=` does; earlier, their texts. */
export const CHANGED_BY_VALUE: Dialect = 3;

/** Digits of every script are read as numbers; earlier, only those of ASCII. */
export const DIGITS_OF_EVERY_SCRIPT: Dialect = 3;

/** A place of `.format` may name a character of a text; earlier, only entries of lists and dictionaries. */
export const CHARACTERS_IN_PLACES: Dialect = 3;

/** An integer is its own `ceil` and `floor`, however large; earlier, both were calculated as floats. */
export const EXACT_BOUNDS: Dialect = 3;

/** `//` of large integers is exact, and so are reciprocals by `**`; earlier, they could be off in the last digit. */
export const EXACT_QUOTIENTS: Dialect = 3;

/** Formats write an integral zero without a sign; earlier, `'%f' % (0 * -3)` had one. */
export const UNSIGNED_ZERO: Dialect = 3;
