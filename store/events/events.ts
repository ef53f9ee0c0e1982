import { sql } from 'drizzle-orm';
import type { NewEvent } from '../../model/events/event.ts';
import type { Issue } from '../../model/issue.ts';
import type { Database } from '../database.ts';
import { againAfterDeadlock } from '../engines/deadlocks.ts';
import { named } from '../named.ts';
import { events } from './tables.ts';

/** A stored event. */
export type EventRow = typeof events.$inferSelect;

/** An event to record, with the identity by which a second one like it is a duplicate. */
export interface EventEntry extends Omit<NewEvent, 'event_id'> {
  /** Why the schema of its trigger refuses the payload; such an event is recorded as invalid. */
  issues: readonly Issue[];
  tenant: string;
  ingress: string;
  identity: string;
  event_id: string;
  payload_bytes: number;
  depth: number;
  chain: readonly number[];
  replay_of: number | null;
  replay_rules: readonly number[] | null;
  execution: number | null;
  principal: string | null;
  on_behalf_of: string | null;
  /** Further subjects that count as starters of the runs that it begins. */
  starters: readonly string[];
}

/** The id of an event, and whether it was recorded before. */
export interface RecordedEvent {
  id: number;
  duplicate: boolean;
}

/** Records events. */
export interface EventStore {
  /**
   * Records events with one statement, all or none, and returns what each has become, in their order. An event whose identity is known
   * is a duplicate of the first one, also within the list.
   */
  record(entries: readonly EventEntry[]): Promise<RecordedEvent[]>;
}

/** The times that a recording is tried when an event that it duplicates disappears in between. */
const TRIES = 3;

/** Creates the store over an open database. */
export function createEventStore(db: Database): EventStore {
  async function idsOf(entries: readonly EventEntry[]): Promise<Map<string, number>> {
    const found = await db.execute(sql`
      select e.id::text, e.tenant, e.identity from ${events} e
      join json_to_recordset(${JSON.stringify(entries.map(keyOf))}::json) as wanted(tenant uuid, identity text)
      using (tenant, identity)`);
    const rows = (found as unknown as { rows: { id: string; tenant: string; identity: string }[] }).rows;
    return new Map(rows.map(({ id, tenant, identity }) => [`${tenant} ${identity}`, Number(id)]));
  }

  return named<EventStore>('events', {
    async record(entries) {
      const results = new Map<string, RecordedEvent>();
      let left = entries;
      for (let tries = 0; left.length > 0 && tries < TRIES; tries += 1) {
        const inserted = await againAfterDeadlock(() => db.execute(insertEvents(left)));
        const rows = (inserted as unknown as { rows: { id: string; tenant: string; identity: string }[] }).rows;
        for (const { id, tenant, identity } of rows) {
          results.set(`${tenant} ${identity}`, { id: Number(id), duplicate: false });
        }
        left = left.filter((entry) => !results.has(nameOf(entry)));
        for (const [name, id] of left.length === 0 ? [] : await idsOf(left)) results.set(name, { id, duplicate: true });
        left = left.filter((entry) => !results.has(nameOf(entry)));
      }
      const seen = new Set<string>();
      return entries.map((entry) => {
        const name = nameOf(entry);
        const { id, duplicate } = results.get(name)!;
        const again = seen.has(name);
        seen.add(name);
        return { id, duplicate: duplicate || again };
      });
    },
  });
}

const keyOf = ({ tenant, identity }: EventEntry) => ({ tenant, identity });
const nameOf = ({ tenant, identity }: EventEntry) => `${tenant} ${identity}`;

/**
 * Makes the statement that inserts entries whose identity is free. Their ids have the order of the entries; they are inserted in the order of
 * their identities, so that of two statements with the same ones only one waits for the other. All entries are one parameter, in which
 * values that are JSON themselves are texts: Postgres reads the escape of U+0000 in those alone.
 */
export function insertEvents(entries: readonly EventEntry[]) {
  const rows = entries.map(({ headers, extensions, payload, issues, ...entry }, at) => ({
    ...entry,
    at,
    headers: JSON.stringify(headers),
    extensions: JSON.stringify(extensions),
    payload: JSON.stringify(payload),
    issues: JSON.stringify(issues),
    state: issues.length === 0 ? 'received' : 'invalid',
  }));
  return sql`
    with entry as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as given(at integer, tenant uuid, ingress text, identity text,
        event_id text, type text, source text, subject text, time text, trigger_ref text, webhook text, verified boolean, headers text,
        extensions text, content_type text, payload text, payload_bytes integer, state text, issues text, depth integer, chain bigint[],
        replay_of bigint, replay_rules bigint[], execution bigint, principal text, on_behalf_of text, starters text[])
      order by at
    ), numbered as materialized (
      select nextval('events_id_seq') as id, entry.* from entry
    )
    insert into ${events} (id, tenant, ingress, identity, event_id, type, source, subject, time, trigger_ref, webhook, verified, headers,
      extensions, content_type, payload, payload_bytes, state, issues, depth, chain, replay_of, replay_rules, execution, principal,
      on_behalf_of, starters, changed)
    select id, tenant, ingress, identity, event_id, type, source, subject, time, trigger_ref, webhook, verified, headers::json,
      extensions::json, content_type, payload::json, payload_bytes, state, issues::json, depth, chain, replay_of, replay_rules, execution,
      principal, on_behalf_of, starters, pg_current_xact_id()::text::bigint
    from numbered order by tenant, identity, at
    on conflict do nothing
    returning id::text, tenant, identity`;
}
