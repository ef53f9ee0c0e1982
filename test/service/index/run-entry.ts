import type { IndexEntry } from '../../../model/index-entry.ts';

/** The tenant of an entry that names no other. */
export const ENTRY_TENANT = '00000000-0000-7000-8000-000000000001';

/** Makes the index entry of run `n`, which has completed unless `more` says otherwise. */
export function makeEntry(n: number, more: Partial<IndexEntry> = {}): IndexEntry {
  const at = more.created ?? new Date(1_790_000_000_000 + n);
  return {
    namespace: 'default',
    workflowId: `wf_${n}`,
    n,
    runId: `r${n}`,
    tenant: ENTRY_TENANT,
    ref: 'p.w',
    revision: 1,
    definition: 1,
    pack: 'p',
    actions: [],
    status: 'completed',
    waiting: null,
    parent: null,
    enforcement: null,
    executor: 1,
    owner: 'ann',
    starters: null,
    tags: [],
    mode: null,
    retryOf: null,
    input: null,
    result: null,
    error: null,
    errorCode: null,
    errorTask: null,
    fingerprint: null,
    created: at,
    updated: at,
    closed: at,
    version: { start: 1, run: `r${n}`, closed: true, event: 5 },
    ...more,
  };
}

/** The fields of an entry that a start has written before Temporal has the run. */
export const CLAIMED = {
  status: 'requested',
  runId: null,
  closed: null,
  version: { start: 0, run: '', closed: false, event: 0 },
} as const satisfies Partial<IndexEntry>;

/** Makes the index entry of run `n` that is open, as a worker reports it. */
export function makeOpenEntry(n: number, more: Partial<IndexEntry> = {}): IndexEntry {
  const version = { start: n, run: `r${n}`, closed: false, event: 5 };
  return makeEntry(n, { status: 'running', runId: null, closed: null, version, ...more });
}
