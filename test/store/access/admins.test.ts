import { randomUUID } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyCreate } from '../../../model/access-requests.ts';
import { AppError } from '../../../model/app-error.ts';
import type { Principal } from '../../../model/principal.ts';
import { createPrincipalService, type PrincipalService } from '../../../service/access/principals.ts';
import { keepAdmin } from '../../../store/access/admins.ts';
import { createPrincipalStore, type PrincipalStore } from '../../../store/access/principals.ts';
import { principals } from '../../../store/access/tables.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createGate } from '../../integration/support/gate.ts';
import { openPreparedPostgres } from '../../integration/support/prepared.ts';

let database: OpenDatabase;
let store: PrincipalStore;
let service: PrincipalService;
let now = Date.parse('2026-11-28T12:00:00Z');
/** An admin of the tenant `default`, and one of a new tenant for each test. */
let home: Principal;
let boss: Principal;
let bossKey: number;

beforeAll(async () => {
  database = await openPreparedPostgres();
  store = createPrincipalStore(database.db);
  service = createPrincipalService({ store, verify: async () => null, clock: () => now, memory: 0 });
  home = await principal('root', await store.ensureTenant(randomUUID(), 'default', 'Default'), 'default');
});
afterAll(() => database.close());
beforeEach(async () => {
  const id = randomUUID();
  await store.createTenant(id, id, 'A tenant');
  boss = await principal('boss', id, id);
  bossKey = (await service.createKey(home, { tenant: id, subject: 'boss', roles: ['admin'] })).row.key.id;
});

async function principal(subject: string, tenant: string, tenantRef: string): Promise<Principal> {
  const id = await store.ensurePrincipal(tenant, subject);
  return {
    id,
    tenant,
    tenantRef,
    subject,
    kind: 'person',
    onBehalfOf: null,
    roles: ['admin'],
    permissions: [],
    groups: [],
  };
}

const outcome = (change: Promise<unknown>) =>
  change.then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
const make = (body: Partial<KeyCreate>) => service.createKey(boss, { subject: 'deputy', roles: ['admin'], ...body });

type Change = () => Promise<unknown>;
const TAKES: [string, Change][] = [
  ['their last key is revoked', () => service.revokeKey(boss, bossKey)],
  ['they are disabled', () => service.disable(boss, 'boss')],
  ['they are given other roles', () => make({ subject: 'boss', roles: ['author'] })],
  ['they are given no roles', () => make({ subject: 'boss', roles: [], permissions: ['secret:write'] })],
];

