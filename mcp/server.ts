import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { CallToolRequestSchema, ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { didYouMean } from '../model/issue.ts';
import type { Logger } from '../model/log.ts';
import type { Principal } from '../model/principal.ts';
import { VERSION } from '../model/product.ts';
import type { AuditService } from '../service/access/audit.ts';
import { annotationsOf, callTool, type ToolHooks } from './tool.ts';
import { type ToolServices, toolsOf } from './tools.ts';

/** The use cases that the server serves, and who hears of what it does. */
export interface McpServices extends ToolServices {
  audit: AuditService;
  log: Logger;
}

/** What a model is told of the server before it calls anything. */
const INSTRUCTIONS = `Fermata runs workflows: definitions of tasks as data, each run durable in Temporal.
- To start something: list_workflows or list_actions, then start_execution with an idempotencyKey of your own, then wait_for_execution.
- To find out why something stands or failed: list_executions (\`state\` and \`ref\` are in every entry), explain_execution (its advice names the tool that helps), get_execution, get_execution_logs, get_execution_at.
- To go on after a failure: retry_execution goes on where the run stood; nothing that is done is done again.
- To change many executions at once: start_bulk_job with dryRun first, then without, then get_bulk_job.
- To start something again and again: create_schedule; trigger_schedule starts it now, backfill_schedule what was missed.
- To write a workflow: list_actions and get_action for what tasks can do, validate_workflow until it finds nothing, simulate_workflow, then create_workflow or update_workflow.
- Questions to people are inquiries. Only a person who is asked decides them: an agent lists them, and tells people.
Ids are integers, UUIDs or workflow ids, whichever an answer gave. An error has a stable \`code\`, and \`issues\` with the place of what is wrong.`;

/** Makes the MCP server for one caller. */
function createMcpServer({ audit, log, ...services }: McpServices, principal: Principal): McpServer {
  const server = new McpServer({ name: 'fermata', version: VERSION }, { instructions: INSTRUCTIONS });
  const hooks: ToolHooks = {
    onFault: (error) => log.error({ err: error }, 'an MCP tool failed'),
    onChange: (change) => audit.record(principal, { ...change, requestId: null }),
  };
  const tools = toolsOf(services);
  for (const tool of tools) {
    const { name, description, input: inputSchema, output: outputSchema } = tool;
    const described = { description, inputSchema, outputSchema, annotations: annotationsOf(tool) };
    server.registerTool(name, described, (() => unreachable(name)) as never);
  }
  // The SDK would check the arguments before anybody can ask for the permission.
  server.server.setRequestHandler(CallToolRequestSchema, ({ params: { name, arguments: args = {} } }, context) => {
    const tool = tools.find((each) => each.name === name);
    if (tool !== undefined) return callTool(tool, principal, args, context, hooks);
    const hint = didYouMean(
      name,
      tools.map((each) => each.name),
    );
    throw new McpError(ErrorCode.InvalidParams, `there is no tool "${name}".${hint}`);
  });
  return server;
}

function unreachable(tool: string): never {
  throw new Error(`${tool} was called by the SDK`);
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
