import { CAUSE_FILTERS, PARENT_FILTER, RANGE_FILTERS, TEXT_FILTER_NAMES } from '../../model/execution-filter.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import { wholeNumber } from '../http/whole-number.ts';

/** The filters of lists and exports in the Executions API, as parameters of a query; all must match. */
export const FILTER_QUERY = {
  ...TEXT_FILTER_NAMES,
  enforcement: wholeNumber(0).optional(),
  event: wholeNumber(1).optional().describe('The id of the event for which a rule has started it.'),
  ...CAUSE_FILTERS,
  ...PARENT_FILTER,
  executor: wholeNumber(0, MAX_ROW_ID).optional().describe('The integer id of the principal that started it.'),
  ...RANGE_FILTERS,
};
