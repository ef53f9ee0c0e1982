import { expect, it } from 'vitest';
import type { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import { createDelegationService, type DelegationServices } from '../../service/delegations.ts';

const ann: Principal = {
  ...{ id: 1, tenant: 'one', tenantRef: 'one', subject: 'ann', kind: 'person', onBehalfOf: null },
  ...{ roles: ['operator'], permissions: [], groups: [] },
};

it.each([
  [false, 'not_an_approver'],
  // The delegation may be what the run has not taken yet.
  [true, 'busy'],
])('withdrawing where there is no delegation, with a workflow task outstanding: %s: %s', async (unsettled, code) => {
  const execution = { run: null, ...(unsettled ? { unsettled } : {}) };
  const service = createDelegationService({
    inquiries: { get: async () => ({ n: 1, execution, inquiry: { request: { approvers: [] }, delegations: [] } }) },
    principals: { namesOf: async () => [] },
    audit: { record: async () => undefined },
  } as unknown as DelegationServices);
  const refused = service.withdraw(ann, '1_ask', { reason: null }).catch((error: AppError) => error.code);
  expect(await refused).toBe(code);
});
