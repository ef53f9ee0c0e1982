import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Inquiry, type InquiryNotify, inquiryRequest } from '../../../model/inquiry.ts';
import type { Json } from '../../../model/json.ts';
import { type Announcer, NoticeError, type Readiness } from '../../../model/notice.ts';
import { createBell } from '../../../service/background/bell.ts';
import { deriveNoticeEvents, deriveReminders, nextReminder } from '../../../service/notices/events.ts';
import { createOutbox } from '../../../service/notices/outbox.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createExecutionStore } from '../../../store/executions/executions.ts';
import { createInquiryStore, type InquiryStore } from '../../../store/inquiries/inquiries.ts';
import { createNoticeEventStore, type NoticeEventStore } from '../../../store/inquiries/notice-events.ts';
import { openPreparedEmbedded } from '../../integration/support/prepared.ts';
import { until } from '../../integration/support/until.ts';
import { makeOpenEntry } from '../index/run-entry.ts';

// The notices that targets receive, when and how often, over a real database and a clock that the test sets.

let store: InquiryStore;
let events: NoticeEventStore;
let opened: OpenDatabase;
beforeAll(async () => {
  opened = await openPreparedEmbedded();
  store = createInquiryStore(opened.db);
  events = createNoticeEventStore(opened.db);
});
afterAll(() => opened.close());

const START = Date.UTC(2026, 0, 1);
const TENANT = '00000000-0000-7000-8000-000000000001';
const log = pino({ level: 'silent' });
let runs = 0;

let rows = 0;
/** Adds runs to the index: inquiries are kept for runs that it has. */
const indexRuns = (namespace: string, workflowIds: string[]) =>
  createExecutionStore(opened.db).write(
    workflowIds.map((workflowId) => makeOpenEntry(++rows, { namespace, workflowId, tenant: TENANT })),
  );

function asked(notify: InquiryNotify, change: Partial<Inquiry> = {}): Inquiry {
  return {
    key: 'ask',
    task: 'ask',
    visit: 1,
    item: null,
    request: inquiryRequest({ remind_every: 60, notify: notify as Json }),
    status: 'pending',
    votes: [],
    decisions: [],
    bound_to: 'x',
    plan: [],
    created: new Date(START).toISOString(),
    expires_at: null,
    decided_at: null,
    ...change,
  };
}

function scene(channel: 'slack' | 'email' | 'webhook' = 'slack') {
  runs += 1;
  const namespace = `scene-${runs}`;
  let now = START;
  let event = 0;
  const said: string[] = [];
  let trouble: Error | null = null;
  let ready: Readiness = { ok: true };
  const announcer: Announcer = {
    channel,
    ready: async () => ready,
    async deliver({ kind, number, inquiry }, place) {
      if (trouble !== null) throw trouble;
      const where = place === null ? '' : ` in ${place.ts}`;
      said.push(`${kind} ${number}${where}: ${inquiry.status}/${inquiry.votes.length} at ${(now - START) / 1000}`);
      return { ts: '1' };
    },
  };
  const notify: InquiryNotify = {
    ...(channel === 'slack' && { slack: { channel: '#ops' } }),
    ...(channel === 'email' && { email: ['ann@example.com'] }),
    ...(channel === 'webhook' && { webhook: 'http://hooks.example/x' }),
  };
  const run = { namespace, workflowId: 'wf_1', n: 1, tenant: TENANT, ref: 'a.b', owner: 'dev', starters: ['dev'] };
  // Two processes at once.
  const outboxes = [0, 1].map(() =>
    createOutbox({
      inquiries: store,
      events,
      announcers: [announcer],
      namespace,
      bell: createBell(),
      clock: () => now,
      log,
    }),
  );
  return {
    said,
    outbox: outboxes[0]!,
    /** As the inbox does when it has read the run. */
    async read(change: Partial<Inquiry> = {}): Promise<void> {
      if (event === 0) await indexRuns(namespace, ['wf_1']);
      event += 1;
      const remindAt = (inquiry: Inquiry) => nextReminder(inquiry, now);
      const deriving = { derive: deriveNoticeEvents, remindAt };
      await store.sync({ ...run, event, changes: event }, [asked(notify, change)], deriving, new Date(now));
    },
    async tick(seconds = 0): Promise<void> {
      now += seconds * 1000;
      await Promise.all(outboxes.map((each) => each.tick()));
      await Promise.all(outboxes.map((each) => each.settled()));
    },
    async states(): Promise<string[]> {
      return (await events.list(namespace, 'wf_1')).map(({ kind, number, state }) => `${kind} ${number} ${state}`);
    },
    deliveries: () => events.list(namespace, 'wf_1'),
    fail(error: Error | null): void {
      trouble = error;
    },
    set(readiness: Readiness): void {
      ready = readiness;
    },
  };
}

