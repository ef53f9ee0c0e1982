import { randomUUID } from 'node:crypto';
import { isSamePerson } from '../interpreter/inquiry-rules.ts';
import { DELEGATION_ENDS } from '../interpreter/versions.ts';
import { type Delegation, type DelegationEnd, heldDelegations } from '../model/delegation.ts';
import type { Execution } from '../model/execution.ts';
import type { Inquiry } from '../model/inquiry.ts';
import type { Principal } from '../model/principal.ts';
import { INTERPRETER_VERSION } from '../model/run-input.ts';
import type { InquiryStore } from '../store/inquiries.ts';
import { mayDecide } from './deciders.ts';
import type { SendDelegation } from './delegation-signals.ts';
import type { PrincipalService } from './principals.ts';
import type { ProjectionReader } from './projections.ts';

/** An inquiry and its run. */
interface Asked {
  execution: Execution;
  inquiry: Inquiry;
}

/** Ends delegations that no longer hold, by signed statements, so that the run and whoever checks it later know. */
export interface DelegationEnds {
  /**
   * Ends the delegations by or to a principal of which one side was disabled since or may no longer decide. Returns whether there were
   * any: the inquiry is another one then. Nothing for a run of an interpreter before 10.
   */
  endStale(principal: Principal, asked: Asked): Promise<boolean>;
  /**
   * Ends the delegations by or to somebody who was disabled, in every open inquiry that the inbox knows. What it misses is ended once
   * one of the two wants to decide.
   */
  endOf(caller: Principal, subject: string): Promise<void>;
}

/** Inquiries that are looked at when somebody is disabled. */
const MAX_OPEN = 1_000;

/** Creates the service; `clock` returns milliseconds. */
export function createDelegationEnds({
  store,
  projections,
  principals,
  send,
  clock,
}: {
  store: Pick<InquiryStore, 'delegated'>;
  projections: Pick<ProjectionReader, 'read'>;
  principals: Pick<PrincipalService, 'findNamed' | 'namesOf' | 'standingOf'>;
  send: SendDelegation;
  clock: () => number;
}): DelegationEnds {
  /** Finds why a delegation no longer holds; null: it holds. */
  async function faultOf(tenant: string, delegation: Delegation): Promise<DelegationEnd | null> {
    const { by, to, standing } = delegation;
    if (standing !== (await principals.standingOf(tenant, peopleOf(delegation)))) return 'disabled';
    for (const subject of [by, to]) {
      const person = await principals.findNamed(tenant, subject);
      if (person === null || !mayDecide(person)) return 'not_permitted';
    }
    return null;
  }

  /** Ends what no longer holds of the delegations by or to a person; `by` is who has led to that. */
  async function endThose(
    { tenant, subject: by }: Principal,
    person: Pick<Delegation, 'by' | 'names'>,
    { execution, inquiry }: Asked,
  ): Promise<boolean> {
    if (inquiry.status !== 'pending' || !canEnd(execution)) return false;
    let ended = false;
    for (const delegation of heldDelegations(inquiry)) {
      const both = [delegation, { by: delegation.to, names: delegation.to_names }];
      if (!both.some((each) => isSamePerson(each, person, INTERPRETER_VERSION))) continue;
      const why = await faultOf(tenant, delegation);
      if (why === null) continue;
      await send(execution, endOf(delegation, by, why, null, clock()), by);
      ended = true;
    }
    return ended;
  }

  return {
    async endStale(principal, asked) {
      if (heldDelegations(asked.inquiry).length === 0) return false;
      const names = await principals.namesOf(principal);
      return endThose(principal, { by: principal.subject, names }, asked);
    },

    async endOf(caller, subject) {
      const names = await principals.namesOf({ ...caller, subject, onBehalfOf: null });
      const rows = await store.delegated(caller.tenant, MAX_OPEN);
      await Promise.allSettled(
        rows.map(async ({ workflowId, key }) => {
          const execution = (await projections.read(workflowId))?.execution;
          const inquiry = execution?.inquiries.find((each) => each.key === key);
          if (execution !== undefined && inquiry !== undefined) {
            await endThose(caller, { by: subject, names }, { execution, inquiry });
          }
        }),
      );
    },
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

/** Returns what ends a delegation: the decision goes back to whoever has delegated it. `at` is now, in milliseconds. */
export function endOf(
  { id, inquiry, by: from, names, groups }: Delegation,
  by: string,
  why: DelegationEnd,
  reason: string | null,
  at: number,
): Delegation {
  return {
    ...{ id: randomUUID(), inquiry, by, names: why === 'withdrawn' ? names : [], groups: [] },
    ...{ to: from, to_names: names, to_groups: groups, reason, at: new Date(at).toISOString(), ends: id, why },
  };
}
