import { randomUUID } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { deriveUuid, integerId } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { JsonObject } from '../../model/json.ts';
import type { RunTurn } from '../../model/run-input.ts';
import { packs, revisions, workflows } from '../../store/definitions/tables.ts';
import { enforcements, events } from '../../store/events/tables.ts';
import { createExecutionStore } from '../../store/executions/executions.ts';
import { createTurnStore } from '../../store/executions/turns.ts';
import { createRuleStore } from '../../store/rules/rules.ts';
import { rules } from '../../store/rules/tables.ts';
import { sampleContent } from '../language/rules/sample-rules.ts';
import { makeEntry, makeOpenEntry } from '../service/index/run-entry.ts';
import { useBothEngines } from './both-engines.ts';

const engines = useBothEngines();

const FAILED = 'io.fermata.execution.failed';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Run numbers that no two tests share. */
let last = 5_000_000;
const nextNumber = () => ++last;

const ago = (milliseconds: number) => new Date(Date.now() - milliseconds);

/** The entry of a run that has failed a second ago. */
function failed(tenant: string, more: Partial<IndexEntry> = {}): IndexEntry {
  const n = nextNumber();
  return makeEntry(n, {
    tenant,
    status: 'failed',
    error: 'no route to host',
    errorCode: 'HTTP_503',
    errorType: 'http_error',
    errorTask: 'call',
    created: ago(3_000),
    closed: ago(1_000),
    ...more,
  });
}

