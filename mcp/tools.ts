import { bulkTools } from './bulk-tools.ts';
import { controlTools } from './control-tools.ts';
import { actionTools } from './definitions/action-tools.ts';
import { graphTools } from './definitions/graph-tools.ts';
import { ruleTools } from './definitions/rule-tools.ts';
import { workflowTools } from './definitions/workflow-tools.ts';
import { eventTools } from './event-tools.ts';
import { executionTools } from './execution-tools.ts';
import { inquiryTools } from './inquiry-tools.ts';
import { scheduleTools } from './schedule-tools.ts';
import type { ToolServices } from './services.ts';
import type { AnyTool } from './tool.ts';

/** Returns every tool: the four of the MCP executions, and the additional ones. */
export function createTools(services: ToolServices): AnyTool[] {
  return [
    ...executionTools(services),
    ...controlTools(services),
    ...bulkTools(services),
    ...workflowTools(services),
    ...graphTools(services),
    ...actionTools(services),
    ...ruleTools(services),
    ...scheduleTools(services),
    ...inquiryTools(services),
    ...eventTools(services),
  ];
}
