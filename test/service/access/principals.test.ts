import { expect, it } from 'vitest';
import type { Permission, Role } from '../../../model/permissions.ts';
import type { Grants, Principal, PrincipalKind } from '../../../model/principal.ts';
import { createPrincipalService } from '../../../service/access/principals.ts';
import type { PrincipalStore } from '../../../store/access/principals.ts';

type Given = [roles: Role[], permissions: Permission[]];

const grantsOf = ([roles, permissions]: Given): Grants => ({ roles, permissions, groups: [] });

const VIEWED: Permission[] = ['automation:read', 'execution:read', 'workflow:read'];

it.each<[string, PrincipalKind, had: Given, byKeys: Given | null, byToken: Given | null, stands: Given]>([
  ['a person who got more', 'person', [['viewer'], []], null, [['admin'], []], [['admin'], []]],
  ['a person who has less', 'person', [['admin'], []], null, [['viewer'], []], [['viewer'], []]],
  ['a person with keys and a token', 'person', [[], []], [['viewer'], []], [[], ['admin']], [['viewer'], ['admin']]],
  ['an agent whose person may do all', 'agent', [['viewer'], []], null, [['admin'], []], [[], VIEWED]],
  ['an agent whose person may do less', 'agent', [['operator'], []], null, [['viewer'], []], [[], VIEWED]],
  ['an agent whose person may do nothing now', 'agent', [['operator'], []], null, [[], []], [[], []]],
  ['an agent as before', 'agent', [['viewer'], []], [['viewer'], []], null, [['viewer'], VIEWED]],
  ['an agent of whom nothing is known', 'agent', [['viewer'], []], null, null, [['viewer'], []]],
])('%s stands', async (_, kind, had, byKeys, byToken, stands) => {
  const store = {
    findStanding: async () => ({
      disabled: false,
      byKeys: byKeys && grantsOf(byKeys),
      byToken: byToken && grantsOf(byToken),
    }),
  } as unknown as PrincipalStore;
  const verify = async () => {
    throw new Error('nobody sends a token here');
  };
  const service = createPrincipalService({ store, verify, clock: () => 0, memory: 0 });
  const principal: Principal = {
    id: 1,
    tenant: 'one',
    tenantRef: 'default',
    subject: 'ann',
    kind,
    onBehalfOf: null,
    ...grantsOf(had),
  };
  const standing = await service.asItStands(principal);
  expect([standing?.roles, standing?.permissions.toSorted()]).toEqual(stands);
});
