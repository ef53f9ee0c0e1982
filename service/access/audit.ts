import type { JsonObject } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { AuditRow, AuditStore } from '../../store/access/audit.ts';

/** A change to record: the operation, its target, and the reason. */
export interface AuditedChange {
  /** The route or the tool. */
  operation: string;
  target: string;
  reason: string | null;
  requestId: string | null;
  /** Further details; of a decision its kind, channel, option, `bound_to` and result. */
  details?: JsonObject | undefined;
}

/** Records who has changed what. */
export interface AuditService {
  /** Records a change, or the refusal of a decision. Never throws: an error goes to the log of the process. */
  record(principal: Principal, change: AuditedChange): Promise<void>;
  /** Lists the changes of the caller's tenant, newest first; `before` is the id to list older ones of. */
  list(
    principal: Principal,
    filter: { subject?: string | undefined; before?: number | undefined },
    limit: number,
  ): Promise<AuditRow[]>;
}

/** The dependencies of the service. */
export interface AuditDependencies {
  store: AuditStore;
  log: Logger;
}

/** Creates the service. */
export function createAuditService({ store, log }: AuditDependencies): AuditService {
  return {
    async record({ tenant, subject }, change) {
      try {
        await store.add({ tenant, subject, ...change, details: change.details ?? null });
      } catch (error) {
        // The reason and the details are texts of users, which are not logged.
        const { operation, target, requestId } = change;
        const known = { subject, operation, target, request_id: requestId };
        log.error({ err: error, ...known }, 'a change could not be written to the audit log');
      }
    },

    async list({ tenant }, filter, limit) {
      return store.list(tenant, filter, limit);
    },
  };
}
