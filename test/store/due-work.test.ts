import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { createDueWorkStore } from '../../store/due-work.ts';
import { useBothEngines } from './both-engines.ts';

// One statement says what there is to do for each loop. It must know all that the loops know, and nothing must keep them busy in vain.

const engines = useBothEngines();

const TENANT = "'00000000-0000-7000-8000-000000000001'::uuid";
const NOW = new Date('2026-11-30T12:00:00Z');
const [BEFORE, AFTER] = ["timestamptz '2026-11-30 11:59:59Z'", "timestamptz '2026-11-30 12:00:01Z'"];

/** Makes a statement that inserts a row. */
const insert = (table: string, row: Record<string, string | number | boolean>) =>
  `insert into ${table} (${Object.keys(row).map((name) => `"${name}"`)}) values (${Object.values(row)})`;

const run = (more: Record<string, string | number | boolean>) =>
  insert('executions', {
    ...{ namespace: "'default'", workflow_id: "'w'", n: 1, tenant: TENANT, ref: "'p.w'", pack: "'p'", actions: "'{}'" },
    ...{ status: "'running'", created: BEFORE, updated: BEFORE, listed: BEFORE, looked: BEFORE },
    ...{ version_start: 1, version_run: "'r'", version_closed: 0, version_event: 1 },
    ...more,
  });
const turn = (more: Record<string, string | number | boolean>) =>
  insert('turns', {
    ...{ namespace: "'default'", workflow_id: "'w'", tenant: TENANT, ref: "'p.w'", key: "'k'", limit: 1 },
    ...{ policy: "'queue'", created: "now() - interval '1 minute'" },
    ...more,
  });
const hook = (more: Record<string, string>) =>
  insert('failure_hooks', { namespace: "'default'", workflow_id: "'w'", tenant: TENANT, hook: "'p.h'", ...more });
const strikes = (more: Record<string, string | number>) =>
  insert('run_strikes', { namespace: "'default'", workflow_id: "'w'", run_id: "'r'", last: BEFORE, ...more });
const job = (more: Record<string, string>) =>
  insert('bulk_jobs', {
    ...{ id: TENANT, tenant: TENANT, verb: "'cancel'", reason: "''", principal: "'{}'", targets: "'{1}'" },
    ...more,
  });
const inquiry = (remindAt: string) =>
  insert('inquiries', {
    ...{ namespace: "'default'", workflow_id: "'w'", key: "'k'", n: 1, tenant: TENANT, status: "'pending'" },
    ...{ inquiry: "'{}'", ref: "'p.w'", created: BEFORE, event: 1, remind_at: remindAt },
  });
const notice = (number: number, state: string, nextAt: string, target = 'a') =>
  insert('notice_events', {
    ...{ namespace: "'default'", workflow_id: "'w'", key: "'k'", tenant: TENANT, channel: "'email'" },
    ...{ target: `'${target}'`, kind: "'changed'", number, state: `'${state}'`, next_at: nextAt },
  });
const event = (state: string) =>
  insert('events', {
    ...{ tenant: TENANT, type: "'t'", source: "'s'", event_id: "'e'", identity: "'i'", ingress: "'api'" },
    ...{ verified: true, headers: "'{}'", extensions: "'{}'", payload: "'{}'", payload_bytes: 2, issues: "'[]'" },
    ...{ state: `'${state}'`, changed: 1 },
  });
const enforcement = (more: Record<string, string>) =>
  insert('enforcements', {
    ...{ tenant: TENANT, event: 1, rule: 1, rule_ref: "'p.r'", rule_revision: 1, event_type: "'t'", depth: 0 },
    ...{ status: "'pending'", workflow: "'p.w'", changed: 1 },
    ...more,
  });

