import { renderParameters } from '../../language/rules/matching.ts';
import type { AppError } from '../../model/app-error.ts';
import { buildCause } from '../../model/events/cause.ts';
import type { EnforcementReason, ReasonCode } from '../../model/events/enforcement.ts';
import { templateEvent } from '../../model/events/event.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import { startedRef } from '../../model/rules/rule.ts';
import type { EnforcementRow, EnforcementSettlement, EnforcementStore } from '../../store/events/enforcements.ts';
import type { EventListStore } from '../../store/events/event-lists.ts';
import type { PlannedRuleStore } from '../../store/rules/planned-rules.ts';
import type { People } from '../access/people.ts';
import { demandStanding } from '../access/standings.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';
import { isOverlong, isPassing, isSharedOutage, toAppError } from '../background/outages.ts';
import { createSetAside } from '../background/set-aside.ts';
import { createSharedReads } from '../background/shared-reads.ts';
import type { ExecutionStarter } from '../executions/starter.ts';
import type { StarterFinder } from '../rules/starters.ts';
import type { IdempotencyKey } from '../starts/idempotency.ts';
import type { StartCommand } from '../starts/start-command.ts';
import { ruleStartsOf, workFor } from '../starts/work-owner.ts';
import { eventRecord } from './event-lists.ts';
import type { Rushes } from './restraints/rushes.ts';
import type { RuleBook, RuleOfMatch } from './rule-book.ts';

/** Milliseconds between two rounds after an error. */
const PAUSE = 1_000;

/** The most starts in progress, and milliseconds for which a process has an enforcement for itself. */
const AT_ONCE = 16;
const LEASE = 30_000;

/** The most starts of one tenant in progress: others have room, however slow its starts are. */
const AT_ONCE_OF_TENANT = 12;

/** Milliseconds between two starts of a tenant that has a rush of events. */
const RUSH_PAUSE = 250;

/** The most tenants of one round. */
const TENANTS = 1_000;

/** The most tries of a start that fails for reasons of Fermata itself, and milliseconds before the second one, which double. */
const MAX_ATTEMPTS = 10;
const FIRST_PAUSE = 1_000;

/** The codes with which a start is refused for good. */
const REFUSALS: Partial<Record<AppError['code'], ReasonCode>> = {
  input_invalid: 'input_invalid',
  workflow_not_found: 'workflow_not_found',
  action_not_found: 'workflow_not_found',
  workflow_disabled: 'workflow_disabled',
  sub_workflow_invalid: 'sub_workflow_invalid',
  definition_outdated: 'definition_outdated',
  permission_missing: 'permission_missing',
  forbidden: 'permission_missing',
  task_queue_forbidden: 'task_queue_forbidden',
  concurrency_conflict: 'concurrency_conflict',
};

