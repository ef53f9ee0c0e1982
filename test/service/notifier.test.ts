import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { pino } from 'pino';
import { beforeAll, expect, it } from 'vitest';
import { type Inquiry, inquiryRequest } from '../../model/inquiry.ts';
import { type Announcer, NoticeError } from '../../model/notice.ts';
import { createNotifier } from '../../service/notifier.ts';
import { createInquiryStore, type InquiryStore } from '../../store/inquiries.ts';

// What people are told, when, and how often, over a real database and a clock of the test's own.

let store: InquiryStore;
beforeAll(async () => {
  const db = drizzle(await PGlite.create({ extensions: { pg_trgm } }));
  await migrate(db, { migrationsFolder: 'store/migrations' });
  store = createInquiryStore(db);
});

const START = Date.UTC(2026, 0, 1);
let runs = 0;

function scene() {
  runs += 1;
  const namespace = `scene-${runs}`;
  let now = START;
  let event = 0;
  const said: string[] = [];
  let trouble: Error | null = null;
  const say = (what: string) => async (): Promise<void> => {
    if (trouble !== null) throw trouble;
    said.push(`${what} at ${(now - START) / 1000}`);
  };
  const announcer: Announcer = {
    kind: 'slack',
    ask: async () => {
      await say('ask')();
      return { ts: '1' };
    },
    update: async ({ inquiry }, { ts }) => say(`update ${ts} ${inquiry.status}/${inquiry.votes.length}`)(),
    remind: (_, { ts }) => say(`remind ${ts}`)(),
  };
  const inquiry: Inquiry = {
    ...{
      key: 'ask',
      task: 'ask',
      visit: 1,
      item: null,
      request: inquiryRequest({ remind_every: 60 }),
      status: 'pending',
    },
    ...{ votes: [], decisions: [], bound_to: 'x', plan: [], created: new Date(START).toISOString() },
    ...{ expires_at: null, decided_at: null },
  };
  const tenant = '00000000-0000-7000-8000-000000000001';
  const run = { namespace, workflowId: 'wf_1', n: 1, tenant, ref: 'a.b', owner: 'dev', starters: ['dev'] };
  const notifiers = [0, 1].map(() =>
    createNotifier(store, [announcer], { namespace, clock: () => now, log: pino({ level: 'silent' }) }),
  );
  return {
    said,
    /** As the inbox does when it has read the run. */
    async read(change: Partial<Inquiry> = {}): Promise<void> {
      event += 1;
      const found = { ...inquiry, ...change };
      const open = found.status === 'pending';
      const remind = open ? new Date(START + 60_000) : null;
      const wanted = `${found.status}/${found.votes.length}`;
      const notice = { key: 'ask', kind: 'slack' as const, target: '#ops', wanted, open, remind };
      await store.sync({ ...run, event, changes: event }, [found], [notice], new Date(now));
    },
    async tick(seconds = 0): Promise<void> {
      now += seconds * 1000;
      // Two processes at once.
      await Promise.all(notifiers.map((each) => each.tick()));
    },
    fail(error: Error | null): void {
      trouble = error;
    },
  };
}

const vote = { id: '1', by: 'ann', option: 'approve', outcome: 'approve', response: null, comment: null } as const;
const voted = { ...vote, channel: 'api', at: new Date(START).toISOString(), bound_to: null } as const;

it('asks once, tells what changes, and nothing more once it is over', async () => {
  const { said, read, tick } = scene();
  await read();
  await tick();
  await tick(1);
  await read({ votes: [voted] });
  await tick(1);
  await read({ votes: [voted] });
  await tick(1);
  await read({ status: 'approved', votes: [voted] });
  await tick(1);
  await tick(3600);
  expect(said).toEqual(['ask at 0', 'update 1 pending/1 at 2', 'update 1 approved/1 at 4']);
});

it('reminds at the times that were asked for, until it is over', async () => {
  const { said, read, tick } = scene();
  await read();
  await tick();
  await tick(59);
  await tick(1);
  await tick(30);
  await tick(30);
  await read({ status: 'expired' });
  await tick(1);
  await tick(600);
  expect(said).toEqual(['ask at 0', 'remind 1 at 60', 'remind 1 at 120', 'update 1 expired/0 at 121']);
});

it('tries again after a pause that grows, or that it is told, and tells what is true by then', async () => {
  const { said, read, tick, fail } = scene();
  fail(new Error('down'));
  await read();
  await tick();
  await tick(0.5);
  await tick(0.5);
  fail(new NoticeError('limited', { retryAfter: 30 }));
  await tick(2);
  fail(null);
  await tick(29);
  expect(said).toEqual([]);
  await tick(1);
  expect(said).toEqual(['ask at 33']);
});

it('tells nobody of what was over before anybody heard of it', async () => {
  const { said, read, tick } = scene();
  await read({ status: 'cancelled' });
  await tick(10);
  expect(said).toEqual([]);
});
