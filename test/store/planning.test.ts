import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { compileRule } from '../../language/rules/compiler.ts';
import { createRuleSet } from '../../language/rules/rule-set.ts';
import type { RuleContent } from '../../model/rules/rule.ts';
import { createBell } from '../../service/background/bell.ts';
import { createPlanner } from '../../service/events/planner.ts';
import { createEnforcementStore } from '../../store/events/enforcements.ts';
import { createEventStore, type EventEntry } from '../../store/events/events.ts';
import { createPlanningStore } from '../../store/events/planning.ts';
import { enforcements, events, ruleKeys } from '../../store/events/tables.ts';
import { createRuleKeyStore } from '../../store/rules/rule-keys.ts';
import { sampleContent } from '../language/rules/sample-rules.ts';
import { useBothEngines } from './both-engines.ts';

// Matches that wait for each other: what planning makes of events, in databases as they are.

const engines = useBothEngines();
let rules = 1_000;

describe.each(['Postgres', 'PGlite'])('%s', (engine) => {
  /** A tenant with one rule, whose content can be changed. */
  function scene(given: Partial<RuleContent>) {
    const { db } = engines.opened[engine]!;
    const tenant = randomUUID();
    rules += 1;
    const rule = { id: rules, ref: 'p.r', revision: 1, content: sampleContent(given) };
    const store = createPlanningStore(db);
    const starts = createEnforcementStore(db);
    const planner = () =>
      createPlanner({
        store: { ...store, tenants: async () => (await store.tenants(1_000)).filter((each) => each === tenant) },
        rules: {
          within: async () => {
            const { content, ...rest } = rule;
            const compiled = compileRule(rule, content);
            return createRuleSet([{ ...rest, owner: 1, ownerSubject: 'ann', compiled }], () => content.type);
          },
        },
        bell: createBell(),
        onPlanned: () => undefined,
        clock: Date.now,
        log: pino({ level: 'silent' }),
      });
    return {
      db,
      tenant,
      rule,
      starts,
      planner,

      /** Records events with these payloads, received now or at these seconds of a day. */
      async receive(...sent: { payload?: EventEntry['payload']; at?: number; replay?: number }[]) {
        const entries = sent.map(({ payload = null, replay = null }) => entryOf(tenant, payload, replay));
        const recorded = await createEventStore(db).record(entries);
        for (const [index, { at }] of sent.entries()) {
          if (at === undefined) continue;
          const received = new Date(Date.UTC(2026, 0, 1) + at * 1_000);
          await db.update(events).set({ received }).where(eq(events.id, recorded[index]!.id));
        }
        return recorded.map(({ id }) => id);
      },

      /** The enforcements, oldest first: the status or the reason of each, and the place of the one that it repeats. */
      async planned() {
        const rows = await db
          .select()
          .from(enforcements)
          .where(eq(enforcements.tenant, tenant))
          .orderBy(enforcements.id);
        return rows.map(({ status, reasonCode, duplicateOf }) => {
          const repeated = rows.findIndex(({ id }) => id === duplicateOf);
          return [reasonCode ?? status, repeated === -1 ? null : repeated];
        });
      },
    };
  }

  const DEDUPE = { key: '{{ event.payload }}', window: 60 };
  const [START, repeats] = [['pending', null], (place: number) => ['duplicate', place]];

  it.each<[string, Parameters<ReturnType<typeof scene>['receive']>, unknown[]]>([
    ['one key', [{ payload: 'a' }, { payload: 'a' }, { payload: 'b' }], [START, repeats(0), START]],
    ['numbers are texts', [{ payload: 1 }, { payload: '1' }, { payload: true }], [START, repeats(0), START]],
    ['the empty text is a key', [{ payload: '' }, { payload: '' }], [START, repeats(0)]],
    ['halves of characters differ', [{ payload: '\ud800' }, { payload: '\ud801' }], [START, START]],
    ['U+0000 is a character', [{ payload: 'a\0' }, { payload: 'a' }, { payload: 'a\0' }], [START, START, repeats(0)]],
    [
      'a key that is no text, or too long, fails and takes none',
      [{ payload: null }, { payload: ['a'] }, { payload: 'x'.repeat(1_001) }, { payload: 'x'.repeat(1_000) }],
      [['template_error', null], ['template_error', null], ['template_error', null], START],
    ],
    [
      'the window is that of the first, and does not move',
      [0, 30, 59.999, 60, 119, 120].map((at) => ({ payload: 'a', at })),
      [START, repeats(0), repeats(0), START, repeats(3), START],
    ],
    [
      'events that come in out of order',
      [60, 59, 0.001, 0].map((at) => ({ payload: 'a', at })),
      [START, repeats(0), repeats(0), START],
    ],
    ['a replay', [{ payload: 'a' }, { payload: 'a', replay: 1 }, { payload: 'a' }], [START, START, repeats(0)]],
    ['a replay comes first', [{ payload: 'a', replay: 1 }, { payload: 'a' }], [START, START]],
    ['a replay of what has no key', [{ payload: null, replay: 1 }], [START]],
  ])('dedupe: %s', async (_, sent, expected) => {
    const together = scene({ dedupe: DEDUPE });
    await together.receive(...sent);
    await together.planner().tick();
    expect(await together.planned()).toEqual(expected);
    // One by one, as they come in, it is the same.
    const apart = scene({ dedupe: DEDUPE });
    for (const each of sent) {
      await apart.receive(each);
      await apart.planner().tick();
    }
    expect(await apart.planned()).toEqual(expected);
  });

  it('dedupe: a key is one of its rule, and of a match that starts', async () => {
    const { db, tenant, rule, starts, receive, planner, planned } = scene({ dedupe: DEDUPE });
    const others = scene({ dedupe: DEDUPE });
    await others.receive({ payload: 'a' });
    await others.planner().tick();
    await receive({ payload: 'a', at: 0 });
    await planner().tick();
    const leased = await starts.lease(tenant, 1, new Date(), new Date());
    await starts.settle(leased[0]!, { status: 'failed', reason: { code: 'input_invalid', message: 'x' } });
    await receive({ payload: 'a', at: 0 }, { payload: 'a', at: 0 });
    await planner().tick();
    expect(await planned()).toEqual([['input_invalid', null], START, repeats(1)]);
    // Another window, and then another key.
    rule.content = sampleContent({ dedupe: { ...DEDUPE, window: 10 } });
    await receive({ payload: 'a', at: 9 }, { payload: 'a', at: 10 });
    await planner().tick();
    rule.content = sampleContent({ dedupe: { ...DEDUPE, key: 'x{{ event.payload }}' } });
    await receive({ payload: 'a', at: 11 });
    await planner().tick();
    expect((await planned()).slice(3)).toEqual([repeats(1), START, START]);
    const keys = createRuleKeyStore(db);
    await keys.forget(new Date(Date.UTC(2026, 0, 1) + 11_000), 1_000);
    const left = await db.select({ until: ruleKeys.until }).from(ruleKeys).where(eq(ruleKeys.tenant, tenant));
    expect(left.map(({ until }) => until.toISOString()).sort()).toEqual([
      '2026-01-01T00:00:20.000Z',
      '2026-01-01T00:01:11.000Z',
    ]);
  });

  it('dedupe: of a storm over several planners, one match of each key starts', async () => {
    const { receive, planner, planned } = scene({ dedupe: DEDUPE });
    const sent = Array.from({ length: 400 }, (_, at) => ({ payload: at % 7 }));
    const storm = (async () => {
      for (let part = 0; part < sent.length; part += 40) await receive(...sent.slice(part, part + 40));
    })();
    const planners = [planner(), planner(), planner()];
    let isOver = false;
    const work = planners.map(async (each) => {
      while (!isOver) await each.tick();
    });
    await storm;
    await expect.poll(async () => (await planned()).length, { timeout: 60_000 }).toBe(sent.length);
    isOver = true;
    await Promise.all(work);
    const found = await planned();
    expect(found.filter(([what]) => what === 'pending')).toHaveLength(7);
    expect(found.map(([, repeated], at) => repeated ?? at)).toEqual(sent.map(({ payload }) => payload));
  });
});

function entryOf(tenant: string, payload: EventEntry['payload'], replay: number | null): EventEntry {
  const id = randomUUID();
  return {
    tenant,
    ingress: 'api',
    identity: id,
    event_id: id,
    type: 't',
    source: '/test',
    subject: null,
    time: null,
    trigger_ref: null,
    webhook: null,
    verified: true,
    headers: {},
    extensions: {},
    content_type: null,
    payload,
    payload_bytes: 1,
    issues: [],
    depth: 0,
    chain: [],
    replay_of: replay,
    replay_rules: null,
    execution: null,
    principal: null,
    on_behalf_of: null,
  };
}
