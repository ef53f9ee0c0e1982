import type { PlannedRetry } from '../../../../model/retry-plan.ts';
import { request } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import type { Run } from '../../../client/shapes.ts';

/** A fork that somebody describes: what the API is sent to plan it. */
export interface ForkRequest {
  from: string;
  version?: string;
  input?: unknown;
}

/** A plan that is out of date: the one as it is now, and what has changed since. */
export interface StalePlanNotice {
  plan: PlannedRetry;
  changed: string[];
}

/** Plans a fork: starts nothing. Throws a RequestError. */
export async function planFork(path: string, fork: ForkRequest): Promise<PlannedRetry> {
  const body = { ...fork, plan: true };
  return (await request<{ data: PlannedRetry }>(`${path}/retry`, { method: 'POST', body })).data;
}

/** Starts a fork as it was planned. Returns the new run, or what has changed since. Throws a RequestError. */
export async function startFork(
  path: string,
  fork: ForkRequest,
  { hash, reason, key }: { hash: string; reason: string; key: string },
): Promise<Run | StalePlanNotice> {
  const body = { ...fork, plan_hash: hash, ...(reason === '' ? {} : { reason }) };
  const headers = { 'idempotency-key': key };
  try {
    return (await request<{ data: Run }>(`${path}/retry`, { method: 'POST', body, headers })).data;
  } catch (error) {
    if (!(error instanceof RequestError) || error.code !== 'plan_stale' || error.details === null) throw error;
    return error.details as unknown as StalePlanNotice; // the API says so
  }
}

const CHANGES: Record<string, string> = {
  history: 'the history of the run',
  definition: 'the definition',
  input: 'the input',
  retries: 'another fork of this run was started',
  actions: 'an action that it uses',
};

/** Says what has changed since a plan was made. */
export function changedText(changed: readonly string[]): string {
  if (changed.length === 0) return 'It was made for another request.';
  return `What has changed: ${changed.map((part) => CHANGES[part] ?? part).join(', ')}.`;
}
