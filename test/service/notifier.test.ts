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
import { until } from '../integration/until.ts';

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
      await Promise.all(notifiers.map((each) => each.settled()));
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

it('a tenant whose receivers do not answer holds up no other', async () => {
  const namespace = 'crowd';
  const request = inquiryRequest({});
  const asked: Inquiry = {
    ...{ key: 'ask', task: 'ask', visit: 1, item: null, request, status: 'pending', votes: [], decisions: [] },
    ...{ bound_to: 'x', plan: [], created: new Date(START).toISOString(), expires_at: null, decided_at: null },
  };
  const [busy, other] = ['1', '2'].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`) as [string, string];
  const tell = (workflowId: string, tenant: string, target: string, due: number) =>
    store.sync(
      { namespace, workflowId, n: 1, tenant, ref: 'a.b', owner: 'dev', starters: [], event: 1, changes: 1 },
      [asked],
      [{ key: 'ask', kind: 'webhook', target, wanted: 'pending/0', open: true, remind: null }],
      new Date(due),
    );
  for (let each = 0; each < 60; each += 1) await tell(`busy_${each}`, busy, `http://dead-${each % 3}/${each}`, START);
  await tell('other', other, 'http://alive/', START + 1_000);

  let now = START + 2_000;
  let give: (error: Error) => void = () => undefined;
  let silence = new Promise<never>((_, reject) => {
    give = reject;
  });
  const sending: string[] = [];
  const told: string[] = [];
  const announcer: Announcer = {
    kind: 'webhook',
    async ask({ target }) {
      if (target === 'http://alive/') told.push(target);
      else {
        sending.push(new URL(target).host);
        await silence;
      }
      return {};
    },
    update: async () => undefined,
    remind: async () => undefined,
  };
  const notifier = createNotifier(store, [announcer], { namespace, clock: () => now, log: pino({ level: 'silent' }) });
  await notifier.tick();
  await notifier.tick();
  // Five of the tenant, two of a host; and the other tenant, though everything of the first was due before.
  expect(sending.sort()).toEqual(['dead-0', 'dead-0', 'dead-1', 'dead-1', 'dead-2']);
  await until(
    async () => told.length,
    (count) => count === 1,
  );

  // Once they have failed five times in a row, hosts rest for a minute.
  for (let round = 0; round < 16; round += 1) {
    give(new Error('no answer'));
    await notifier.settled();
    silence = new Promise<never>((_, reject) => {
      give = reject;
    });
    silence.catch(() => undefined);
    now += 1_000;
    await notifier.tick();
  }
  const before = sending.length;
  await notifier.tick();
  expect(sending.length).toBe(before);
  expect(before).toBeLessThan(3 * (5 + 2) + 5);
  now += 60_000;
  for (let round = 0; round < 5; round += 1) await notifier.tick();
  expect(sending.slice(before).sort()).toEqual(['dead-0', 'dead-1', 'dead-2']);
  give(new Error('no answer'));
  await notifier.settled();
});
