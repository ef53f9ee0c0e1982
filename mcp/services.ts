import type { ActionService } from '../service/actions/custom-actions.ts';
import type { ControlService } from '../service/controls/controls.ts';
import type { DefinitionService } from '../service/definitions/definitions.ts';
import type { EventLists } from '../service/events/event-lists.ts';
import type { PastEvents } from '../service/events/past-events.ts';
import type { EventMatches } from '../service/events/reads/event-matches.ts';
import type { BulkService } from '../service/executions/bulk-jobs.ts';
import type { DeletionService } from '../service/executions/deletions.ts';
import type { ExecutionService } from '../service/executions/executions.ts';
import type { ExplanationService } from '../service/executions/explanations.ts';
import type { RetryService } from '../service/executions/retries.ts';
import type { GraphService } from '../service/graphs/graphs.ts';
import type { ExecutionLists } from '../service/index/lists.ts';
import type { DelegationService } from '../service/inquiries/delegations.ts';
import type { InquiryService } from '../service/inquiries/inquiries.ts';
import type { RuleTestService } from '../service/rules/rule-tests.ts';
import type { RuleService } from '../service/rules/rules.ts';
import type { ScheduleService } from '../service/schedules/schedules.ts';
import type { SimulationService } from '../service/simulations/simulations.ts';

/** The services behind the tools. */
export interface ToolServices {
  definitions: DefinitionService;
  simulations: SimulationService;
  actions: ActionService;
  rules: RuleService;
  ruleTests: RuleTestService;
  executions: ExecutionService;
  lists: ExecutionLists;
  bulk: BulkService;
  retries: RetryService;
  controls: ControlService;
  explanations: ExplanationService;
  graphs: GraphService;
  deletions: DeletionService;
  schedules: ScheduleService;
  eventLists: EventLists;
  pastEvents: PastEvents;
  eventMatches: EventMatches;
  inquiries: InquiryService;
  delegations: DelegationService;
}
