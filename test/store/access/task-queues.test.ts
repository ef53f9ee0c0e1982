import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrincipalStore } from '../../../store/access/principals.ts';
import { createTaskQueueStore, type TaskQueueStore } from '../../../store/access/task-queues.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createActionStore } from '../../../store/definitions/actions.ts';
import { createDefinitionStore } from '../../../store/definitions/definitions.ts';
import { openPreparedPostgres } from '../../integration/support/prepared.ts';

let database: OpenDatabase;
let queues: TaskQueueStore;
const tenants = { default: '', acme: randomUUID(), acme2: randomUUID() };
type Tenant = keyof typeof tenants;

beforeAll(async () => {
  database = await openPreparedPostgres();
  const principals = createPrincipalStore(database.db);
  queues = createTaskQueueStore(database.db);
  tenants.default = await principals.ensureTenant(randomUUID(), 'default', 'Default');
  for (const ref of ['acme', 'acme2'] as const) await principals.createTenant(tenants[ref], ref, ref);
  await queues.assign('payroll', tenants.default);
  await queues.assign('media', tenants.acme);
  await queues.assign('acme.lent', tenants.acme2);
  await queues.assign('acme2.moved', tenants.default);
});
afterAll(() => database.close());

it.each<[name: string, owner: Tenant | null]>([
  ['payroll', 'default'],
  ['media', 'acme'],
  ['Media', 'default'],
  ['nobody', 'default'],
  ['acme', 'default'],
  ['acme.', 'acme'],
  ['acme.work', 'acme'],
  ['acme.work.fast', 'acme'],
  ['ACME.work', 'default'],
  ['acme/work', 'default'],
  ['acme.lent', 'acme2'],
  ['acme2.work', 'acme2'],
  ['acme2.moved', 'default'],
  ['acme%.work', 'default'],
  ['default.work', 'default'],
  ['later.work', 'default'],
  ['fermata', null],
  // New actions cannot have such names; those that there were go on.
  ['fermata-acme', 'default'],
  ["x'; drop table tenants; --", 'default'],
])('the task queue %s belongs to %s', async (name, owner) => {
  for (const [ref, id] of Object.entries(tenants)) {
    expect([ref, await queues.foreign(id, [name])]).toEqual([ref, ref === owner ? [] : [name]]);
  }
});

it('of several, all that are foreign are told', async () => {
  expect(await queues.foreign(tenants.acme, ['acme.a', 'payroll', 'media', 'nobody'])).toEqual(['payroll', 'nobody']);
  expect(await queues.foreign(tenants.acme, [])).toEqual([]);
});

it('a new tenant takes no queue that another one’s actions use, and those actions go on', async () => {
  const definitions = createDefinitionStore(database.db);
  const actions = createActionStore(database.db);
  await definitions.createPack(tenants.default, { ref: 'p', label: 'p', description: null, version: null, tags: [] });
  const pack = (await definitions.findPack(tenants.default, 'p'))!;
  const use = (ref: string, taskQueue: string) =>
    actions.create(tenants.default, pack, ref, {
      label: ref,
      description: null,
      paramSchema: null,
      outSchema: null,
      taskQueue,
      idempotent: false,
      timeout: 1,
      queueTimeout: 1,
      heartbeatTimeout: 1,
    });
  for (const [ref, queue] of [
    ['p.a', 'later.work'],
    ['p.b', 'later.work'],
    ['p.c', 'later_work'],
    ['p.d', 'x'],
  ] as const) {
    await use(ref, queue);
  }
  const later = randomUUID();
  await createPrincipalStore(database.db).createTenant(later, 'later', 'Later');
  expect(await queues.foreign(tenants.default, ['later.work', 'later_work', 'later.other'])).toEqual(['later.other']);
  expect(await queues.foreign(later, ['later.work', 'later_work', 'later.other'])).toEqual([
    'later.work',
    'later_work',
  ]);
  expect(await queues.unusable(10)).toEqual([]);
  await queues.assign('x', later);
  expect(await queues.unusable(10)).toEqual([{ tenant: 'default', ref: 'p.d' }]);
  expect((await queues.list({ offset: 0, limit: 3 })).rows.map(({ name, tenant }) => `${name} ${tenant}`)).toEqual([
    ...['acme.lent acme2', 'acme2.moved default', 'later.work default'],
  ]);
  expect([await queues.remove('x'), await queues.remove('x'), await queues.unusable(10)]).toEqual([true, false, []]);
});
