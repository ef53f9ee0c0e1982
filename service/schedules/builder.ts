import { AppError } from '../../model/app-error.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import type { DescribedSchedule, TemporalSchedule, TemporalSchedules } from '../../temporal/schedules.ts';
import type { People } from '../access/people.ts';
import { demandStanding } from '../access/standings.ts';
import type { ExecutionStarter } from '../executions/starter.ts';
import type { ScheduleChanges } from './changes.ts';
import { type KeptSchedule, readKeptSchedule, type ScheduleRequest } from './stored-schedules.ts';

/** A schedule in Temporal, and what Fermata stored with it. */
export interface FoundSchedule {
  found: DescribedSchedule;
  kept: KeptSchedule;
}

/** A request without the state of the schedule; `note` is absent in schedules that were stored without one. */
type BuildRequest = Omit<ScheduleRequest, 'paused' | 'note'> & { note: string | null | undefined };

/** Finds schedules, and builds what Temporal stores of them. */
export interface ScheduleBuilder {
  /** Returns the id of a schedule in Temporal, where all tenants share one namespace. */
  temporalId(principal: Pick<Principal, 'tenantRef'>, id: string): string;
  /** Finds a schedule of the caller's tenant. Throws `schedule_not_found`. */
  find(principal: Principal, id: string): Promise<FoundSchedule>;
  /** Changes a schedule of the caller's tenant while nobody else does. Throws `schedule_not_found` and `busy`. */
  change<T>(principal: Principal, id: string, work: (schedule: FoundSchedule) => Promise<T>): Promise<T>;
  /**
   * Builds a schedule from a request; `workflowId` is the prefix of the ids of its runs. Throws what a start throws for a command that
   * cannot be started.
   */
  build(principal: Principal, id: string, workflowId: string, request: BuildRequest): Promise<TemporalSchedule>;
  /**
   * Builds a schedule anew from the present revision of its workflow and the present permissions of its author. Throws `forbidden` when
   * the author may not start runs any more, and what a start throws.
   */
  rebuild(found: DescribedSchedule, kept: KeptSchedule, starters: readonly string[]): Promise<TemporalSchedule>;
}

/** The dependencies of the builder. */
export interface ScheduleBuilderDependencies {
  temporal: Pick<TemporalSchedules, 'describe'>;
  changes: ScheduleChanges;
  executions: Pick<ExecutionStarter, 'prepare'>;
  principals: Pick<People, 'asItStands'>;
}

/** Creates the builder. */
export function createScheduleBuilder({
  temporal,
  changes,
  executions,
  principals,
}: ScheduleBuilderDependencies): ScheduleBuilder {
  const temporalId: ScheduleBuilder['temporalId'] = ({ tenantRef }, id) => `${tenantRef}.${id}`;

  async function built(
    principal: Principal,
    id: string,
    workflowId: string,
    request: BuildRequest,
    { starters, maker }: { starters: readonly string[]; maker: Principal },
  ): Promise<TemporalSchedule & { kept: Json }> {
    const { workflow: ref, input, spec, overlap, catchupWindow, note } = request;
    const blueprint = await executions.prepare(principal, { ref, input, inputField: 'input', starters }, id);
    const asked = { workflow: ref, input, spec, overlap, ...(catchupWindow === undefined ? {} : { catchupWindow }) };
    const kept: KeptSchedule = {
      id,
      principal: maker,
      starters: [...starters],
      request: asked,
      calendars: true,
      ...(note === undefined ? {} : { note }),
    };
    return {
      scheduleId: temporalId(principal, id),
      workflowId,
      blueprint,
      times: spec,
      overlap,
      catchupWindow,
      kept: JSON.parse(JSON.stringify(kept)) as Json,
    };
  }

  return {
    temporalId,

    find: async (principal, id) => own(principal, id, await temporal.describe(temporalId(principal, id))),

    change: (principal, id, work) =>
      changes.alone(temporalId(principal, id), async (found) => work(own(principal, id, found))),

    build: (principal, id, workflowId, request) =>
      built(principal, id, workflowId, request, { starters: subjectsOf(principal), maker: principal }),

    async rebuild({ action }, kept, starters) {
      const standing = await demandStanding(principals, kept.principal, 'who last changed the schedule');
      const asked = { catchupWindow: undefined, ...kept.request, note: kept.note };
      // An agent keeps its own permissions as a limit, even while its person has fewer.
      const maker = standing.kind === 'agent' ? kept.principal : standing;
      const wanted = await built(standing, kept.id, action.workflowId!, asked, { starters, maker });
      if (kept.calendars || kept.request.spec.cron === undefined) return wanted;
      const { calendars: _, ...older } = wanted.kept as JsonObject;
      return { ...wanted, times: null, kept: older };
    },
  };
}

/** Returns a schedule that Temporal has described, if it is the tenant's. Throws `schedule_not_found`. */
function own({ tenant }: Principal, id: string, found: DescribedSchedule | null): FoundSchedule {
  const kept = found === null ? null : readKeptSchedule(found);
  if (found === null || kept?.principal.tenant !== tenant) {
    throw new AppError('schedule_not_found', `schedule "${id}" not found`);
  }
  return { found, kept };
}