describe('the last admin stays', () => {
  it.each(TAKES)('where %s', async (_, change) => {
    expect(await outcome(change())).toBe('last_admin');
    // Nothing of the change was done.
    const [row] = await service.listKeys(boss);
    expect([row!.principal.roles, row!.principal.disabled, row!.key.revoked]).toEqual([['admin'], null, null]);
  });

  it.each<[string, Change, string]>([
    ['nobody else', async () => {}, 'last_admin'],
    ['an author', () => make({ roles: ['author'], permissions: ['secret:write', 'execution:admin'] }), 'last_admin'],
    ['a principal without a key', () => principal('deputy', boss.tenant, boss.tenantRef), 'last_admin'],
    ['an admin whose key is revoked', async () => service.revokeKey(boss, (await make({})).row.key.id), 'last_admin'],
    [
      'an admin whose key has expired',
      async () => {
        await make({ expires_in: 1 });
        now += 1_001;
      },
      'last_admin',
    ],
    [
      'an admin who is disabled',
      async () => {
        await make({});
        await service.disable(boss, 'deputy');
      },
      'last_admin',
    ],
    ["another tenant's admin", () => service.createKey(home, { subject: 'deputy', roles: ['admin'] }), 'last_admin'],
    ['an admin', () => make({}), 'done'],
    ['an admin by a single permission', () => make({ roles: [], permissions: ['admin'] }), 'done'],
    ['an admin whose key expires later', () => make({ expires_in: 60 }), 'last_admin'],
    ['a service that is an admin', () => make({ kind: 'service' }), 'done'],
    ['an admin by a token of this hour', () => tokenOf({ roles: ['admin'] }), 'done'],
    ['an admin by a permission of a token', () => tokenOf({ permissions: ['admin'] }), 'done'],
    ['an author by a token', () => tokenOf({ roles: ['author'] }), 'last_admin'],
    [
      'an admin by a token of yesterday',
      async () => {
        await tokenOf({ roles: ['admin'] });
        now += 86_400_000;
      },
      'last_admin',
    ],
  ])('where there is %s beside: %#', async (_, beside, expected) => {
    await beside();
    for (const [what, change] of TAKES.slice(0, expected === 'done' ? 1 : TAKES.length)) {
      expect([what, await outcome(change())]).toEqual([what, expected]);
    }
  });

  it('by keys that expire alone, where it was so before', async () => {
    const soon = { tenant: boss.tenant, subject: 'deputy', roles: ['admin' as const], expires_in: 60 };
    await service.createKey(home, soon);
    expect(
      await outcome(service.createKey(home, { tenant: boss.tenant, subject: 'boss', roles: [] }, { force: true })),
    ).toBe('done');
    const { row } = await service.createKey(home, soon);
    expect(await outcome(service.revokeKey(boss, row.key.id))).toBe('done');
    expect(await outcome(service.disable(boss, 'deputy'))).toBe('last_admin');
  });

  async function tokenOf(grants: Partial<Pick<Principal, 'roles' | 'permissions'>>): Promise<void> {
    const times = { now: new Date(now), stale: new Date(now - 1) };
    await store.rememberBearer(boss.tenant, 'deputy', { roles: [], permissions: [], groups: [], ...grants }, times);
  }

  it('where two admins end each other at once', async () => {
    await make({});
    const guard = { now: new Date(now), seenSince: new Date(now), force: false };
    const [begun, finished] = [createGate(), createGate()];
    const first = keepAdmin(database.db, boss.tenant, guard, async (transaction) => {
      begun.open();
      const ended = and(eq(principals.tenant, boss.tenant), eq(principals.subject, 'deputy'));
      await transaction.update(principals).set({ disabled: guard.now }).where(ended);
      await finished.opened;
    });
    await begun.opened;
    let settled = false;
    const second = outcome(service.disable(boss, 'boss')).finally(() => {
      settled = true;
    });
    // The second change waits for the first one. Without a lock it is done before it.
    await expect.poll(async () => settled || (await waiting()), { timeout: 60_000 }).toBe(true);
    finished.open();
    expect([await outcome(first), await second]).toEqual(['done', 'last_admin']);
  });

  async function waiting(): Promise<boolean> {
    const result = await database.db.execute(sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
    return (result as unknown as { rows: unknown[] }).rows.length > 0;
  }
});

describe('an admin of the first tenant', () => {
  it.each<[string, Partial<KeyCreate>, boolean, string]>([
    ['demotes', { subject: 'boss', roles: ['viewer'] }, false, 'last_admin'],
    ['demotes by force', { subject: 'boss', roles: ['viewer'] }, true, 'done'],
    ['gives another key to', { subject: 'boss' }, false, 'done'],
    ['gives a key that expires to', { subject: 'boss', expires_in: 60 }, false, 'done'],
  ])("%s another tenant's last admin", async (_, body, force, expected) => {
    const made = service.createKey(home, { tenant: boss.tenant, subject: 'boss', ...body }, { force });
    expect(await outcome(made)).toBe(expected);
  });

  it("has no force over its own tenant's", async () => {
    const own = { ...boss };
    expect(await outcome(service.createKey(own, { subject: 'boss', roles: [] }, { force: true }))).toBe('last_admin');
  });

  it.each([
    [undefined, false, 'done'],
    [60, false, 'last_admin'],
    [60, true, 'done'],
  ])(
    'gives a new tenant its first admin with a key of %s seconds, by force %s: %s',
    async (expires_in, force, expected) => {
      const id = randomUUID();
      await store.createTenant(id, id, 'A tenant');
      const body = { tenant: id, subject: 'first', roles: ['admin' as const], expires_in };
      expect(await outcome(service.createKey(home, body, { force }))).toBe(expected);
      const viewer = { tenant: id, subject: 'second', roles: ['viewer' as const], expires_in: 60 };
      expect(await outcome(service.createKey(home, viewer))).toBe('done');
    },
  );
});
