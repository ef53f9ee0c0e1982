import { NUMBER_EPOCH } from '../model/execution-id.ts';

// Many processes start runs on one Temporal server, and none of them knows the numbers of the others. Each counts from somewhere in the
// past: two that both followed the clock would often meet, and an API mints what comes next.
let last = 4 * Math.floor(Math.random() * (Date.now() - NUMBER_EPOCH));

/** Returns a run number that nobody else has. */
export function nextNumber(): number {
  last += 1;
  return last;
}
