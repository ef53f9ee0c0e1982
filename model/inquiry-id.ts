import { integerId, MAX_NUMBERED_VISITS, parseExecutionId } from './execution-id.ts';
import type { Inquiry } from './inquiry.ts';
import { itemKey, tryKey, tryNumber } from './task-key.ts';

type Place = Pick<Inquiry, 'key' | 'visit' | 'item'>;

/**
 * Returns the id of an inquiry: the integer id of its task execution, followed by `[3]` for an item and by `~2` when it was asked again.
 * The id of a visit whose number is too large for an integer id consists of its run and key.
 */
export function inquiryId(n: number, { key, visit, item }: Place): string {
  if (visit === null || visit > MAX_NUMBERED_VISITS) return `${integerId(n)}:${key}`;
  const execution = `${integerId(n, visit)}`;
  return tryKey({ key: item === null ? execution : itemKey(execution, item), tries: tryNumber(key) });
}

/** Parses the id of an inquiry: its run number, and a test for the inquiry itself. Returns undefined for anything else. */
export function parseInquiryId(id: string): { n: number; is: (inquiry: Place) => boolean } | undefined {
  const byKey = /^(\d+):(.+)$/s.exec(id);
  if (byKey !== null) {
    const run = parseExecutionId(byKey[1]!);
    return run?.visit === 0 ? { n: run.n, is: ({ key }) => key === byKey[2] } : undefined;
  }
  const plain = /^(\d+)(?:\[\d+\])?(?:~\d+)?$/.exec(id);
  const task = plain === null ? undefined : parseExecutionId(plain[1]!);
  if (task === undefined || task.visit === 0) return undefined;
  return { n: task.n, is: (inquiry) => inquiryId(task.n, inquiry) === id };
}
