import type { InquiryRequest } from '../../model/inquiry.ts';

/** A place in the input of an inquiry, and what is wrong there. */
interface InputFault {
  path: string;
  message: string;
}

/** Finds what is wrong with the input of an inquiry beyond its schema. */
export function checkInquiryRequest(request: InquiryRequest): InputFault[] {
  return [
    ...optionFaults(request),
    ...delegationFaults(request),
    ...escalationFaults(request),
    ...quorumFaults(request),
  ];
}

/** Whether a request or a step of its escalation names anybody. */
function namesPeople({ approvers, groups }: Pick<InquiryRequest, 'approvers' | 'groups'>): boolean {
  return approvers.length + groups.length > 0;
}

function optionFaults({ options }: InquiryRequest): InputFault[] {
  const refs = options.map(({ ref }) => ref);
  const repeated = refs.flatMap((ref, index) =>
    refs.indexOf(ref) === index ? [] : { path: `/options/${index}/ref`, message: `"${ref}" stands here twice` },
  );
  if (options.some(({ outcome }) => outcome === 'approve')) return repeated;
  return [...repeated, { path: '/options', message: 'none of the options approves' }];
}

function delegationFaults(request: InquiryRequest): InputFault[] {
  // Whoever may decide at all needs no delegation, and the first one would take the question away from everybody else.
  if (request.delegable !== true || namesPeople(request)) return [];
  return [{ path: '/delegable', message: 'has no effect where anybody may decide: it needs approvers or groups' }];
}

function escalationFaults(request: InquiryRequest): InputFault[] {
  const { escalate = [], timeout } = request;
  return escalate.flatMap((step, index) => {
    const path = `/escalate/${index}`;
    const before = escalate[index - 1];
    const faults: InputFault[] = [];
    if (!namesPeople(step) && Object.keys(step.notify).length === 0) {
      faults.push({ path, message: 'asks nobody and tells nobody: it needs approvers, groups or notify' });
    }
    if (before !== undefined && step.after <= before.after) {
      const message = `must be more than the ${before.after} seconds of the step before`;
      faults.push({ path: `${path}/after`, message });
    }
    if (timeout !== null && step.after >= timeout) {
      faults.push({ path: `${path}/after`, message: `must be less than the timeout of ${timeout} seconds` });
    }
    // A question that names nobody is open to everybody with the permission: a step would take it away from them.
    if (!namesPeople(request) && namesPeople(step)) {
      faults.push({ path, message: 'adds people to a question that anybody may decide: it needs approvers or groups' });
    }
    return faults;
  });
}

/** Finds a quorum of more people than may decide; where groups may, nobody knows how many that is. */
function quorumFaults({ approvers, groups, escalate = [], quorum, deny_quorum }: InquiryRequest): InputFault[] {
  if ([{ groups }, ...escalate].some((step) => step.groups.length > 0) || approvers.length === 0) return [];
  const people = new Set([...approvers, ...escalate.flatMap((step) => step.approvers)]).size;
  const message = `is more than the ${people} who may decide`;
  return [
    ...(quorum > people ? [{ path: '/quorum', message }] : []),
    ...(deny_quorum > people ? [{ path: '/deny_quorum', message }] : []),
  ];
}
