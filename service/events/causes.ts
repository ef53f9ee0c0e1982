import type { Cause } from '../../model/events/cause.ts';
import { isMintedEnforcement } from '../../model/events/enforcement-number.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { EnforcementStore } from '../../store/events/enforcements.ts';
import type { EventListStore } from '../../store/events/event-lists.ts';

/** Finds what began runs. */
export interface Causes {
  /** Finds what began the runs of some enforcements, by their numbers; the numbers of callers have no cause. */
  find(
    principal: Pick<Principal, 'tenant'>,
    enforcements: readonly (number | null)[],
  ): Promise<ReadonlyMap<number, Cause>>;
  /** Returns the payload of the event that began a run, in an object; null once it was erased. */
  dataOf(principal: Principal, cause: Cause): Promise<JsonObject | null>;
}

/** The dependencies of the service. */
export interface CauseDependencies {
  enforcements: Pick<EnforcementStore, 'causes'>;
  eventLists: Pick<EventListStore, 'find'>;
}

/** Creates the service. */
export function createCauses({ enforcements, eventLists }: CauseDependencies): Causes {
  return {
    async find({ tenant }, given) {
      const ids = given.filter((id) => id !== null && isMintedEnforcement(id));
      return enforcements.causes(tenant, ids as number[]); // none is null
    },

    async dataOf({ tenant }, { event }) {
      const found = await eventLists.find(tenant, event);
      if (found === null || found.erased !== null) return null;
      return isJsonObject(found.payload) ? found.payload : { payload: found.payload };
    },
  };
}
