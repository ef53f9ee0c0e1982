import type { Dialect } from './dialect.ts';
import { DICTIONARY_FILTERS } from './dictionary-filters.ts';
import { EARLIER_FILTERS } from './earlier-filters.ts';
import { EARLIER_LIST_FILTERS } from './earlier-list-filters.ts';
import type { Operation } from './environment.ts';
import { LIST_FILTERS } from './list-filters.ts';
import { NUMBER_FILTERS } from './number-filters.ts';
import { SECOND_FILTERS } from './second-dialect.ts';
import { TEXT_FILTERS } from './text-filters.ts';
import { TIME_FILTERS } from './time-filters.ts';

type Filters = Readonly<Record<string, Operation>>;

/** Every filter of the newest dialect, by name. */
export const FILTERS: Filters = {
  ...LIST_FILTERS,
  ...DICTIONARY_FILTERS,
  ...NUMBER_FILTERS,
  ...TEXT_FILTERS,
  ...TIME_FILTERS,
};

const SECOND: Filters = { ...FILTERS, ...SECOND_FILTERS };
const FILTERS_OF: Record<Dialect, Filters> = {
  1: { ...SECOND, ...EARLIER_LIST_FILTERS, ...EARLIER_FILTERS },
  2: SECOND,
  3: FILTERS,
};

/** Returns every filter of a dialect, by name. */
export function filtersOf(dialect: Dialect): Filters {
  return FILTERS_OF[dialect];
}
