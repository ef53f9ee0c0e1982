import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import type { Logger } from '../model/log.ts';
import type { Principal } from '../model/principal.ts';
import { VERSION } from '../model/product.ts';
import type { AuditService } from '../service/audit.ts';
import type { DefinitionService } from '../service/definitions.ts';
import type { DelegationService } from '../service/delegations.ts';
import type { DeletionService } from '../service/deletions.ts';
import type { ExecutionLists } from '../service/execution-lists.ts';
import type { ExecutionService } from '../service/executions.ts';
import type { InquiryService } from '../service/inquiries.ts';
import type { RetryService } from '../service/retries.ts';
import { executionTools } from './execution-tools.ts';
import { inquiryTools } from './inquiry-tools.ts';
import { registerTool, type ToolHooks } from './tool.ts';
import { workflowTools } from './workflow-tools.ts';

/** The use cases that the tools serve. */
export interface McpServices {
  definitions: DefinitionService;
  executions: ExecutionService;
  lists: ExecutionLists;
  retries: RetryService;
  deletions: DeletionService;
  inquiries: InquiryService;
  delegations: DelegationService;
  audit: AuditService;
  log: Logger;
}

/** The MCP server for one caller: document 004's tools, and those beyond it (design/shapes.md, MCP). */
function createMcpServer(
  { definitions, executions, lists, retries, deletions, inquiries, delegations, audit, log }: McpServices,
  principal: Principal,
): McpServer {
  const server = new McpServer({ name: 'fermata', version: VERSION });
  const hooks: ToolHooks = {
    onFault: (error) => log.error({ err: error }, 'an MCP tool failed'),
    onChange: (change) => audit.record(principal, { ...change, requestId: null }),
  };
  for (const tool of executionTools(executions, lists, { retries, deletions }))
    registerTool(server, principal, hooks, tool as never);
  for (const tool of workflowTools(definitions)) registerTool(server, principal, hooks, tool as never);
  for (const tool of inquiryTools(inquiries, delegations)) registerTool(server, principal, hooks, tool as never);
  return server;
}

/**
 * Answers one POST of MCP's streamable HTTP, whose body has been parsed. There are no sessions: each request stands for
 * itself, so that any process can answer it.
 */
export async function handleMcp(
  services: McpServices,
  principal: Principal,
  request: Request,
  body: unknown,
): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport();
  const server = createMcpServer(services, principal);
  await server.connect(transport);
  return transport.handleRequest(request, { parsedBody: body });
}