const voted = (by: string): Inquiry['votes'][number] => ({
  id: by,
  by,
  option: 'approve',
  outcome: 'approve',
  response: null,
  comment: null,
  channel: 'api',
  at: new Date(START).toISOString(),
  bound_to: null,
});

describe('people in a chat', () => {
  it('are asked once, see what changes, and nothing more once it is over', async () => {
    const { said, read, tick } = scene();
    await read();
    await tick();
    await tick(1);
    await read({ votes: [voted('ann')] });
    await tick(1);
    await read({ votes: [voted('ann')] });
    await tick(1);
    await read({ votes: [voted('ann')], bound_to: 'y' });
    await tick(1);
    await read({ status: 'approved', votes: [voted('ann'), voted('bob')], bound_to: 'y' });
    await tick(1);
    await tick(3600);
    expect(said).toEqual([
      'opened 1: pending/0 at 0',
      'voted 1 in 1: pending/1 at 2',
      'changed 1 in 1: pending/1 at 4',
      'decided 1 in 1: approved/2 at 5',
    ]);
  });

  it('are reminded at the times that were asked for, by numbers from 1, until it is over', async () => {
    const { said, read, tick, states } = scene();
    await read();
    await tick();
    await tick(59);
    await tick(1);
    await tick(30);
    await tick(30);
    // Nobody was there to remind: what was missed is not made up for.
    await tick(190);
    await read({ status: 'expired' });
    await tick(1);
    await tick(600);
    expect(said).toEqual([
      'opened 1: pending/0 at 0',
      'reminded 1 in 1: pending/0 at 60',
      'reminded 2 in 1: pending/0 at 120',
      'reminded 5 in 1: pending/0 at 310',
      'expired 1 in 1: expired/0 at 311',
    ]);
    expect(await states()).toEqual(['opened 1 delivered', 'reminded 5 delivered', 'expired 1 delivered']);
  });

  it('are told after a pause that grows, or that was asked for, and what is true by then', async () => {
    const { said, read, tick, fail, states, deliveries } = scene();
    fail(new Error('a library says ECONNREFUSED 10.0.0.1'));
    await read();
    await tick();
    expect(await deliveries()).toMatchObject([
      { state: 'retrying', attempts: 1, error: 'it could not be sent: the log of the API has the reason' },
    ]);
    await tick(0.5);
    await tick(0.5);
    fail(new NoticeError('limited', { retryAfter: 30 }));
    await tick(2);
    await read({ votes: [voted('ann')] });
    fail(null);
    await tick(29);
    expect(said).toEqual([]);
    await tick(1);
    await tick(1);
    expect(said).toEqual(['opened 1: pending/1 at 33']);
    expect(await states()).toEqual(['opened 1 delivered', 'voted 1 superseded']);
  });

  it('are told nothing of what was over before anybody heard of it', async () => {
    const { said, read, tick, states } = scene();
    await read({ status: 'cancelled' });
    await tick(10);
    expect(said).toEqual([]);
    expect(await states()).toEqual(['opened 1 superseded', 'withdrawn 1 superseded']);
  });

  it('who are added later are asked as everybody was', () => {
    const before = asked({ slack: { channel: '#ops' } });
    const after = asked({ slack: { channel: '#ops' }, email: ['Boss@example.com'] }, { votes: [voted('ann')] });
    expect(deriveNoticeEvents(before, after)).toEqual([
      { channel: 'slack', target: '#ops', kind: 'voted', number: 1 },
      { channel: 'email', target: 'boss@example.com', kind: 'opened', number: 1 },
    ]);
  });

  it('see a message again after a refresh, once', async () => {
    const { said, read, tick, outbox, deliveries } = scene();
    await read();
    await tick();
    const { id } = (await deliveries())[0]!;
    await Promise.all([outbox.refresh(id), outbox.refresh(id)]);
    await tick(1);
    expect(said).toEqual(['opened 1: pending/0 at 0', 'changed 1 in 1: pending/0 at 1']);
  });
});

