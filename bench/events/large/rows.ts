import { sql } from 'drizzle-orm';
import { eventIdentity } from '../../../service/events/intake.ts';
import type { Database } from '../../../store/database.ts';
import type { EventEntry } from '../../../store/events/events.ts';
import { fillBeforeIndexes } from '../../lists/rows.ts';

// Events and enforcements in the shape of real ones, made by the database itself.

/** Rows of one statement. */
const BATCH = 100_000;

/** The days over which events are spread, evenly. */
export const DAYS = 30;

/** Nearly all events are of the first tenant, and a thousandth, spread over all days, of the second one. */
export const TENANTS = { large: '00000000-0000-7000-8000-00000000000a', small: '00000000-0000-7000-8000-00000000000b' };

/**
 * Fills events of 200 types and as many subjects, of which a third has an enforcement of one of 100 rules: most have started, and the newest
 * 50 are pending. A few hundred events are invalid, and the newest 20 are still to be planned.
 */
export async function fillEvents(db: Database, count: number): Promise<void> {
  const { large, small } = TENANTS;
  await fillBeforeIndexes(db, 'events', async () => {
    for (let from = 0; from < count; from += BATCH) {
      await db.execute(sql`
        insert into events (tenant, ingress, identity, event_id, type, source, subject, trigger_ref, webhook, verified, headers, extensions,
          payload, payload_bytes, state, issues, matches, principal, received, changed)
        select case when n % 1000 = 7 then ${small}::uuid else ${large}::uuid end, 'api', md5(n::text) || md5((-n)::text), 'event-' || n,
          'com.shop' || n % 20 || '.order.' || case when n % 5000 = 1 then 'rare' else 'kind' || n % 10 end,
          case when n % 5000 = 2 then '/rare' else '/shops/' || n % 50 end, 'orders/' || n % 200,
          case when n % 10 = 0 then 'shop.trigger' || n % 7 end, case when n % 5 = 0 then 'hook' || n % 3 end, true, '{"user-agent":"x"}',
          '{}', json_build_object('n', n, 'customer', json_build_object('name', 'Ada'), 'note', repeat('What the customer wrote. ', 10)), 320,
          case when n > ${count - 20} then 'received' when n % 5000 = 3 then 'invalid' else 'planned' end, '[]',
          case when n % 3 = 0 and n <= ${count - 20} then 1 else 0 end, 'user' || n % 20,
          now() - (${count} - n) * interval '1 second' * ${(DAYS * 86_400) / count}::float8, n
        from generate_series(${from + 1}::bigint, ${Math.min(count, from + BATCH)}::bigint) n`);
    }
  });
  await fillBeforeIndexes(db, 'enforcements', async () => {
    await db.execute(sql`
      insert into enforcements (tenant, event, rule, rule_ref, rule_revision, event_type, trigger_ref, webhook, depth, status, reason,
        reason_code, workflow, execution, created, updated, started, leased, changed)
      select tenant, id, id % 100, 'shop.rule' || id % 100, 1, type, trigger_ref, webhook, 0, status,
        case when status in ('suppressed', 'failed') then json_build_object('code', 'duplicate', 'message', 'x') end,
        case status when 'suppressed' then 'duplicate' when 'failed' then 'input_invalid' end, 'shop.flow' || id % 30,
        case when status = 'started' then 4294967296 + id end, received, received, case when status = 'started' then received end, null,
        changed
      from (select *, case when id > ${count - 170} then 'pending' when id % 1500 = 0 then 'failed' when id % 75 = 0 then 'suppressed'
          else 'started' end as status
        from events where matches > 0 order by id) as matched`);
  });
}

/** Makes an event to record. */
export function entryOf(tenant: string, eventId: string): EventEntry {
  return {
    tenant,
    ingress: 'api',
    identity: eventIdentity('api', '/bench', eventId),
    event_id: eventId,
    type: 'bench.new',
    source: '/bench',
    subject: null,
    time: null,
    trigger_ref: null,
    webhook: null,
    verified: true,
    headers: {},
    extensions: {},
    content_type: 'application/json',
    payload: { n: 1 },
    payload_bytes: 7,
    issues: [],
    depth: 0,
    chain: [],
    replay_of: null,
    replay_rules: null,
    execution: null,
    principal: 'bench',
    on_behalf_of: null,
    starters: [],
  };
}
