import type { InquiryRequest } from '../model/inquiry.ts';

/** What is wrong with a request beyond its schema: where, and how. */
export function requestIssues({
  approvers,
  groups,
  options,
  quorum,
  deny_quorum,
}: InquiryRequest): { path: string; message: string }[] {
  const issues: { path: string; message: string }[] = [];
  const refs = options.map(({ ref }) => ref);
  for (const [index, ref] of refs.entries()) {
    if (refs.indexOf(ref) !== index)
      issues.push({ path: `/options/${index}/ref`, message: `"${ref}" stands here twice` });
  }
  if (!options.some(({ outcome }) => outcome === 'approve')) {
    issues.push({ path: '/options', message: 'none of the options approves' });
  }
  if (groups.length > 0 || approvers.length === 0) return issues;
  const people = new Set(approvers).size;
  for (const [path, needed] of [
    ['/quorum', quorum],
    ['/deny_quorum', deny_quorum],
  ] as const) {
    if (needed > people) issues.push({ path, message: `is more than the ${people} who may decide` });
  }
  return issues;
}
