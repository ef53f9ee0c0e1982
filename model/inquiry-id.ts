import { integerId, MAX_NUMBERED_VISITS, parseExecutionId } from './execution-id.ts';
import type { Inquiry } from './inquiry.ts';

type Place = Pick<Inquiry, 'key' | 'visit' | 'item'>;

/**
 * How an inquiry is called: the integer id of its task execution, `[3]` behind it for an item, `~2` when it was asked again
 * (design/shapes.md, Inquiries); a visit beyond those that have integers is called by its run and key.
 */
export function inquiryId(n: number, { key, visit, item }: Place): string {
  if (visit === null || visit > MAX_NUMBERED_VISITS) return `${integerId(n)}:${key}`;
  const again = /~\d+$/.exec(key)?.[0] ?? '';
  return `${integerId(n, visit)}${item === null ? '' : `[${item}]`}${again}`;
}

/** The run that an id names, and what tells its inquiry; undefined for what is no id. */
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