describe.each(['Postgres', 'PGlite'])('%s', (engine) => {
  /** A tenant with rules that have been enabled for a minute, unless `since` says otherwise. */
  async function listening(...given: { type?: string; enabled?: boolean; webhook?: string; since?: Date }[]) {
    const { db } = engines.opened[engine]!;
    const tenant = randomUUID();
    const [pack] = await db.insert(packs).values({ tenant, ref: 'p', label: 'P' }).returning({ id: packs.id });
    const store = createRuleStore(db);
    for (const [at, { type = FAILED, enabled = true, webhook = null, since = ago(MINUTE) }] of given.entries()) {
      await store.create(tenant, {
        pack: pack!.id,
        ref: `p.r${at}`,
        fields: { label: 'R', description: null, tags: [], enabled },
        content: { hash: 'h', content: sampleContent({ type, webhook, workflow: null, action_ref: 'core.noop' }) },
        writers: ['ann'],
        by: { owner: 1, ownerSubject: 'ann' },
      });
      await db
        .update(rules)
        .set({ since })
        .where(and(eq(rules.tenant, tenant), eq(rules.ref, `p.r${at}`)));
    }
    return { tenant, pack: pack!.id, store };
  }
  const runs = (onEvents?: () => void) => createExecutionStore(engines.opened[engine]!.db, onEvents);
  const eventsOf = (tenant: string) =>
    engines.opened[engine]!.db.select().from(events).where(eq(events.tenant, tenant)).orderBy(events.id);

  it('whoever has ended a run by hand, or started what took its place, counts as a starter of what follows', async () => {
    const { db } = engines.opened[engine]!;
    const { tenant } = await listening({});
    const store = runs();
    const open = (n: number, starters: string[] | null, owner = 'ann') =>
      makeOpenEntry(n, { tenant, starters, owner, created: ago(3_000) });
    const numbers = Array.from({ length: 5 }, nextNumber) as [number, number, number, number, number];
    const [cancelled, stopped, taker, older, other] = numbers;
    await store.write([open(cancelled, ['ann']), open(stopped, ['ann']), open(taker, ['eve', 'bot'])]);
    await store.write([open(older, ['old']), open(other, null, 'dan')]);
    const idOf = async (n: number) => (await store.find(n))!.workflowId;
    const note = async (whose: string, id: string, subjects: string[]) =>
      store.noteEnders({ namespace: 'default', tenant: whose }, id, subjects);
    const id = await idOf(cancelled);
    expect(await note(tenant, id, ['dan', 'cleo'])).toBe(true);
    expect(await note(tenant, id, ['dan', 'dee'])).toBe(true);
    expect(await note(randomUUID(), id, ['stranger'])).toBe(false);
    expect(await note(tenant, 'unknown', ['dan'])).toBe(false);
    // The end of a sub-workflow may be that of the runs above it.
    const [child, grandchild] = [nextNumber(), nextNumber()];
    await store.write([{ ...open(child, null), parent: integerId(cancelled) }]);
    await store.write([{ ...open(grandchild, null), parent: integerId(child) }]);
    expect(await note(tenant, await idOf(grandchild), ['gil'])).toBe(true);
    expect((await store.find(child))!.enders).toEqual(['gil']);

    const turnStore = createTurnStore(db);
    const places: [number, number, RunTurn['policy'], string][] = [
      [older, 1, 'cancel_previous', 'k'],
      [stopped, 2, 'queue', 'k'],
      [taker, 3, 'cancel_previous', 'k'],
      [other, 4, 'cancel_previous', 'another key'],
    ];
    for (const [n, minute, policy, key] of places) {
      const turn = { key, limit: 1, policy };
      const claim = { namespace: 'default', workflowId: await idOf(n), tenant, ref: 'p.w', turn };
      await turnStore.claim(claim, new Date(Date.UTC(2026, 0, 1, 0, minute)));
    }
    const standing = await turnStore.standing('default');
    const making = await idOf(stopped);
    await turnStore.noteSuccessors(standing.find(({ workflowId }) => workflowId === making)!);

    const close = async (n: number) => {
      const { workflowId } = (await store.find(n))!;
      return { ...failed(tenant), n, workflowId, version: { start: n, run: `r${n}`, closed: true, event: 9 } };
    };
    // Whoever writes the end does not know them.
    await store.write([await close(cancelled), await close(stopped)]);
    const recorded = await eventsOf(tenant);
    expect(recorded.map(({ execution, starters }) => [execution, starters])).toEqual([
      [integerId(cancelled), ['cleo', 'dan', 'dee', 'gil']],
      [integerId(stopped), ['bot', 'eve']],
    ]);
    // Nor does it forget who has started the run.
    expect(await store.find(stopped)).toMatchObject({ starters: ['ann'], proven: null });
    await store.prove(tenant, stopped, 'another run', ['forged']);
    await store.prove(randomUUID(), stopped, (await store.find(stopped))!.versionRun, ['forged']);
    expect(await store.find(stopped)).toMatchObject({ starters: ['ann'], proven: null });
    const { versionRun } = (await store.find(stopped))!;
    await store.prove(tenant, stopped, versionRun, ['ann', 'bob']);
    expect(await store.find(stopped)).toMatchObject({ starters: ['ann', 'bob'], proven: versionRun });
  });

  it('the end of a run is an event that says how it ended, and neither what it was given nor what came out', async () => {
    const { db } = engines.opened[engine]!;
    const { tenant, pack } = await listening({});
    const definition = { tasks: [] } as never;
    const [workflow] = await db
      .insert(workflows)
      .values({ tenant, pack, ref: 'p.w', label: 'W', revision: 4 })
      .returning({ id: workflows.id });
    await db
      .insert(revisions)
      .values({ tenant, workflow: workflow!.id, revision: 4, version: '1.2.0', hash: 'h', definition });
    const entry = failed(tenant, {
      definition: workflow!.id,
      revision: 4,
      enforcement: 42,
      tags: ['night'],
      retryOf: 7,
      input: '{"token":"x"}',
      result: '{"error":"y"}',
    });
    let rung = 0;
    await runs(() => {
      rung += 1;
    }).write([entry]);
    const [event, ...more] = await eventsOf(tenant);
    expect([more, rung]).toEqual([[], 1]);
    const uuid = deriveUuid(entry.n);
    expect(event).toMatchObject({
      type: FAILED,
      source: 'urn:fermata:executions',
      subject: 'p.w',
      eventId: `${uuid}/${entry.version.run}`,
      time: entry.closed!.toISOString(),
      verified: true,
      state: 'received',
      depth: 0,
      chain: [],
      execution: integerId(entry.n),
      principal: 'ann',
    });
    expect(event!.payload).toEqual({
      execution: integerId(entry.n),
      uuid,
      workflow_id: entry.workflowId,
      workflow: 'p.w',
      version: '1.2.0',
      status: 'failed',
      created: entry.created.toISOString(),
      closed: entry.closed!.toISOString(),
      duration_ms: entry.closed!.getTime() - entry.created.getTime(),
      error: { type: 'http_error', message: 'no route to host', task: 'call' },
      tags: ['night'],
      enforcement: 42,
      retry_of: 7,
    });
  });

  it.each<[string, Parameters<typeof listening>[0] | null, Partial<IndexEntry>, number]>([
    ['a rule about exactly this end', {}, {}, 1],
    ['a rule about all ends', { type: 'io.fermata.execution.*' }, { status: 'cancelled', error: null }, 1],
    ['a rule about everything of Fermata', { type: 'io.fermata.*' }, { status: 'skipped', error: null }, 1],
    ['no rule', null, {}, 0],
    ['a rule about another end', {}, { status: 'completed', error: null }, 0],
    ['a rule about everything else', { type: '*' }, {}, 0],
    ['a rule about everything of a company with such a name', { type: 'io.*' }, {}, 0],
    ['a rule that is disabled', { enabled: false }, {}, 0],
    ['a rule about what comes in at a webhook', { webhook: 'hook' }, {}, 0],
    ['a rule that was enabled after the end', { since: ago(-DAY) }, {}, 0],
    ['an end before seven days', { since: ago(30 * DAY) }, { closed: ago(7 * DAY + MINUTE) }, 0],
    ['an end within seven days', { since: ago(30 * DAY) }, { closed: ago(7 * DAY - 60 * MINUTE) }, 1],
    ['the end of a sub-workflow', {}, { parent: 5 }, 0],
    ['a run that is open', {}, { status: 'running', closed: null }, 0],
    ['a run that Temporal has lost', {}, { errorCode: 'GONE' }, 0],
  ])('%s', async (_, rule, run, expected) => {
    const { tenant } = await listening(...(rule === null ? [] : [rule]));
    await runs().write([failed(tenant, run)]);
    expect(await eventsOf(tenant)).toHaveLength(expected);
  });

  it('an end is one event however often and from wherever it is written', async () => {
    const { tenant } = await listening({});
    const other = await listening({ type: 'com.example.*' });
    const entries = Array.from({ length: 20 }, () => failed(tenant));
    const theirs = failed(other.tenant);
    const writes = [entries, entries.toReversed(), [...entries, theirs], entries.slice(5)];
    await Promise.all(writes.map((some) => runs().write(some)));
    await runs().write(entries);
    const found = await eventsOf(tenant);
    expect(found.map(({ execution }) => execution).sort()).toEqual(entries.map(({ n }) => integerId(n)).sort());
    expect(await eventsOf(other.tenant)).toEqual([]);
  });

  it('an earlier run of a chain is no end, and the event has the start of the chain', async () => {
    const { tenant } = await listening({});
    const first = ago(9 * MINUTE);
    const open = makeOpenEntry(nextNumber(), {
      tenant,
      created: first,
      version: { start: 1, run: 'r1', closed: false, event: 9 },
    });
    await runs().write([open]);
    const end = { ...failed(tenant), n: open.n, workflowId: open.workflowId, created: ago(3_000) };
    await runs().write([{ ...end, version: { start: 2, run: 'r2', closed: true, event: 5 } }]);
    // A writer that is late has the facts of the first run.
    await runs().write([{ ...end, status: 'terminated', version: { start: 1, run: 'r1', closed: true, event: 10 } }]);
    const [event, ...more] = await eventsOf(tenant);
    expect(more).toEqual([]);
    expect(event!.eventId).toBe(`${deriveUuid(open.n)}/r2`);
    expect(event!.payload).toMatchObject({ created: first.toISOString() });
  });

  it('a run that was lost and is found again is an event then', async () => {
    const { tenant } = await listening({});
    const entry = failed(tenant);
    await runs().write([{ ...entry, status: 'terminated', errorCode: 'GONE', closed: ago(500) }]);
    expect(await eventsOf(tenant)).toEqual([]);
    await runs().write([entry]);
    expect((await eventsOf(tenant)).map(({ type }) => type)).toEqual([FAILED]);
  });

  it('a deleted run is no event', async () => {
    const { tenant } = await listening({});
    const entry = failed(tenant);
    const { namespace, workflowId, n } = entry;
    await runs().bury({ namespace, tenant }, [{ workflowId, n }], new Date(Date.now() + DAY));
    await runs().write([entry]);
    expect(await eventsOf(tenant)).toEqual([]);
  });

  it('a rule that is enabled again, or gets another type, begins to listen then', async () => {
    const { tenant, store } = await listening({ since: ago(DAY) }, { since: ago(DAY) }, { since: ago(DAY) });
    const write = (ref: string, type: string, enabled: boolean, label = 'R') =>
      store.update(tenant, ref, { owner: 1, ownerSubject: 'ann' }, () => ({
        fields: { label, description: null, tags: [], enabled },
        content: { hash: type, content: sampleContent({ type, workflow: null, action_ref: 'core.noop' }) },
        writers: ['ann'],
      }));
    await write('p.r0', FAILED, false);
    await write('p.r0', FAILED, true);
    await write('p.r1', 'io.fermata.execution.timeout', true);
    await write('p.r2', FAILED, true, 'Another label');
    const found = await engines.opened[engine]!.db.select()
      .from(rules)
      .where(eq(rules.tenant, tenant))
      .orderBy(rules.id);
    const isNew = found.map(({ since }) => since > ago(MINUTE));
    expect(isNew).toEqual([true, true, false]);
  });

  it('an event has the rules on its way from the outside', async () => {
    const { db } = engines.opened[engine]!;
    const { tenant } = await listening({ type: 'io.fermata.*' });
    const begin = async (event: number, depth: number, rule: number) => {
      const [row] = await db
        .insert(enforcements)
        .values({
          ...{ tenant, event, rule, ruleRef: `p.r${rule}`, ruleRevision: 1, eventType: 't', depth },
          ...{ status: 'started' as const, workflow: 'p.w', changed: 0 },
        })
        .returning({ id: enforcements.id });
      await runs().write([failed(tenant, { enforcement: row!.id })]);
      return (await eventsOf(tenant)).at(-1)!;
    };
    const outside = await eventOf(tenant);
    const first = await begin(outside, 0, 11);
    expect(first).toMatchObject({ depth: 1, chain: [11] });
    const second = await begin(first.id, 1, 12);
    expect(second).toMatchObject({ depth: 2, chain: [11, 12] });
    // A run that names an enforcement of another tenant was begun by none.
    const other = await listening({});
    await runs().write([failed(other.tenant, { enforcement: Number((second.payload as JsonObject).enforcement) })]);
    expect(await eventsOf(other.tenant)).toMatchObject([{ depth: 0, chain: [] }]);

    async function eventOf(owner: string): Promise<number> {
      const [row] = await db
        .insert(events)
        .values({
          ...{ tenant: owner, identity: 'x', ingress: 'api', eventId: 'x', type: 't', source: '/s', verified: true },
          ...{
            headers: {},
            extensions: {},
            payload: {},
            payloadBytes: 2,
            state: 'planned' as const,
            issues: [],
            changed: 0,
          },
        })
        .returning({ id: events.id });
      return row!.id;
    }
  });
});
