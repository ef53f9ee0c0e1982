import { PARENT_FILTER, RANGE_FILTERS, TEXT_FILTER_NAMES } from '../../model/execution-filter.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import { wholeNumber } from '../http/whole-number.ts';

/** The filters of lists and exports in the Executions API, as parameters of a query; all must match. */
export const FILTER_QUERY = {
  ...TEXT_FILTER_NAMES,
  enforcement: wholeNumber(0).optional(),
  ...PARENT_FILTER,
  executor: wholeNumber(0, MAX_ROW_ID).optional().describe('The integer id of the principal that started it.'),
  ...RANGE_FILTERS,
};
