import { refuseLoop } from '../../language/rules/loop-guard.ts';
import { matchRule, renderDedupeKey } from '../../language/rules/matching.ts';
import type { RuleSet } from '../../language/rules/rule-set.ts';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import { type TemplateEvent, templateEvent } from '../../model/events/event.ts';
import { isAsked } from '../../model/events/replay.ts';
import type { Logger } from '../../model/log.ts';
import { startedRef } from '../../model/rules/rule.ts';
import type { EventRow } from '../../store/events/events.ts';
import type { Plan, PlanningBatch, PlanningStore } from '../../store/events/planning.ts';
import type { AddedCounts } from '../../store/rules/planned-rules.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';
import { isSharedOutage } from '../background/outages.ts';
import { createPause } from '../background/pauses.ts';
import { createSetAside } from '../background/set-aside.ts';
import type { CompiledRules, PlannedRule } from '../rules/compiled-rules.ts';
import { workFor } from '../starts/work-owner.ts';
import { eventRecord } from './event-lists.ts';
import { hashDedupeKey } from './restraints/keys.ts';
import { type JudgedMatch, restrainMatches } from './restraints/restraints.ts';
import type { Rushes } from './restraints/rushes.ts';

/** Milliseconds between two rounds after an error. */
const PAUSE = 1_000;

/** The most events of one transaction, and tenants of one round. */
const AT_ONCE = 100;
const TENANTS = 1_000;

/** The owner of planning: a process plans one batch at a time, so that it waits for the connections of no tenant. */
const OWNER = 'planning';

/** Milliseconds between two batches of a tenant that has a rush of events. */
const RUSH_PAUSE = 1_000;

/** Milliseconds, and matches, after which a transaction applies no further rule: the next one goes on behind it, after other tenants. */
const LONGEST = 200;
const MAX_MATCHES = 1_000;

