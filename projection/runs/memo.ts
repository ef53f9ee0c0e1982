import type { temporal } from '@temporalio/proto';
import type { RunMemo } from '../../model/run-input.ts';
import { readRunMemo } from '../../model/run-memo.ts';
import { decodePayload } from '../payload.ts';

/** Reads the memo that Fermata left, from a start event or from a list of runs; null where it left none. */
export function readMemo(memo: temporal.api.common.v1.IMemo | null | undefined): RunMemo | null {
  const value = decodePayload(memo?.fields?.fermata);
  return value === null ? null : readRunMemo(value);
}
