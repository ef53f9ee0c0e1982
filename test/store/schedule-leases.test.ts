import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { createScheduleLeaseStore } from '../../store/definitions/schedule-leases.ts';
import { useBothEngines } from './both-engines.ts';

const engines = useBothEngines();

it.each(['Postgres', 'PGlite'])('one holder at a time has the lease of a schedule in %s', async (engine) => {
  const { db } = engines.opened[engine]!;
  const here = createScheduleLeaseStore(db, 'here');
  const elsewhere = createScheduleLeaseStore(db, 'elsewhere');
  const [ann, bob] = [randomUUID(), randomUUID()];
  const all = await Promise.all([ann, bob].map((holder) => here.take('default.a', holder, 30)));
  expect([...all].sort()).toEqual([false, true]);
  const [first, second] = all[0] ? [ann, bob] : [bob, ann];
  expect(await here.take('default.b', second, 30)).toBe(true);
  expect(await elsewhere.take('default.a', second, 30)).toBe(true);
  await here.end('default.a', second);
  expect(await here.take('default.a', second, 30), 'it was not the holder who ended it').toBe(false);
  await here.end('default.a', first);
  expect(await here.take('default.a', second, 30)).toBe(true);
  await db.execute(sql`update schedule_leases set until = now() - interval '1 second' where namespace = 'here'`);
  expect(await here.take('default.a', first, 30), 'its time is over').toBe(true);
  await here.end('default.a', second);
  expect(await here.take('default.a', second, 30), 'it is no longer the holder').toBe(false);
});
