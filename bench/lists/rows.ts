import { sql } from 'drizzle-orm';
import type { Database } from '../../store/database.ts';

// Rows of the execution index in the shape of real ones, made by the database itself.
// cspell:ignore indexdef tablename

/** Rows of one statement. */
const BATCH = 100_000;

/** The days over which runs are spread, more of them on each later day. */
const DAYS = 90;

/** Workflows, most runs being of few of them, and the packs that they are in. */
const WORKFLOWS = 200;
const PACKS = 20;

/**
 * Fills the index of a tenant with runs of 200 workflows in 20 packs over 90 days: 94 % have completed, 0.03 % are open, in a namespace
 * that nobody reconciles.
 */
export async function fillIndex(db: Database, tenant: string, runs: number): Promise<void> {
  await fillBeforeIndexes(db, 'executions', async () => {
    for (let from = 0; from < runs; from += BATCH) {
      await db.execute(insertOf(tenant, { from, to: Math.min(runs, from + BATCH), runs }));
    }
  });
}

/** Fills a table without its indexes, other than unique ones, and makes these again, which takes a tenth of the time. */
export async function fillBeforeIndexes(db: Database, table: string, fill: () => Promise<void>): Promise<void> {
  const indexes = await queryRows(
    db,
    sql`select indexname as name, indexdef as definition from pg_indexes where tablename = ${table} and indexdef not like '%UNIQUE%'`,
  );
  for (const { name } of indexes) await db.execute(sql.raw(`drop index "${name}"`));
  await fill();
  for (const { definition } of indexes) await db.execute(sql.raw(definition!));
  await db.execute(sql`vacuum analyze`);
}

/** Fills the inbox with an inquiry of each fiftieth run or so, of which a hundredth is open, and the audit log with a change for each run. */
export async function fillRecords(db: Database, tenant: string): Promise<void> {
  await db.execute(sql`
    insert into inquiries (namespace, workflow_id, key, n, tenant, status, approvers, groups, barred, voters, inquiry, ref, owner, created, event)
    select namespace, workflow_id, 'ask', n, tenant, status, approvers, groups, '{}', '{}',
      json_build_object('key', 'ask', 'task', 'ask', 'visit', 1, 'item', null, 'status', status, 'votes', '[]'::json, 'decisions', '[]'::json,
        'bound_to', workflow_id, 'plan', '[]'::json, 'created', created, 'expires_at', null, 'decided_at', created,
        'request', json_build_object('prompt', 'Refund order ' || n || '?', 'details', repeat('What the customer wrote. ', 20),
          'approvers', approvers, 'groups', groups, 'options', '[]'::json, 'quorum', 1, 'deny_quorum', 1, 'response_schema', null,
          'timeout', null, 'remind_every', null, 'allow_self', true, 'notify', '{}'::json, 'bind', true)),
      ref, owner, created, 10
    from (select namespace, workflow_id, n, tenant, ref, owner, created,
        case when n % 5000 = 0 then 'pending' when n % 250 = 0 then 'denied' else 'approved' end as status,
        case when n % 150 = 0 then array['dev'] when n % 100 = 0 then array['user' || n % 20] else '{}' end as approvers,
        case when n % 100 = 50 then array['group' || n % 7] else '{}' end as groups
      from executions where tenant = ${tenant}::uuid and n % 50 = 0) as asking`);
  await db.execute(sql`
    insert into audit_log (tenant, at, subject, operation, target)
    select tenant, created, case when n % 1000 = 0 then 'rare' || n % 7 else 'user' || n % 20 end, 'POST /api/v1/executions', '/api/v1/executions'
    from executions where tenant = ${tenant}::uuid order by created`);
  await db.execute(sql`vacuum analyze`);
}

/** Returns what a query finds, as text. */
export async function queryRows(db: Database, query: ReturnType<typeof sql>): Promise<Record<string, string>[]> {
  return ((await db.execute(query)) as unknown as { rows: Record<string, string>[] }).rows; // on both engines
}

