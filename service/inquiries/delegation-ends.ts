import { randomUUID } from 'node:crypto';
import { judgeDelegation } from '../../interpreter/delegation-rules.ts';
import { isSamePerson } from '../../interpreter/inquiry-rules.ts';
import { DELEGATION_ENDS } from '../../interpreter/versions.ts';
import { type Delegation, type DelegationEnd, heldDelegations } from '../../model/delegation.ts';
import type { Execution } from '../../model/execution.ts';
import type { Inquiry } from '../../model/inquiry.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import type { InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { People } from '../access/people.ts';
import { mapConcurrently } from '../background/loops.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { mayDecide, ruledInquiry } from './deciders.ts';
import type { SendDelegation } from './delegation-signals.ts';

/** A person, by their subject and their other names. */
type Person = Pick<Delegation, 'by' | 'names'>;

/** An inquiry with its run. */
interface Asked {
  execution: Execution;
  inquiry: Inquiry;
}

/** Ends delegations that no longer hold, by signed statements, so that runs and auditors know. */
export interface DelegationEnds {
  /**
   * Ends the delegations by or to a principal where one of the two was disabled since or is known to lack the permission to decide.
   * Returns whether there were any: the inquiry has changed then. Does nothing for a run of an interpreter before 10.
   */
  endStale(principal: Principal, asked: Asked): Promise<boolean>;
  /** Returns an inquiry without the delegations that `endStale` would end. Sends nothing. */
  withoutStale(principal: Principal, inquiry: Inquiry): Promise<Inquiry>;
  /**
   * Ends the delegations by or to a subject that no longer hold, in every open inquiry of the inbox; call it when the person was
   * disabled or got other permissions. Never rejects: a delegation that it misses, which is logged, ends once one of the two tries to
   * decide.
   */
  endOf(caller: Principal, subject: string): Promise<void>;
}

/** The most inquiries that are checked for one person, and how many of them concurrently. */
const MAX_OPEN = 1_000;
const AT_ONCE = 8;

/** Creates the service. */
export function createDelegationEnds({
  store,
  projections,
  principals,
  send,
  log,
  clock,
}: {
  store: Pick<InquiryStore, 'delegated'>;
  projections: Pick<ProjectionReader, 'read'>;
  principals: Pick<People, 'findGranted' | 'namesOf' | 'standingOf'>;
  send: SendDelegation;
  log: Pick<Logger, 'error'>;
  clock: () => number;
}): DelegationEnds {
  /**
   * Finds out why a delegation no longer holds; returns null if it holds. `sides` are the people whose permission to decide is not
   * known otherwise.
   */
  async function faultOf(
    tenant: string,
    delegation: Delegation,
    sides: readonly Pick<Person, 'by'>[],
  ): Promise<DelegationEnd | null> {
    if (delegation.standing !== (await principals.standingOf(tenant, peopleOf(delegation)))) return 'disabled';
    for (const { by } of sides) {
      // Nothing is known about a person who was away for long: delegations are made for absences, so that ends none.
      const person = await principals.findGranted(tenant, by);
      if (person !== null && !mayDecide(person)) return 'not_permitted';
    }
    return null;
  }

  /**
   * Returns the ends of the delegations by or to a person that no longer hold; `by` is the person who causes them. `present`: the
   * person has just proved that they may decide.
   */
  async function endsFor(
    { tenant, subject: by }: Principal,
    { person, present }: { person: Person; present: boolean },
    inquiry: Inquiry,
  ): Promise<Delegation[]> {
    const found: Delegation[] = [];
    for (const delegation of heldDelegations(inquiry)) {
      // Delegations in runs whose interpreter does not end them have no standing.
      if (delegation.standing === undefined) continue;
      const both = [delegation, { by: delegation.to, names: delegation.to_names }];
      const others = both.filter((each) => !isSamePerson(each, person, INTERPRETER_VERSION));
      if (others.length === both.length) continue;
      const why = await faultOf(tenant, delegation, present ? others : both);
      if (why === null) continue;
      const end = endDelegation(delegation, by, why, null, clock());
      const verdict = judgeDelegation(ruledInquiry(inquiry), end, [], INTERPRETER_VERSION);
      if (verdict.result === 'delegated') found.push(end);
    }
    return found;
  }

  async function endThose(
    caller: Principal,
    who: { person: Person; present: boolean },
    { execution, inquiry }: Asked,
  ): Promise<boolean> {
    if (!canEnd(execution)) return false;
    const found = await endsFor(caller, who, inquiry);
    for (const end of found) await send(execution, end, caller.subject);
    return found.length > 0;
  }

  async function whoIs(principal: Principal, present: boolean): Promise<{ person: Person; present: boolean }> {
    return { person: { by: principal.subject, names: await principals.namesOf(principal) }, present };
  }

  /** Runs work, and logs its error. */
  async function attempt(fields: object, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error({ err: error, ...fields }, 'delegations of a person could not be ended');
    }
  }

  return {
    async endStale(principal, asked) {
      if (heldDelegations(asked.inquiry).length === 0) return false;
      return endThose(principal, await whoIs(principal, true), asked);
    },

    async withoutStale(principal, inquiry) {
      if (heldDelegations(inquiry).length === 0) return inquiry;
      const ended = new Set((await endsFor(principal, await whoIs(principal, true), inquiry)).map(({ ends }) => ends));
      const delegations = (inquiry.delegations ?? []).filter(({ delegation }) => !ended.has(delegation.id));
      return { ...inquiry, delegations };
    },

    endOf: (caller, subject) =>
      attempt({ subject }, async () => {
        const who = await whoIs({ ...caller, subject, onBehalfOf: null }, false);
        const rows = await store.delegated(caller.tenant, MAX_OPEN);
        await mapConcurrently(rows, AT_ONCE, ({ workflowId, key }) =>
          attempt({ subject, workflow_id: workflowId }, async () => {
            const execution = (await projections.read(workflowId))?.execution;
            const inquiry = execution?.inquiries.find((each) => each.key === key);
            if (execution !== undefined && inquiry !== undefined) {
              await endThose(caller, who, { execution, inquiry });
            }
          }),
        );
      }),
  };
}

/** Reports whether delegations can end in a run. */
export function canEnd({ run }: Pick<Execution, 'run'>): boolean {
  return run !== null && run.interpreter >= DELEGATION_ENDS;
}

/** Returns the subjects and other names of both people of a delegation. */
export function peopleOf({ by, names, to, to_names }: Delegation): string[] {
  return [by, ...names, to, ...to_names];
}

/** Returns the end of a delegation: the decision goes back to the person who made it. `at` is the time in milliseconds. */
export function endDelegation(
  { id, inquiry, by: from, names, groups }: Delegation,
  by: string,
  why: DelegationEnd,
  reason: string | null,
  at: number,
): Delegation {
  return {
    id: randomUUID(),
    inquiry,
    by,
    names: why === 'withdrawn' ? names : [],
    groups: [],
    to: from,
    to_names: names,
    to_groups: groups,
    reason,
    at: new Date(at).toISOString(),
    ends: id,
    why,
  };
}
