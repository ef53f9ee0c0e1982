import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { toJsonSchemaCompat } from '@modelcontextprotocol/sdk/server/zod-json-schema-compat.js';
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker';
import { didYouMean } from '../model/issue.ts';
import type { Logger } from '../model/log.ts';
import type { Principal } from '../model/principal.ts';
import { VERSION } from '../model/product.ts';
import type { AuditService } from '../service/access/audit.ts';
import { refusalOfParams } from './request-checks.ts';
import type { ToolServices } from './services.ts';
import { type AnyTool, annotateTool, callTool, type ToolHooks } from './tool.ts';
import { createTools } from './tools.ts';

/** The services behind the MCP server. */
export interface McpServices extends ToolServices {
  audit: AuditService;
  log: Logger;
}

/** The instructions that models receive when they connect. */
const INSTRUCTIONS = `Fermata runs workflows: definitions of tasks as data, with durable execution by Temporal.
- To start something: list_workflows or list_actions, then start_execution with an idempotencyKey of your own, then wait_for_execution.
- To find out why something is waiting or failed: list_executions (\`state\` and \`ref\` are in every entry), explain_execution (its advice names the tool that helps), get_execution, get_execution_logs, get_execution_at.
- To continue after a failure: retry_execution continues where the execution ended; completed tasks are not run again.
- To change many executions at once: start_bulk_job with dryRun first, then without, then get_bulk_job.
- To start something repeatedly: create_schedule; trigger_schedule starts it now, backfill_schedule what was missed.
- To write a workflow: list_actions and get_action for what tasks can do, validate_workflow until it finds no issues, simulate_workflow, then create_workflow or update_workflow.
- Questions to people are inquiries. Only people who are asked can decide them: as an agent, list them and tell people.
Ids are integers, UUIDs or workflow ids, in the form that a result gave. An error has a stable \`code\`, and \`issues\` with the location of each problem.`;

/** For forms of clients, which Fermata never asks for: each server would else make its own, which takes longer than a call. */
const jsonSchemaValidator = new CfWorkerJsonSchemaValidator();

/** The tools as every client lists them, from the first request on: converting their schemas takes tens of milliseconds. */
let listed: ReturnType<typeof describeTool>[] | undefined;

function describeTool(tool: AnyTool) {
  const { name, description, input, output } = tool;
  const strict = { strictUnions: true };
  return {
    name,
    description,
    inputSchema: toJsonSchemaCompat(input, { ...strict, pipeStrategy: 'input' }),
    annotations: annotateTool(tool),
    execution: { taskSupport: 'forbidden' },
    outputSchema: toJsonSchemaCompat(output, { ...strict, pipeStrategy: 'output' }),
  };
}

/** Creates the MCP server for one caller. */
function createMcpServer({ audit, log, ...services }: McpServices, principal: Principal): Server {
  const capabilities = { tools: { listChanged: true } };
  const options = { instructions: INSTRUCTIONS, capabilities, jsonSchemaValidator };
  const server = new Server({ name: 'fermata', version: VERSION }, options);
  const hooks: ToolHooks = {
    onFault: (error) => log.error({ err: error }, 'an MCP tool failed'),
    onChange: (change) => audit.record(principal, { ...change, requestId: null }),
  };
  const tools = createTools(services);
  server.setRequestHandler(ListToolsRequestSchema, () => {
    listed ??= tools.map(describeTool);
    return { tools: listed };
  });
  // The SDK's own tools would validate arguments before the permission could be checked.
  server.setRequestHandler(CallToolRequestSchema, ({ params: { name, arguments: args = {} } }, context) => {
    const tool = tools.find((each) => each.name === name);
    if (tool !== undefined) return callTool(tool, principal, args, context, hooks);
    const hint = didYouMean(
      name,
      tools.map((each) => each.name),
    );
    throw new McpError(ErrorCode.InvalidParams, `unknown tool "${name}".${hint}`);
  });
  return server;
}

/**
 * Handles one POST of MCP's streamable HTTP, whose body has been parsed. There are no sessions: each request is
 * independent, so any process can handle it.
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
  const receive = transport.onmessage;
  transport.onmessage = (message, extra) => {
    const refusal = refusalOfParams(message);
    if (refusal === null) receive?.(message, extra);
    else void transport.send(refusal);
  };
  return transport.handleRequest(request, { parsedBody: body });
}
