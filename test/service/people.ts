import type { Principal } from '../../model/principal.ts';

/** A person in tests, who may do what operators may. */
export const ann: Principal = {
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
