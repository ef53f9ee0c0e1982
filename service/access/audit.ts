import type { JsonObject } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { AuditRow, AuditStore } from '../../store/access/audit.ts';

/** A change: what was done to what, and why. */
export interface Change {
  /** The route or MCP tool. */
  operation: string;
  target: string;
  reason: string | null;
  requestId: string | null;
  /** What else there is to know; of a decision its kind, channel, option, `bound_to` and result. */
  details?: JsonObject | undefined;
}

/** Keeps who has changed what. */
export interface AuditService {
  /** Notes a change that was made, or a decision that was refused. Never throws: what cannot be kept goes to the log of the process. */
  record(principal: Principal, change: Change): Promise<void>;
  /** The changes of the caller's tenant, the newest first; `before` is the id that they are older than. */
  list(
    principal: Principal,
    filter: { subject?: string | undefined; before?: number | undefined },
    limit: number,
  ): Promise<AuditRow[]>;
}

/** Creates the service. */
export function createAuditService(store: AuditStore, log: Logger): AuditService {
  return {
    async record({ tenant, subject }, change) {
      try {
        await store.add({ tenant, subject, ...change, details: change.details ?? null });
      } catch (error) {
        // Its reason and its details are what somebody has written.
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
