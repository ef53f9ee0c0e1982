import type { InquiryRequest } from '../../model/inquiry.ts';

/** What is wrong with a request beyond its schema: where, and how. */
export function requestIssues({
  approvers,
  groups,
  options,
  quorum,
  deny_quorum,
  escalate = [],
  delegable,
  timeout,
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
  // Whoever may decide at all needs no delegation, and the first one would take the question away from everybody else.
  if (delegable === true && approvers.length + groups.length === 0) {
    issues.push({
      path: '/delegable',
      message: 'has no effect where anybody may decide: it needs approvers or groups',
    });
  }
  for (const [index, step] of escalate.entries()) {
    const path = `/escalate/${index}`;
    const before = escalate[index - 1];
    if (step.approvers.length + step.groups.length === 0 && Object.keys(step.notify).length === 0) {
      issues.push({ path, message: 'asks nobody and tells nobody: it needs approvers, groups or notify' });
    }
    if (before !== undefined && step.after <= before.after) {
      issues.push({
        path: `${path}/after`,
        message: `must be more than the ${before.after} seconds of the step before`,
      });
    }
    if (timeout !== null && step.after >= timeout) {
      issues.push({ path: `${path}/after`, message: `must be less than the timeout of ${timeout} seconds` });
    }
    // A question that names nobody is open to everybody with the permission: a step would take it away from them.
    if (approvers.length + groups.length === 0 && step.approvers.length + step.groups.length > 0) {
      issues.push({ path, message: 'adds people to a question that anybody may decide: it needs approvers or groups' });
    }
  }
  if ([{ groups }, ...escalate].some((step) => step.groups.length > 0) || approvers.length === 0) return issues;
  const people = new Set([...approvers, ...escalate.flatMap((step) => step.approvers)]).size;
  for (const [path, needed] of [
    ['/quorum', quorum],
    ['/deny_quorum', deny_quorum],
  ] as const) {
    if (needed > people) issues.push({ path, message: `is more than the ${people} who may decide` });
  }
  return issues;
}