const CASES: [name: string, statements: string[], due: string[]][] = [
  ['there is nothing', [], []],
  ['a run is open', [run({})], ['counts']],
  ['a run was asked to stop', [run({ marked: true })], ['counts', 'runs']],
  ['a run that was asked to stop has closed', [run({ marked: true, version_closed: 1 })], ['counts']],
  ['the inquiries of a run have changed', [run({ asked: 2, asked_seen: 1 })], ['counts', 'inquiries']],
  ['an open inquiry was read', [run({ inquiries_open: 1, asked_at: BEFORE })], ['counts']],
  [
    'a run goes on while it asks',
    [run({ inquiries_open: 1, updated: AFTER, asked_at: BEFORE })],
    ['counts', 'inquiries'],
  ],
  [
    'a run that asks has closed',
    [run({ inquiries_open: 1, version_closed: 1, asked_at: BEFORE })],
    ['counts', 'inquiries'],
  ],
  ['a run waits for its slot', [turn({})], ['turns']],
  ['a run that waits is delayed', [turn({ created: "now() + interval '1 hour'" })], []],
  ['a run holds its slot and knows it', [turn({ granted: BEFORE, told: true })], []],
  ['a run holds its slot and does not know', [turn({ granted: BEFORE })], ['turns']],
  ['a run is refused and does not know', [turn({ refused: true })], ['turns']],
  ['a run is refused and knows it', [turn({ refused: true, told: true })], []],
  ['a run must make room', [turn({ granted: BEFORE, told: true, cancelled: true })], ['turns']],
  ['a run was asked to make room', [turn({ granted: BEFORE, told: true, cancelled: true, stopped: true })], []],
  [
    'a run with a slot has closed',
    [run({ version_closed: 1, closed: BEFORE }), turn({ granted: BEFORE, told: true })],
    ['counts', 'turns'],
  ],
  ['a run with a slot is open', [run({}), turn({ granted: BEFORE, told: true })], ['counts']],
  ['a run has failed that has an on_failure workflow', [hook({})], ['hooks']],
  ['the on_failure workflow was started', [hook({ done: BEFORE })], []],
  ['a run has stopped a worker twice', [strikes({ count: 2 })], ['strikes']],
  ['a run has stopped a worker once', [strikes({ count: 1 })], []],
  ['such a run was terminated', [strikes({ count: 2, ended: BEFORE })], []],
  ['a bulk job is begun', [job({ status: "'running'" })], ['bulk']],
  ['a bulk job was left by its process', [job({ status: "'running'", leased: BEFORE })], ['bulk']],
  ['a bulk job is worked on', [job({ status: "'running'", leased: AFTER })], []],
  ['a bulk job has ended', [job({ status: "'completed'" })], []],
  ['a reminder is due', [inquiry(BEFORE)], ['notices']],
  ['a reminder is not due yet', [inquiry(AFTER)], []],
  ['a notice is to be sent', [notice(1, 'pending', BEFORE)], ['notices']],
  ['a notice is tried again later', [notice(1, 'retrying', AFTER)], []],
  [
    'a notice waits behind one that is tried again later',
    [notice(1, 'retrying', AFTER), notice(2, 'pending', BEFORE)],
    [],
  ],
  ['a notice is for somebody else', [notice(1, 'retrying', AFTER), notice(2, 'pending', BEFORE, 'b')], ['notices']],
  ['a notice was sent', [notice(1, 'delivered', BEFORE)], []],
  ['an event is to be planned', [event('received')], ['events']],
  ['an event is planned', [event('planned')], []],
  ['an enforcement is to be started', [enforcement({})], ['enforcements']],
  ['an enforcement is put off', [enforcement({ not_before: AFTER })], []],
  ['an enforcement was left by its process', [enforcement({ leased: BEFORE })], ['enforcements']],
  ['an enforcement is being started', [enforcement({ leased: AFTER })], []],
  ['an enforcement has started', [enforcement({ status: "'started'" })], []],
];

describe.each(['Postgres', 'PGlite'])('%s', (engine) => {
  /** Lists what there is to do in a namespace after some statements, which are then undone. */
  async function dueAfter(statements: readonly string[], namespace = 'default'): Promise<string[]> {
    let found: string[] = [];
    const undone = new Error('undone');
    const trying = engines.opened[engine]!.db.transaction(async (transaction) => {
      for (const statement of statements) await transaction.execute(sql.raw(statement));
      found = await createDueWorkStore(transaction).find(namespace, NOW);
      throw undone;
    });
    await expect(trying).rejects.toBe(undone);
    return found.sort();
  }

  it.each(CASES)('what there is to do when %s', async (_, statements, due) => {
    expect(await dueAfter(statements)).toEqual(due);
  });

  it('what another namespace has to do is no work here', async () => {
    const ours = [
      run({ marked: true, asked: 2 }),
      ...[turn({}), hook({}), strikes({ count: 2 }), inquiry(BEFORE), notice(1, 'pending', BEFORE)],
    ];
    expect(await dueAfter(ours)).toEqual([...['counts', 'hooks', 'inquiries', 'notices', 'runs', 'strikes', 'turns']]);
    expect(await dueAfter(ours, 'another')).toEqual(['counts']);
  });
});
