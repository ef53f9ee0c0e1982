import { PARENT_FILTER, RANGE_FILTERS, TEXT_FILTERS } from '../../model/execution-filter.ts';
import { MAX_ROW_ID } from '../../model/requests.ts';
import { wholeNumber } from '../http/whole-number.ts';

/** The filters of the Executions API's lists and exports, as they stand in a query; all combine. */
export const FILTER_QUERY = {
  ...TEXT_FILTERS,
  enforcement: wholeNumber(0).optional(),
  ...PARENT_FILTER,
  executor: wholeNumber(0, MAX_ROW_ID).optional().describe('The integer id of the principal that started it.'),
  ...RANGE_FILTERS,
};
