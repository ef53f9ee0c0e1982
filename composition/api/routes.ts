import type { Router } from '../../api/http/router.ts';
import { createStreamGate } from '../../api/http/streams/gate.ts';
import { managementRoutes } from '../../api/management/routes.ts';
import type { Logger } from '../../model/log.ts';
import type { ControlService } from '../../service/controls/controls.ts';
import type { BulkService } from '../../service/executions/bulk-jobs.ts';
import type { PackImportService } from '../../service/packs/imports.ts';
import { type AccessServices, accessRoutes } from './access.ts';
import { controlRoutes } from './controls.ts';
import { type DefinitionServices, definitionRoutes } from './definitions.ts';
import { type EventServices, eventsRoutes } from './events.ts';
import { type ExecutionServices, executionsRoutes } from './executions.ts';
import { type InquiryServices, inquiriesRoutes } from './inquiries.ts';
import { type UpkeepServices, upkeepRoutes } from './upkeep.ts';

/** The services of all subjects. */
export interface ApiServices
  extends AccessServices,
    DefinitionServices,
    EventServices,
    ExecutionServices,
    InquiryServices,
    UpkeepServices {
  controls: ControlService;
  bulk: BulkService;
  imports: PackImportService;
}

/** The dependencies of routes other than services. */
export interface RouteSettings {
  /** The URL at which people reach the API; undefined means the one of the request. */
  publicUrl: string | undefined;
  /** URL of a run in Temporal's UI, with `{workflow_id}` and `{run_id}`; null: unknown. */
  temporalUi: string | null;
  log: Logger;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the routes of all subjects, in the order in which the API is described. */
export function createRoutes(services: ApiServices, settings: RouteSettings): Router[] {
  const { publicUrl, log, clock } = settings;
  const { executions: service, lists, tokens } = services;
  const gate = createStreamGate();
  return [
    ...upkeepRoutes(services),
    ...accessRoutes(services, settings),
    ...definitionRoutes(services),
    ...executionsRoutes(services, gate),
    ...eventsRoutes(services, gate),
    ...controlRoutes(services),
    managementRoutes({ service, lists, tokens }, clock, publicUrl),
    ...inquiriesRoutes(services, publicUrl, log),
  ];
}
