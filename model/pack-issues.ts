import type { Issue } from './issue.ts';
import { isJsonObject, type Json } from './json.ts';

/** Returns the issue of a part of a pack whose ref does not begin with that of its pack. */
export function refMismatch({ ref, pack_ref }: { ref: string; pack_ref: string }): Issue[] {
  if (ref.startsWith(`${pack_ref}.`)) return [];
  return [{ code: 'ref_mismatch', path: '/ref', message: `must begin with "${pack_ref}.", the ref of the pack` }];
}

/**
 * Returns the issues of a pack, each with the ref of its part in front of the message: the author of a pack in files knows
 * the refs, and not their places in a list.
 */
export function namedByRef(issues: readonly Issue[], pack: Json | undefined): Issue[] {
  return issues.map((issue) => {
    const [, list, index] = /^\/(triggers|actions|workflows|rules)\/(\d+)\//.exec(issue.path) ?? [];
    const entries = list !== undefined && isJsonObject(pack) ? pack[list] : undefined;
    const entry = Array.isArray(entries) ? entries[Number(index)] : undefined;
    const ref = isJsonObject(entry) ? entry.ref : undefined;
    return typeof ref === 'string' && ref !== '' ? { ...issue, message: `in "${ref}": ${issue.message}` } : issue;
  });
}
