import type { Operation } from './environment.ts';
import { LIST_FILTERS } from './list-filters.ts';
import { TEXT_FILTERS } from './text-filters.ts';
import { TIME_FILTERS } from './time-filters.ts';

/** Every filter by name. */
export const FILTERS: Readonly<Record<string, Operation>> = { ...LIST_FILTERS, ...TEXT_FILTERS, ...TIME_FILTERS };
