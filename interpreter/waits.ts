import { firstHoldup, type Holdup } from '../model/status.ts';
import type { PendingKind, RunState } from './state.ts';
import { workAt } from './visits.ts';

/** Something that a run waits for, as far as its state shows it; `until` in milliseconds. */
export interface StateWait {
  kind: 'action' | 'child' | 'timer' | 'retry' | 'signal' | 'inquiry';
  /** Key of the visit, and of what it waits for in Temporal. */
  task: string;
  key: string;
  since: number;
  until: number | null;
  detail: string | null;
}

const KINDS: Record<Exclude<PendingKind, 'grace' | 'timeout' | 'drain' | 'slice'>, StateWait['kind']> = {
  activity: 'action',
  child: 'child',
  delay: 'timer',
  wait: 'timer',
  retry: 'retry',
  signal: 'signal',
  inquiry: 'inquiry',
};

/** Returns what the tasks of a run wait for, in order. */
export function listWaits(state: RunState): StateWait[] {
  const waits: StateWait[] = [];
  for (const [key, { visit: index, item, kind, due, signal }] of state.pending) {
    const visit = state.visits[index];
    if (visit === undefined || kind === 'grace' || kind === 'timeout' || kind === 'drain' || kind === 'slice') continue;
    const work = workAt(state, { visit: index, item });
    const inquiry = state.inquiries.get(key);
    const prompt = inquiry?.request.prompt;
    // The timer of an inquiry may be that of the next step of its escalation.
    const until = inquiry === undefined ? due : inquiry.expires;
    const detail = signal ?? prompt ?? (kind === 'retry' ? (work.failure?.message ?? null) : null);
    waits.push({
      kind: KINDS[kind],
      task: work.key,
      key,
      since: work.started ?? visit.created,
      until,
      detail,
    });
  }
  return waits;
}

/** Returns what holds up an open run; null: it is running. */
export function findHoldup({ pending, paused, turn }: RunState): Holdup | null {
  const kinds = new Set<string>([...pending.values()].map(({ kind }) => kind));
  if (paused !== null) kinds.add('pause');
  if (turn !== null) kinds.add('turn');
  return firstHoldup([...kinds]);
}

/**
 * Returns the status of an open run without a cancel request: `paused`; `waiting` for its concurrency key, a signal or people; or
 * `running`.
 */
export function openStatusOf(state: RunState): 'running' | 'waiting' | 'paused' {
  const holdup = findHoldup(state);
  if (holdup === null) return 'running';
  return holdup === 'pause' ? 'paused' : 'waiting';
}