/** The dependencies of the planner. */
export interface PlannerDependencies {
  store: PlanningStore;
  rules: CompiledRules;
  rushes: Pick<Rushes, 'allow'>;
  /** Rings when there may be events to plan. */
  bell: Bell;
  /** Is called after matches were planned. */
  onPlanned: () => void;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/**
 * Creates the loop that applies the rules of a tenant to its events, in the order of their ids: any number of processes may run it. Tenants
 * take turns.
 */
export function createPlanner(dependencies: PlannerDependencies): RoundLoop {
  const { store, rules, rushes, bell, onPlanned, clock, log } = dependencies;
  const trouble = 'the events of a tenant cannot be planned; trying again';
  const setAside = createSetAside(clock, log, trouble, isSharedOutage);
  const allowance = rushes.allow(AT_ONCE, RUSH_PAUSE);
  /** The last tenant that had its turn. */
  let last: string | null = null;

  /** Applies a rule to an event; a fault of Fermata's own in that concerns no other rule and no other event. */
  function judgeSafely(rule: PlannedRule, event: EventRow, seen: TemplateEvent): Verdict | null {
    try {
      return judge(rule, event, seen);
    } catch (error) {
      log.error({ err: error, rule: rule.id, event: event.id }, 'a rule could not be applied to an event');
      return failed({ code: 'internal', message: 'the log of the API says what went wrong' });
    }
  }

  /** Decides about the events of a batch, as far as one transaction goes. */
  async function decide(tenant: string, batch: PlanningBatch): Promise<Plan> {
    const end = clock() + LONGEST;
    const set = await rules.within(batch.rules, tenant);
    const judged: JudgedMatch[] = [];
    const counts = new Map<number, Required<AddedCounts>>();
    const apply = (rule: PlannedRule, event: EventRow, seen: TemplateEvent) => {
      const verdict = judgeSafely(rule, event, seen);
      if (verdict?.status === 'undefined') count(counts, rule.id, 'undefined');
      else if (verdict !== null) judged.push(judgedOf(event, rule, verdict));
    };
    const isLong = () => clock() >= end || judged.length >= MAX_MATCHES;
    const progress = await applyRules(batch.events, set, apply, isLong);
    const matches = await restrainMatches(tenant, batch, judged);
    for (const { rule, status } of matches) count(counts, rule.id, status);
    return { ...progress, matches, counts: [...counts.values()] };
  }

  /** Plans some events of a tenant, and returns how many it has worked on; what cannot be planned there delays no other tenant. */
  async function planSome(tenant: string): Promise<number> {
    let planned = 0;
    if (allowance(tenant) === 0) return planned;
    await setAside.attempt(tenant, async () => {
      // Events that cannot be planned together may be planned one by one.
      const limit = setAside.has(tenant) ? 1 : AT_ONCE;
      const found = await workFor(OWNER, () => store.plan(tenant, limit, (batch) => decide(tenant, batch)));
      planned = found ?? 0;
    });
    return planned;
  }

  async function planAll(): Promise<void> {
    const list = () => store.tenants(last, TENANTS);
    for (let tenants = await list(); tenants.length > 0; tenants = await list()) {
      let planned = 0;
      for (const tenant of tenants) {
        last = tenant;
        planned += await planSome(tenant);
        if (planned > 0) onPlanned();
      }
      // Another process is at it, or it is set aside, or makes room for the requests of a rush.
      if (planned === 0) return;
    }
  }

  return {
    tick: planAll,

    run(signal) {
      const trouble = 'events cannot be planned';
      return keepGoing(planAll, signal, { interval: 0, bell, pause: PAUSE, log, trouble });
    },
  };
}

/**
 * Applies rules to events in order, until that has taken long: at least one rule to one event. An event to which some of its rules were
 * applied before is continued behind these.
 */
async function applyRules(
  events: readonly EventRow[],
  rules: RuleSet<PlannedRule>,
  apply: (rule: PlannedRule, event: EventRow, seen: TemplateEvent) => void,
  isLong: () => boolean,
): Promise<Pick<Plan, 'decided' | 'partial'>> {
  const pause = createPause();
  for (const [decided, event] of events.entries()) {
    let partial: Plan['partial'] = null;
    if (decided > 0 && isLong()) return { decided, partial };
    const seen = templateEvent(eventRecord(event));
    for (const rule of rules.find(event.type)) {
      if (rule.id <= (event.applied ?? 0) || !isAsked(event.replayRules, rule.id)) continue;
      if (partial !== null && isLong()) return { decided, partial };
      const due = pause();
      if (due !== null) await due;
      apply(rule, event, seen);
      partial = { event: event.id, applied: rule.id };
    }
  }
  return { decided: events.length, partial: null };
}

/** The verdict of a rule about an event that it matches; `hash` is that of its key, if it has one. */
type MatchVerdict =
  | { status: 'pending'; reason: null; hash: string | null }
  | { status: 'suppressed' | 'failed'; reason: EnforcementReason; hash: null };

/** The verdict of a rule about an event; `undefined`: the event lacks a path of the condition. */
type Verdict = MatchVerdict | { status: 'undefined'; reason: null };

/** Applies a rule to an event; null: it does not match. */
function judge({ id, compiled }: PlannedRule, event: EventRow, seen: TemplateEvent): Verdict | null {
  const match = matchRule(compiled, seen);
  if (match.outcome === 'failed') return failed(match.reason);
  if (match.outcome === 'none') return match.reason.code === 'undefined' ? { status: 'undefined', reason: null } : null;
  const refusal = refuseLoop({ rule: id, allowLoops: compiled.content.allow_loops }, event);
  if (refusal !== null) return { status: 'suppressed', reason: refusal, hash: null };
  // Whoever replays an event wants it to happen again.
  const key = event.replayOf === null ? renderDedupeKey(compiled, seen) : null;
  if (key !== null && 'error' in key) return failed(key.error);
  return { status: 'pending', reason: null, hash: key && hashDedupeKey(key.key) };
}

function failed(reason: EnforcementReason): MatchVerdict {
  return { status: 'failed', reason, hash: null };
}

function judgedOf(event: EventRow, rule: PlannedRule, { status, reason, hash }: MatchVerdict): JudgedMatch {
  const workflow = startedRef(rule.compiled.content);
  return {
    match: { event, rule, workflow, status, reason, duplicateOf: null, key: null, lane: null, notBefore: null },
    hash,
  };
}

/** Adds a verdict to the counts of a rule. What is started is counted when it is. */
function count(counts: Map<number, Required<AddedCounts>>, rule: number, status: Verdict['status']): void {
  const known = counts.get(rule) ?? { rule, matched: 0, started: 0, suppressed: 0, failed: 0, undefined: 0 };
  counts.set(rule, known);
  if (status === 'undefined') known.undefined += 1;
  else known.matched += 1;
  if (status === 'suppressed' || status === 'failed') known[status] += 1;
}
