import { sql } from 'drizzle-orm';
import type { Database } from '../../store/database.ts';
import type { Installation } from './installation.ts';
import { queryRows } from './rows.ts';

// The requests that are measured on an index that `fillIndex` has filled.

/** A request, and the name under which it is reported. */
export type NamedRequest = [what: string, path: string, body?: object];

const LIST = '/api/v1/executions';

/** Returns the lists, searches and statistics that are measured at every size. */
export async function listRequests({ call }: Installation, runs: number): Promise<NamedRequest[]> {
  const middle = (await call(`${LIST}?per_page=1&page=${Math.min(100_000, Math.floor(runs / 2))}`)).next_cursor;
  return [
    ['list, newest 20', LIST],
    ['list, page 250', `${LIST}?page=250`],
    ['list behind a cursor', `${LIST}?limit=50&cursor=${middle}`],
    ['list by status and pack', `${LIST}?status=failed&pack_name=pack3`],
    ['list by action with *', `${LIST}?action_ref=pack1*`],
    ['list by text in the result', `${LIST}?result_contains=order%209876`],
    ['statistics', `${LIST}/stats`],
    ['statistics by action', `${LIST}/stats?group_by=action_ref`],
  ];
}

/** Returns further requests, for a large index alone. */
export async function listFurtherRequests(db: Database): Promise<NamedRequest[]> {
  const [found] = await queryRows(
    db,
    sql`select parent::text as parent, workflow_id as id from executions where parent is not null limit 1 offset 1000`,
  );
  const { parent, id = '' } = found ?? {};
  const [failed] = await queryRows(db, sql`select fingerprint from executions where fingerprint is not null limit 1`);
  const dayOf = (days: number, time: string) =>
    `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)}T${time}Z`;
  const days = `created_after=${dayOf(40, '00:00:00')}&created_before=${dayOf(33, '00:00:00')}`;
  const hours = `created_after=${dayOf(40, '09:30:00')}&created_before=${dayOf(33, '17:15:00')}`;
  return [
    ['list, page 5,000', `${LIST}?page=5000`],
    ['by status: failed', `${LIST}?status=failed`],
    ['by status: failed, page 1,000', `${LIST}?status=failed&page=1000`],
    ['by status: running, of which few are', `${LIST}/status/running`],
    ['by status: completed, page 250', `${LIST}/status/completed?page=250`],
    ['by status: abandoned, with an action of all', `${LIST}?status=abandoned&action_ref=core.http`],
    ['by pack', `${LIST}?pack_name=pack7`],
    ['by workflow: a sixth of all', `${LIST}?action_ref=pack0.workflow0`],
    ['by workflow: few', `${LIST}?action_ref=pack19.workflow199`],
    ['by action: all', `${LIST}?action_ref=core.transform`],
    ['by action: few', `${LIST}?action_ref=rare.action150`],
    ['by action: none', `${LIST}?action_ref=no.such`],
    ['by action with *: all', `${LIST}?action_ref=core.*`],
    ['by action with *: few', `${LIST}?action_ref=rare.action19*`],
    ['by action with *: few, failed', `${LIST}?action_ref=rare.action19*&status=failed`],
    ['by action with *: none', `${LIST}?action_ref=*such`],
    ['by enforcement', `${LIST}/enforcement/4242`],
    ['by executor', `${LIST}?executor=5`],
    ['by parent', `${LIST}?parent=${parent}`],
    ['by text in the result: a fifth of all', `${LIST}?result_contains=shipped`],
    ['by text in the result: none', `${LIST}?result_contains=nowhere%20to%20be%20found`],
    ['by text in the result, failed', `${LIST}?result_contains=shipped&status=failed`],
    ['by a part of an id', `${LIST}?search=${id.slice(8, 20)}`],
    ['by days', `${LIST}?${days}`],
    ['by hours', `${LIST}?${hours}`],
    ['by hours and status', `${LIST}?${hours}&status=failed`],
    ['errors by fingerprint', `${LIST}/errors`],
    ['errors by fingerprint, of an action', `${LIST}/errors?action_ref=core.http`],
    ['errors by fingerprint, of days', `${LIST}/errors?${days}`],
    ['errors by fingerprint, by text in the id', `${LIST}/errors?search=wf_a1b`],
    ['by fingerprint', `${LIST}?error=${failed?.fingerprint}`],
    ['statistics of a fingerprint', `${LIST}/stats?error=${failed?.fingerprint}&group_by=day`],
    ['statistics of an action', `${LIST}/stats?action_ref=core.http&group_by=pack`],
    ['statistics of an executor', `${LIST}/stats?executor=5&group_by=state`],
    ['statistics by text in the result', `${LIST}/stats?result_contains=shipped`],
    ['statistics by pack', `${LIST}/stats?group_by=pack`],
    ['statistics by day', `${LIST}/stats?group_by=day`],
    ['statistics of days', `${LIST}/stats?${days}`],
    ['statistics of hours', `${LIST}/stats?${hours}`],
    ['Automation API, by status', '/api/v1/automation/executions?status=failed'],
    ['Automation API, page 4,000', '/api/v1/automation/executions?page=4000&limit=25'],
    ['Management API, own open runs', '/executions'],
    ['bulk cancel, dry run', `${LIST}/bulk/cancel?dry_run=true`, { filter: { pack_name: 'pack7' }, reason: 'bench' }],
    ['inbox', '/api/v1/inquiries'],
    ['inbox, page 500', '/api/v1/inquiries?page=500'],
    ['inbox, open', '/api/v1/inquiries?status=pending'],
    ['inbox, approved', '/api/v1/inquiries?status=approved'],
    ['inbox, own', '/api/v1/inquiries?assigned=me'],
    ['audit log', '/api/v1/audit'],
    ['audit log, of one of few changes', '/api/v1/audit?subject=rare3'],
    ['audit log, of nobody', '/api/v1/audit?subject=nobody'],
  ];
}
