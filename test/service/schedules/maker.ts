import type { Principal } from '../../../model/principal.ts';

/** Who makes the schedules of tests. */
export const maker: Principal = {
  id: 1,
  tenant: 'one',
  tenantRef: 'default',
  subject: 'ann',
  kind: 'person',
  onBehalfOf: null,
  roles: ['operator'],
  permissions: [],
  groups: [],
};