/** The dependencies of the starter. */
export interface EnforcementStarterDependencies {
  store: Pick<EnforcementStore, 'tenants' | 'lease' | 'settle'>;
  events: Pick<EventListStore, 'find'>;
  rules: RuleBook;
  counts: Pick<PlannedRuleStore, 'count'>;
  executions: Pick<ExecutionStarter, 'start' | 'findCaused'>;
  people: Pick<People, 'asItStands'>;
  findStarters: StarterFinder;
  rushes: Pick<Rushes, 'allow'>;
  /** Rings when there may be something to start. */
  bell: Bell;
  /**
   * Is called once for a run that was started, with the milliseconds since its event was received; not for a rule with a throttle or an order,
   * whose starts wait on purpose.
   */
  onStarted?: (milliseconds: number) => void;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/**
 * Creates the loop that starts the runs of enforcements, oldest first: any number of processes may run it. A start is made with a key of the
 * enforcement, so that it is one run however often it is made.
 */
export function createEnforcementStarter(dependencies: EnforcementStarterDependencies): RoundLoop {
  const { store, events, rules, counts, executions, people, findStarters, rushes, bell, onStarted, clock, log } =
    dependencies;
  const tenantTrouble = 'the enforcements of a tenant cannot be leased; trying again';
  const setAside = createSetAside(clock, log, tenantTrouble, isSharedOutage);
  const allowance = rushes.allow(1, RUSH_PAUSE);
  const standings = createSharedReads<Principal>();
  /** The starts in progress, each with its tenant. */
  const starting = new Map<Promise<void>, string>();
  /** The error that all starts would meet now; the next round throws it, so that the loop pauses. */
  let outage: unknown = null;
  /** Whether the last round has reported that: the next one waits for its starts, so that rounds that fail are one series. */
  let isAway = false;
  /** The last tenant that had its turn. */
  let last: string | null = null;

  /** Starts the run of an enforcement. Throws what the start throws. */
  async function start(row: EnforcementRow): Promise<Tried> {
    const rule = await rules.find(row);
    if (rule === null) return unstarted(suppressed('rule_deleted', `the rule "${row.ruleRef}" was deleted`));
    if (!rule.enabled) return unstarted(suppressed('rule_disabled', `the rule "${row.ruleRef}" was disabled`));
    const event = await events.find(row.tenant, row.event);
    if (event === null) return unstarted(failed({ code: 'internal', message: 'the event is no longer there' }));
    const rendered = renderParameters(rule.compiled, templateEvent(eventRecord(event)));
    if ('error' in rendered) return unstarted(failed(rendered.error));
    const found = await findStarters(event, rule.writers);
    if ('error' in found) return unstarted(failed(found.error));
    const command = { ...commandOf(row, rule, rendered.parameters), starters: found.starters };
    const owner = ownerOf(row.tenant, rule);
    const standing = await standings(`${owner.tenant} ${owner.id}`, () => demandStanding(people, owner, PART));
    const { n } = await executions.start(standing, command);
    return { settlement: { status: 'started', execution: n }, received: event.received };
  }

  /** Decides about a start that has thrown an error. Throws an error that passes by itself, which is no fault of the start. */
  function judge(row: EnforcementRow, error: unknown): EnforcementSettlement {
    if (isPassing(error) && !isOverlong(error)) throw error;
    const { code, message, issues = [] } = toAppError(error, 'the log of the API says what went wrong');
    const refused = REFUSALS[code];
    if (refused !== undefined) {
      const [issue] = issues;
      const isLarge = issues.some((each) => each.code === 'too_large');
      return failed({ code: isLarge ? 'too_large' : refused, message, ...(issue && { path: issue.path }) });
    }
    const attempts = row.attempts + 1;
    if (attempts === 1)
      log.error({ err: error, enforcement: row.id }, 'an enforcement cannot be started; trying again');
    if (attempts >= MAX_ATTEMPTS) return failed({ code: 'internal', message });
    return after(attempts);
  }

  /** Has an enforcement tried again after so many attempts: each time later, up to a limit. */
  function after(attempts: number): EnforcementSettlement {
    const pause = FIRST_PAUSE * 2 ** (Math.min(attempts, MAX_ATTEMPTS) - 1);
    return { status: 'pending', attempts, notBefore: new Date(clock() + pause) };
  }

  /** Decides about an enforcement that is not settled because of an error. */
  function postpone({ id, attempts, notBefore }: EnforcementRow, error: unknown): EnforcementSettlement {
    if (isSharedOutage(error)) {
      outage = error;
      return { status: 'pending', attempts, notBefore };
    }
    if (isPassing(error)) return { status: 'pending', attempts, notBefore: new Date(clock() + FIRST_PAUSE) };
    log.error({ err: error, enforcement: id }, 'an enforcement cannot be settled');
    return after(attempts + 1);
  }

  /** Has an enforcement started whose run exists: an earlier start may have reached Temporal without Fermata learning of it. */
  async function withRun(row: EnforcementRow, settlement: EnforcementSettlement): Promise<EnforcementSettlement> {
    if (settlement.status === 'started' || settlement.status === 'pending') return settlement;
    const execution = await executions.findCaused(row.tenant, buildCause(row), keyOf(row));
    return execution === null ? settlement : { status: 'started', execution };
  }

  async function handle(row: EnforcementRow): Promise<void> {
    const tried = await start(row).catch((error: unknown) => unstarted(judge(row, error)));
    const settlement = await withRun(row, tried.settlement);
    const settled = await store.settle(row, settlement);
    if (!settled || settlement.status === 'pending') return;
    // Another process may have started it, too, and noted that.
    if (tried.received !== null && row.lane === null) onStarted?.(clock() - tried.received.getTime());
    await counts.count(row.tenant, [{ rule: row.rule, [settlement.status]: 1 }]);
  }

  /** Starts what a tenant is given, and has the next round pause if something does not respond. What is then not settled stays leased. */
  function begin(row: EnforcementRow): void {
    const work = workFor(ruleStartsOf(row.tenant), () => handle(row))
      .catch(async (error: unknown) => {
        await store.settle(row, postpone(row, error)).catch(() => undefined);
      })
      .finally(() => {
        starting.delete(work);
        bell.ring();
      });
    starting.set(work, row.tenant);
  }

  /** Leases enforcements of a tenant; none while that meets trouble of the tenant alone. */
  async function lease(tenant: string, most: number): Promise<EnforcementRow[]> {
    let leased: EnforcementRow[] = [];
    await setAside.attempt(tenant, async () => {
      const now = clock();
      leased = await store.lease(tenant, most, new Date(now), new Date(now + LEASE));
    });
    return leased;
  }

  /** Begins as many starts as there is room for. */
  async function beginAll(): Promise<void> {
    const tenants = await store.tenants(new Date(clock()), last, TENANTS);
    const share = Math.max(1, Math.floor((AT_ONCE - starting.size) / tenants.length));
    for (const tenant of tenants) {
      const free = AT_ONCE - starting.size;
      if (free <= 0) return;
      const own = [...starting.values()].filter((other) => other === tenant).length;
      const room = Math.min(share, free, AT_ONCE_OF_TENANT - own);
      last = tenant;
      const most = room <= 0 ? 0 : Math.min(room, allowance(tenant));
      if (most === 0) continue;
      for (const row of await lease(tenant, most)) begin(row);
    }
  }

  async function tick(): Promise<void> {
    if (outage === null) await beginAll();
    if (isAway) await Promise.all(starting.keys());
    const met = outage;
    outage = null;
    isAway = met !== null;
    if (isAway) throw met;
  }

  return {
    tick,

    async run(signal) {
      const trouble = 'enforcements cannot be started';
      await keepGoing(tick, signal, { interval: 0, bell, pause: PAUSE, log, trouble });
      await Promise.all(starting.keys());
    },
  };
}

/** The result of a try to start a run: `received` is when the event of a run that was started was received. */
interface Tried {
  settlement: EnforcementSettlement;
  received: Date | null;
}

function unstarted(settlement: EnforcementSettlement): Tried {
  return { settlement, received: null };
}

/** The part that its owner has in a rule. */
const PART = 'who last changed the rule';

/**
 * Returns the principal in whose name a rule starts runs: whoever wrote it last. The permissions are those that writing it took, which count
 * where nothing is known about the present ones.
 */
function ownerOf(tenant: string, { owner, ownerSubject }: RuleOfMatch): Principal {
  return {
    id: owner,
    tenant,
    tenantRef: '',
    subject: ownerSubject,
    kind: 'service',
    onBehalfOf: null,
    roles: [],
    permissions: ['execution:execute', 'action:execute'],
    groups: [],
  };
}

function commandOf(row: EnforcementRow, { compiled: { content } }: RuleOfMatch, input: JsonObject): StartCommand {
  const { version, run_tags: tags } = content;
  return {
    ref: startedRef(content),
    input,
    inputField: 'parameters',
    version: version ?? undefined,
    tags,
    enforcement: row.id,
    cause: buildCause(row),
    mode: row.webhook === null ? 'trigger' : 'webhook',
    idempotencyKey: keyOf(row),
  };
}

/** Returns the key by which an enforcement starts one run. */
function keyOf({ id }: EnforcementRow): IdempotencyKey {
  return ['enforcement', String(id)];
}

function suppressed(code: 'rule_deleted' | 'rule_disabled', message: string): EnforcementSettlement {
  return { status: 'suppressed', reason: { code, message } };
}

function failed(reason: EnforcementReason): EnforcementSettlement {
  return { status: 'failed', reason };
}
