import type { Database } from '../../../store/database.ts';
import { createBacklogStore, type EventPlace } from '../../../store/events/backlogs.ts';
import { createEnforcementStore, type EnforcementFilter } from '../../../store/events/enforcements.ts';
import { createEventChangeStore } from '../../../store/events/event-changes.ts';
import { createEventListStore, type EventFilter } from '../../../store/events/event-lists.ts';
import { createEventStore } from '../../../store/events/events.ts';
import { createPlanningStore } from '../../../store/events/planning.ts';
import { createStartSlotStore } from '../../../store/events/start-slots.ts';
import { DAYS, entryOf, TENANTS } from './rows.ts';

/** A question with its name; it is asked again with the number of times before. */
export type Question = [what: string, ask: (time: number) => Promise<unknown>];

const PAGE = { offset: 0, limit: 20 };
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

/** Filters of events, each of which a list and its count are asked for. */
function eventFilters(events: number): [string, EventFilter][] {
  const middle = Math.floor(events / 2);
  return [
    ['all', {}],
    ['a type', { type: 'com.shop3.order.kind3' }],
    ['a rare type', { type: 'com.shop1.order.rare' }],
    ['a type that no event has', { type: 'com.none' }],
    ['a pattern', { type: 'com.shop3.*' }],
    ['the pattern *', { type: '*' }],
    ['a source', { source: '/shops/7' }],
    ['a rare source', { source: '/rare' }],
    ['a subject', { subject: 'orders/7' }],
    ['a sender’s id', { eventId: `event-${middle}` }],
    ['a trigger', { triggerRef: 'shop.trigger3' }],
    ['a webhook', { webhook: 'hook0' }],
    ['received', { state: 'received' }],
    ['planned', { state: 'planned' }],
    ['invalid', { state: 'invalid' }],
    ['with matches', { matched: true }],
    ['without matches', { matched: false }],
    ['a type, without matches', { type: 'com.shop3.order.kind3', matched: false }],
    ['a rare type, with matches', { type: 'com.shop1.order.rare', matched: true }],
    ['a subject, invalid', { subject: 'orders/7', state: 'invalid' }],
    ['replays of one', { replayOf: middle }],
    ['of an execution', { execution: 4_294_967_297 }],
    ['of the last hour', { receivedAfter: new Date(Date.now() - 3_600_000) }],
    [
      'of an hour long ago',
      { receivedAfter: daysAgo(DAYS - 1), receivedBefore: new Date(daysAgo(DAYS - 1).getTime() + 3_600_000) },
    ],
    ['before a time long ago', { receivedBefore: daysAgo(DAYS - 1) }],
    [
      'a type, of an hour long ago',
      {
        type: 'com.shop3.order.kind3',
        receivedAfter: daysAgo(20),
        receivedBefore: new Date(daysAgo(20).getTime() + 3_600_000),
      },
    ],
  ];
}

/** Filters of enforcements. */
function enforcementFilters(events: number): [string, EnforcementFilter][] {
  return [
    ['all', {}],
    ['a rule', { rule: 3 }],
    ['a ref of a rule', { rule: 'shop.rule3' }],
    ['an event', { event: Math.floor(events / 2 / 3) * 3 }],
    ['pending', { status: 'pending' }],
    ['started', { status: 'started' }],
    ['failed', { status: 'failed' }],
    ['suppressed', { status: 'suppressed' }],
    ['a rule, failed', { rule: 3, status: 'failed' }],
    ['a rule that has none failed', { rule: 'shop.rule1', status: 'failed' }],
    ['a trigger', { triggerRef: 'shop.trigger3' }],
    ['a trigger that none has', { triggerRef: 'shop.none' }],
    ['a workflow', { workflow: 'shop.flow3' }],
    ['a reason', { reason: 'duplicate' }],
    [
      'of an hour long ago',
      { createdAfter: daysAgo(DAYS - 1), createdBefore: new Date(daysAgo(DAYS - 1).getTime() + 3_600_000) },
    ],
    ['before a time long ago', { createdBefore: daysAgo(DAYS - 1) }],
  ];
}

/** Lists everything that is asked about events, in an order in which nothing changes the answer to what comes later. */
export function listQuestions(db: Database, events: number): Question[] {
  const { large, small } = TENANTS;
  const lists = createEventListStore(db);
  const enforcements = createEnforcementStore(db);
  const backlog = createBacklogStore(db);
  const changes = createEventChangeStore(db);
  const store = createEventStore(db);
  const planning = createPlanningStore(db);
  const slots = createStartSlotStore(db);
  const middle = Math.floor(events / 2);
  const behind = { ...PAGE, before: middle };
  const entries = (time: number, kind: string) =>
    Array.from({ length: 40 }, (_, n) => entryOf(large, `${kind} ${time} ${n}`));
  let place: EventPlace | null = null;
  return [
    ...eventFilters(events).flatMap(([what, filter]): Question[] => [
      [`events: ${what}`, () => lists.list(large, filter, PAGE)],
      [`events: ${what}, counted`, () => lists.count(large, filter)],
    ]),
    ['events: all, from the middle on', () => lists.list(large, {}, behind)],
    ['events of a small tenant: all', () => lists.list(small, {}, PAGE)],
    [
      'events of a small tenant: of an hour long ago',
      () => lists.list(small, { receivedBefore: daysAgo(DAYS - 1) }, PAGE),
    ],
    [
      'events of a small tenant: a sender’s id that the large one has',
      () => lists.count(small, { eventId: `event-${middle}` }),
    ],
    ['one event', () => lists.find(large, middle)],
    ...enforcementFilters(events).flatMap(([what, filter]): Question[] => [
      [`enforcements: ${what}`, () => enforcements.list(large, filter, PAGE)],
      [`enforcements: ${what}, counted`, () => enforcements.count(large, filter)],
    ]),
    ['the backlog', () => backlog.count()],
    ['tenants with events to plan', () => planning.tenants(null, 1_000)],
    ['tenants with enforcements to start', () => enforcements.tenants(new Date(), null, 1_000)],
    ['starts of a rule within a minute', () => slots.find(large, 3, { limit: 100, per: 60 })],
    ['starts of a rule within a week', () => slots.find(large, 3, { limit: 100, per: 604_800 })],
    ['changes behind the middle', () => changes.changesBehind(large, { changed: middle, n: 0 }, 100)],
    ['changes behind the last one', () => changes.changesBehind(large, { changed: events, n: 2 * events }, 100)],
    ['40 duplicates', () => store.record(entries(0, 'same'))],
    ['40 new events', (time) => store.record(entries(time, 'new'))],
    [
      'a batch of nothing planned',
      () => planning.plan(large, 100, async () => ({ decided: 0, partial: null, matches: [], counts: [] })),
    ],
    ['16 enforcements leased', () => enforcements.lease(large, 16, new Date(), new Date(Date.now() - 1_000))],
    [
      '1,000 events forgotten',
      async () => {
        place = await backlog.forget(daysAgo(DAYS - 8), 1_000, place);
      },
    ],
  ];
}