it('a mail is sent when it is asked and for reminders, and for nothing else', async () => {
  const { said, read, tick } = scene('email');
  await read();
  await tick();
  await read({ votes: [voted('ann')], bound_to: 'y' });
  await tick(60);
  await read({ status: 'approved', votes: [voted('ann'), voted('bob')] });
  await tick(60);
  expect(said).toEqual(['opened 1: pending/0 at 0', 'reminded 1 in 1: pending/1 at 60']);
});

describe('a program', () => {
  it('is told every event in order, whatever happened while it was away', async () => {
    const { said, read, tick, fail, states } = scene('webhook');
    fail(new NoticeError('http://hooks.example responded with status 503'));
    await read();
    await tick();
    await read({ votes: [voted('ann')] });
    await tick(60);
    await read({ status: 'approved', votes: [voted('ann'), voted('bob')] });
    await tick(60);
    expect(said).toEqual([]);
    fail(null);
    for (let round = 0; round < 6; round += 1) await tick(60);
    expect(said.map((text) => text.replace(/( in 1)?:.*/, ''))).toEqual([
      'opened 1',
      'voted 1',
      'reminded 1',
      'voted 2',
      'decided 1',
    ]);
    expect((await states()).every((state) => state.endsWith('delivered'))).toBe(true);
  });

  it('is told of what nobody saw happen', async () => {
    const { said, read, tick } = scene('webhook');
    await read({ status: 'approved', votes: [voted('ann')] });
    for (let round = 0; round < 4; round += 1) await tick(1);
    expect(said.map((text) => text.split(':')[0])).toEqual(['opened 1', 'voted 1 in 1', 'decided 1 in 1']);
  });
});

describe('an event', () => {
  it('that is refused for good is given up at once, and so is one after a day', async () => {
    const permanent = scene();
    permanent.fail(new NoticeError('Slack rejected the request: channel_not_found', { permanent: true }));
    await permanent.read();
    await permanent.tick();
    expect(await permanent.deliveries()).toMatchObject([
      { state: 'given_up', error: 'Slack rejected the request: channel_not_found', attempts: 1 },
    ]);
    const late = scene('webhook');
    late.fail(new NoticeError('http://hooks.example responded with status 500'));
    await late.read();
    await late.tick();
    await late.tick(86_401);
    await late.tick(86_401);
    expect((await late.states())[0]).toBe('opened 1 given_up');
  });

  it('whose channel is not set up says so, and goes out once it is', async () => {
    const { said, read, tick, set, deliveries } = scene();
    set({ ok: false, setting: 'the connection slack/default' });
    await read();
    await tick();
    expect(await deliveries()).toMatchObject([
      { state: 'not_set_up', error: 'the connection slack/default is missing' },
    ]);
    set({ ok: true });
    await tick(30);
    expect(said).toEqual([]);
    await tick(30);
    expect(said[0]).toBe('opened 1: pending/0 at 60');
  });
});

