import { actionTools } from './action-tools.ts';
import { bulkTools } from './bulk-tools.ts';
import { controlTools } from './control-tools.ts';
import { executionTools } from './execution-tools.ts';
import { graphTools } from './graph-tools.ts';
import { inquiryTools } from './inquiry-tools.ts';
import { scheduleTools } from './schedule-tools.ts';
import type { ToolServices } from './services.ts';
import type { AnyTool } from './tool.ts';
import { workflowTools } from './workflow-tools.ts';

/** Returns every tool: the four of the MCP executions, and the additional ones. */
export function createTools(services: ToolServices): AnyTool[] {
  return [
    ...executionTools(services),
    ...controlTools(services),
    ...bulkTools(services),
    ...workflowTools(services),
    ...graphTools(services),
    ...actionTools(services),
    ...scheduleTools(services),
    ...inquiryTools(services),
  ];
}
