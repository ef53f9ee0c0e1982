import { describe, expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { BUILTIN_ACTIONS } from '../../../model/builtin-actions.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '../../../model/permissions.ts';
import { PURE_ACTIONS } from '../../../model/pure-actions.ts';
import { demandBareStart } from '../../../service/starts/bare-starts.ts';

const NAMES = { subject: 'ann', kind: 'person', onBehalfOf: null, id: 1, tenant: 't', tenantRef: 't' } as const;

function startOf(action: string, roles: Role[], permissions: Permission[] = []): string {
  try {
    demandBareStart({ ...NAMES, roles, permissions, groups: [] }, action);
    return 'started';
  } catch (error) {
    return error instanceof AppError ? `${error.code} ${error.details?.permission}` : String(error);
  }
}

const REFUSED = 'permission_missing action:execute';
const actions = [...BUILTIN_ACTIONS.map(({ ref }) => ref), 'team.custom', 'core.unknown', 'core', ''];

describe('an action is started by itself', () => {
  it.each(Object.keys(ROLES) as Role[])('by the role %s where it is pure, or the role allows it', (role) => {
    const allowed = role === 'author' || role === 'admin';
    for (const action of actions) {
      const pure = /^core\.(noop|transform|log|delay|fail|wait_signal)$/.test(action);
      expect([action, startOf(action, [role])]).toEqual([action, pure || allowed ? 'started' : REFUSED]);
    }
  });

  it('by a single permission: action:execute or admin, and no other', () => {
    for (const permission of PERMISSIONS) {
      const allowed = permission === 'action:execute' || permission === 'admin';
      expect([permission, startOf('core.http', [], [permission])]).toEqual([permission, allowed ? 'started' : REFUSED]);
    }
    expect(startOf('core.http', ['operator'], ['action:execute'])).toBe('started');
  });

  it('and every pure action is built in', () => {
    expect([...PURE_ACTIONS].filter((action) => !actions.includes(action))).toEqual([]);
  });
});
