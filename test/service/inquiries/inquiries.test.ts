import { expect, it } from 'vitest';
import type { AppError } from '../../../model/app-error.ts';
import { integerId } from '../../../model/execution-id.ts';
import type { Principal } from '../../../model/principal.ts';
import { createInquiryService } from '../../../service/inquiries/inquiries.ts';

const ann: Principal = {
  id: 1,
  tenant: 'one',
  tenantRef: 'one',
  subject: 'ann',
  kind: 'person',
  onBehalfOf: null,
  roles: ['approver'],
  permissions: [],
  groups: [],
};

/** Decides a question that is decided already, in a run that has taken as many decisions as given; returns the result. */
async function decide(taken: readonly number[]): Promise<string> {
  const inquiries = taken.map((count, index) => ({
    key: `ask#${index + 1}`,
    visit: index + 1,
    item: null,
    status: 'approved',
    bound_to: 'b',
    what: 'w',
    expires_at: null,
    votes: [],
    delegations: [],
    request: { approvers: ['ann'], groups: [], options: [] },
    decisions: Array.from({ length: count }, (_, at) => ({ decision: { id: `${index} ${at}` } })),
  }));
  const audited: string[] = [];
  const service = createInquiryService({
    temporal: {},
    projections: {},
    executions: { get: async () => ({ n: 1, execution: { workflowId: 'w', run: { starters: [] }, inquiries } }) },
    store: {},
    principals: { namesOf: async () => ['ann'] },
    audit: {
      record: async (_: Principal, { details }: { details: { result: string } }) => audited.push(details.result),
    },
    ends: { endStale: async () => false },
    onceSettled: (view: object, work: (view: object) => unknown) => work(view),
    clock: Date.now,
  } as never);
  const answer = { option: 'approve', response: null, comment: null, channel: 'api' as const };
  const code = await service.respond(ann, String(integerId(1, 1)), answer).then(
    () => 'done',
    (error: AppError) => error.code,
  );
  expect(audited).toEqual([code]);
  return code;
}

it.each([
  [[0], 'already_decided'],
  [[9_999], 'already_decided'],
  [[10_000], 'decisions_full'],
  [[1, 9_998, 0], 'already_decided'],
  [[1, 9_998, 1], 'decisions_full'],
])('a run that has taken %j decisions about its questions: %s, which is audited', async (taken, expected) => {
  expect(await decide(taken)).toBe(expected);
});
