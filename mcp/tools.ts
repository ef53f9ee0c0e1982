import type { ControlService } from '../service/controls.ts';
import type { ActionService } from '../service/custom-actions.ts';
import type { DefinitionService } from '../service/definitions.ts';
import type { DelegationService } from '../service/delegations.ts';
import type { DeletionService } from '../service/deletions.ts';
import type { ExecutionLists } from '../service/execution-lists.ts';
import type { ExecutionService } from '../service/executions.ts';
import type { ExplanationService } from '../service/explanations.ts';
import type { InquiryService } from '../service/inquiries.ts';
import type { RetryService } from '../service/retries.ts';
import type { ScheduleService } from '../service/schedules.ts';
import type { SimulationService } from '../service/simulations.ts';
import { actionTools } from './action-tools.ts';
import { controlTools } from './control-tools.ts';
import { executionTools } from './execution-tools.ts';
import { inquiryTools } from './inquiry-tools.ts';
import { scheduleTools } from './schedule-tools.ts';
import type { AnyTool } from './tool.ts';
import { workflowTools } from './workflow-tools.ts';

/** The use cases that the tools serve. */
export interface ToolServices {
  definitions: DefinitionService;
  simulations: SimulationService;
  actions: ActionService;
  executions: ExecutionService;
  lists: ExecutionLists;
  retries: RetryService;
  controls: ControlService;
  explanations: ExplanationService;
  deletions: DeletionService;
  schedules: ScheduleService;
  inquiries: InquiryService;
  delegations: DelegationService;
}

/** Returns every tool: the four of document 004, and those beyond it. */
export function toolsOf(services: ToolServices): AnyTool[] {
  return [
    ...executionTools(services),
    ...controlTools(services),
    ...workflowTools(services),
    ...actionTools(services),
    ...scheduleTools(services),
    ...inquiryTools(services),
  ];
}
