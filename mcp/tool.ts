import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import { AppError } from '../model/app-error.ts';
import { hasPermission, type Permission } from '../model/permissions.ts';
import type { Principal } from '../model/principal.ts';
import { refusalOf } from '../service/outages.ts';

/** What a tool may say while it works. */
export type ToolContext = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A tool: one schema gives its parameters, another what it answers. */
export interface Tool<Input extends z.ZodObject, Output extends z.ZodObject> {
  name: string;
  description: string;
  permission: Permission;
  input: Input;
  output: Output;
  /** It changes nothing. */
  reads?: boolean;
  /** The service writes what it does to the audit log. */
  audited?: boolean;
  run(principal: Principal, args: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
}

/** Who hears of what tools do: of faults of ours, and of changes that were made. */
export interface ToolHooks {
  onFault(error: unknown): void;
  onChange(change: { operation: string; target: string; reason: string | null }): Promise<void>;
}

/** Registers a tool for one caller. What cannot be served comes back as an error of the tool, with its stable code. */
export function registerTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  server: McpServer,
  principal: Principal,
  { onFault, onChange }: ToolHooks,
  { name, description, permission, input, output, reads = false, audited = false, run }: Tool<Input, Output>,
): void {
  const call = async (args: unknown, context: ToolContext): Promise<CallToolResult> => {
    try {
      if (!hasPermission(principal, permission)) {
        throw new AppError('forbidden', `this needs the permission ${permission}`, { details: { permission } });
      }
      const answer = await run(principal, args as z.output<Input>, context);
      if (!reads && !audited) await onChange({ operation: `mcp ${name}`, ...targetOf(args) });
      // Without what is undefined, as JSON has it.
      const structuredContent = JSON.parse(JSON.stringify(answer)) as Record<string, unknown>;
      return { content: [{ type: 'text', text: JSON.stringify(answer, null, 2) }], structuredContent };
    } catch (error) {
      return refused(error, onFault);
    }
  };
  const annotations = { readOnlyHint: reads };
  // The SDK's types follow the schemas so deeply that generic ones are beyond them.
  server.registerTool(name, { description, inputSchema: input, outputSchema: output, annotations }, call as never);
}

function refused(error: unknown, onFault: (error: unknown) => void): CallToolResult {
  const told = refusalOf(error, 'something went wrong here');
  if (told.status >= 500) onFault(error);
  const { code, message, issues, details } = told;
  const more = { ...(issues === undefined ? {} : { issues }), ...(details === undefined ? {} : { details }) };
  const body = { error: { code, message, ...more } };
  return { isError: true, content: [{ type: 'text', text: JSON.stringify(body) }] };
}

/** What a tool is about, and why it was called, as far as its arguments tell. */
function targetOf(args: unknown): { target: string; reason: string | null } {
  const { id, ref, workflow, reason } = args as Record<string, unknown>;
  const target = id ?? ref ?? workflow ?? '';
  return { target: String(target), reason: typeof reason === 'string' ? reason : null };
}