/** The numbers `from` to `to` of `runs` rows. The share of a row in the whole decides its time, other choices follow from a hash of it. */
function insertOf(tenant: string, { from, to, runs }: { from: number; to: number; runs: number }) {
  return sql`
    insert into executions (namespace, workflow_id, run_id, n, tenant, ref, revision, definition, pack, actions, status, parent,
      enforcement, executor, owner, tags, mode, retry_of, input, result, error, error_code, error_task, fingerprint, created, updated,
      closed, listed, version_start, version_run, version_closed, version_event)
    select case when status in ('running', 'waiting') then 'elsewhere' else 'default' end, 'wf_' || hash, substr(hash, 1, 8) || '-' || substr(hash, 9), n, ${tenant}::uuid, ref, 1 + workflow % 7,
      1 + workflow, pack, actions, status, case when chance % 5 = 0 then (n - 8) * 1024 end,
      case when chance % 3 = 0 then chance % 30000 end, 1 + chance % 20, 'user' || chance % 20, '{}', null,
      case when status = 'failed' and chance % 2 = 0 then (n - 4) * 1024 end,
      json_build_object('order', index, 'customer', substr(hash, 1, 12), 'url', 'https://shop.example/orders/' || index)::text,
      case when status = 'completed' then json_build_object('number', index, 'etag', hash, 'status_code', 200,
        'message', 'order ' || index || ' of customer ' || substr(hash, 1, 12) || ' was ' ||
          (array['packed', 'shipped', 'billed', 'stored', 'checked'])[1 + chance % 5])::text end,
      case when has_error then 'GET https://shop.example/orders/' || index || ' ' || kind end,
      case when has_error then upper(status) end, case when has_error then 'call' end,
      case when has_error then substr(md5(ref || status || kind), 1, 16) end, created, created + spent, case when status not in ('running', 'waiting') then created + spent end, created,
      (extract(epoch from created) * 1000)::bigint, substr(hash, 1, 8) || '-' || substr(hash, 9),
      case when status in ('running', 'waiting') then 0 else 1 end, 11 + chance % 40
    from (select *, status in ('failed', 'timeout', 'abandoned') as has_error from (
      select *, 'pack' || workflow % ${PACKS} as pack, 'pack' || workflow % ${PACKS} || '.workflow' || workflow as ref,
        (extract(epoch from created) * 1000 - extract(epoch from timestamptz '2026-01-01Z') * 1000)::bigint * 4 + index % 4 as n,
        array['core.http', 'core.transform', 'vendor' || workflow % 12 || '.call', 'rare.action' || workflow] as actions,
        (chance % 60000) * interval '1 millisecond' as spent,
        (array['did not respond', 'answered 503', 'was refused'])[1 + chance % 3] as kind,
        case
          when index > ${runs}::bigint - ${runs}::bigint / 5000 then 'running'
          when chance % 10000 = 0 then 'waiting'
          when chance % 1000 < 940 then 'completed'
          when chance % 1000 < 980 then 'failed'
          when chance % 1000 < 990 then 'cancelled'
          when chance % 1000 < 996 then 'timeout'
          when chance % 1000 < 999 then 'terminated'
          else 'abandoned'
        end as status
      from (
        select index, hash, chance, floor(${WORKFLOWS}::int * power((chance % 9973) / 9973.0, 3))::int as workflow,
          date_trunc('milliseconds', now() - interval '1 minute'
            - ${DAYS}::int * interval '1 day' * (1 - sqrt(index / ${runs}::float8))) as created
        from (
          select index, md5(index::text) as hash, ('x' || substr(md5(index::text), 1, 7))::bit(28)::int as chance
          from generate_series(${from}::bigint + 1, ${to}::bigint) as index
        ) hashed
      ) timed
    ) chosen) failing
    on conflict do nothing`;
}
