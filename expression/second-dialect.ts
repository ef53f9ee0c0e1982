import { type Operation, passing } from './environment.ts';
import { typeError } from './errors.ts';
import { capitalizeWords, onSpelt, TEXT_FILTERS } from './text-filters.ts';

// Filters of dialect 2 that dialect 3 replaces as a whole. They never change.

/** Filters of dialect 2. */
export const SECOND_FILTERS: Readonly<Record<string, Operation>> = {
  title: onSpelt(4, (value) => capitalizeWords(value, /[^\s([{<-]+/gu)),
  truncate: passing('length killwords end leeway', (value, args, environment, named) => {
    if (args[3] === null) throw typeError('an integer is expected, not none');
    return TEXT_FILTERS.truncate!.run(value, args, environment, named);
  }),
};