it('a tenant whose receivers do not answer delays no other', async () => {
  const namespace = 'crowd';
  const [busy, other] = ['1', '2'].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`) as [string, string];
  const tell = (workflowId: string, tenant: string, webhook: string, due: number) =>
    store.sync(
      { namespace, workflowId, n: 1, tenant, ref: 'a.b', owner: 'dev', starters: [], event: 1, changes: 1 },
      [asked({ webhook }, { request: inquiryRequest({ notify: { webhook } }) })],
      { derive: deriveNoticeEvents, remindAt: () => null },
      new Date(due),
    );
  const crowd = Array.from({ length: 200 }, (_, each) => `busy_${each}`);
  await indexRuns(namespace, [...crowd, 'other']);
  for (let each = 0; each < 200; each += 1) await tell(`busy_${each}`, busy, `http://dead-${each % 3}/${each}`, START);
  await tell('other', other, 'http://alive/', START + 1_000);

  let now = START + 2_000;
  let give: (error: Error) => void = () => undefined;
  let silence = new Promise<never>((_, reject) => {
    give = reject;
  });
  const sending: string[] = [];
  const told: string[] = [];
  const announcer: Announcer = {
    channel: 'webhook',
    ready: async () => ({ ok: true }),
    async deliver({ target }) {
      if (target === 'http://alive/') told.push(target);
      else {
        sending.push(new URL(target).host);
        await silence;
      }
      return {};
    },
  };
  const outbox = createOutbox({
    inquiries: store,
    events,
    announcers: [announcer],
    namespace,
    bell: createBell(),
    clock: () => now,
    log,
  });
  await outbox.tick();
  await outbox.tick();
  // In the first round, though everything of the other tenant was due before and none of it is answered.
  await until(
    async () => told.length,
    (count) => count === 1,
  );
  // Five of the tenant, two of a host.
  await until(
    async () => sending.length,
    (count) => count === 5,
  );
  expect(sending.sort()).toEqual(['dead-0', 'dead-0', 'dead-1', 'dead-1', 'dead-2']);

  // Once they have failed five times in a row, hosts rest for a minute.
  const fail = async () => {
    give(new Error('no answer'));
    await outbox.settled();
    silence = new Promise<never>((_, reject) => {
      give = reject;
    });
    silence.catch(() => undefined);
  };
  for (let round = 0; round < 16; round += 1) {
    await fail();
    now += 1_000;
    await outbox.tick();
  }
  await fail();
  const before = sending.length;
  await outbox.tick();
  await fail();
  expect(sending.length).toBe(before);
  expect(before).toBeLessThan(3 * (5 + 2) + 5);
  now += 60_000;
  for (let round = 0; round < 5; round += 1) await outbox.tick();
  await fail();
  expect(sending.slice(before).sort()).toEqual(['dead-0', 'dead-1', 'dead-2']);
});

describe('a delegation', () => {
  const at = new Date(START).toISOString();
  const delegated = (to: string, toNames: string[]): Inquiry['delegations'] => {
    const people = { by: 'ann', names: ['Ann@example.com'], groups: [], to, to_names: toNames, to_groups: [] };
    const delegation = { id: to, inquiry: 'ask', ...people, reason: null, at };
    const verdict = { result: 'refused' as const, reason: 'not_allowed' as const, message: 'not asked' };
    return [
      { delegation: { ...delegation, id: 'refused' }, verdict, taken: at },
      { delegation, verdict: { result: 'delegated' }, taken: at },
    ];
  };
  const notify: InquiryNotify = { slack: { channel: '#ops' }, email: ['ann@example.com', 'bob@example.com'] };

  it.each<[string, Inquiry['delegations'], string[]]>([
    [
      'to somebody with an address that was not told asks them by mail',
      delegated('cid', ['T1/U1', 'Cid@example.com']),
      ['slack #ops delegated 1', 'email cid@example.com opened 1'],
    ],
    [
      'to somebody who was told by mail sends them another one',
      delegated('bob', ['bob@example.com']),
      ['slack #ops delegated 1', 'email bob@example.com delegated 1'],
    ],
    ['to somebody without an address is told in the chat', delegated('dan', []), ['slack #ops delegated 1']],
    ['that was refused is told to nobody', delegated('dan', [])!.slice(0, 1), []],
  ])('%s', (_, delegations, told) => {
    const found = deriveNoticeEvents(asked(notify), asked(notify, { delegations: delegations! }));
    expect(found.map(({ channel, target, kind, number }) => `${channel} ${target} ${kind} ${number}`)).toEqual(told);
    expect(
      deriveNoticeEvents(asked(notify, { delegations: delegations! }), asked(notify, { delegations: delegations! })),
    ).toEqual([]);
  });

  it('has nobody reminded who no longer decides', () => {
    const inquiry = asked(notify, { delegations: delegated('cid', ['cid@example.com'])! });
    const targets = deriveReminders(inquiry, START + 120_000).events.map(({ target }) => target);
    expect(targets).toEqual(['#ops', 'bob@example.com', 'cid@example.com']);
  });
});
