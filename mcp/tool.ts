import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type {
  CallToolResult,
  ServerNotification,
  ServerRequest,
  ToolAnnotations,
} from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import { AppError } from '../model/app-error.ts';
import { andMore, capIssues } from '../model/issue.ts';
import { hasPermission, type Permission } from '../model/permissions.ts';
import type { Principal } from '../model/principal.ts';
import { issuesOf } from '../model/zod-issues.ts';
import { refusalOf } from '../service/outages.ts';

/** What a tool may say while it works. */
export type ToolContext = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A tool: one schema gives its parameters, another what it answers. */
export interface Tool<Input extends z.ZodObject, Output extends z.ZodObject> {
  name: string;
  description: string;
  permission: Permission;
  /** What a call does: `destroys` what cannot be had back, such as a run that it ends or a decision that it makes. */
  effect: 'reads' | 'changes' | 'destroys';
  /** Whether a second call with the same arguments changes nothing more; a tool that reads never changes anything. */
  idempotent?: boolean;
  input: Input;
  output: Output;
  /** The service writes what it does to the audit log. */
  audited?: boolean;
  run(principal: Principal, args: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
}

/** A tool whose schemas are known to itself alone. */
// biome-ignore lint/suspicious/noExplicitAny: `run` takes what the schema of the same tool has parsed
export type AnyTool = Tool<any, any>;

/** Who hears of what tools do: of faults of ours, and of changes that were made. */
export interface ToolHooks {
  onFault(error: unknown): void;
  onChange(change: { operation: string; target: string; reason: string | null }): Promise<void>;
}

/** Returns what a client is told of the effect of a tool, so that it can ask a person before a call. */
export function annotationsOf({ effect, idempotent = false }: AnyTool): ToolAnnotations {
  const reads = effect === 'reads';
  return { readOnlyHint: reads, destructiveHint: effect === 'destroys', idempotentHint: reads || idempotent };
}

/**
 * Calls a tool as a principal: first the permission is demanded, then the arguments are checked. What cannot be served comes back as
 * an error of the tool, with its stable code.
 */
export async function callTool(
  tool: AnyTool,
  principal: Principal,
  args: unknown,
  context: ToolContext,
  { onFault, onChange }: ToolHooks,
): Promise<CallToolResult> {
  const { name, permission, effect, audited = false } = tool;
  try {
    if (!hasPermission(principal, permission)) {
      throw new AppError('forbidden', `this needs the permission ${permission}`, { details: { permission } });
    }
    const answer = await tool.run(principal, parsedBy(tool, args), context);
    if (effect !== 'reads' && !audited) await onChange({ operation: `mcp ${name}`, ...targetOf(args) });
    const text = JSON.stringify(answer, null, 2);
    // Without what is undefined, as JSON has it.
    return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as Record<string, unknown> };
  } catch (error) {
    return refused(error, onFault);
  }
}

function parsedBy({ input }: AnyTool, args: unknown): unknown {
  const parsed = (input as z.ZodObject).safeParse(args);
  if (parsed.success) return parsed.data;
  const issues = issuesOf(parsed.error, input, args);
  const [first] = issues;
  const text = `${first?.path || 'the arguments'} ${first?.message}${andMore(issues)}`;
  throw new AppError('request_invalid', text, { issues: capIssues(issues) });
}

/** Returns the answer of a tool for something that went wrong; faults of ours are told to `onFault`. */
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
  const { id, ref, workflow, verb, reason, note } = args as Record<string, unknown>;
  const target = id ?? ref ?? workflow ?? verb ?? '';
  const why = reason ?? note;
  return { target: String(target), reason: typeof why === 'string' ? why : null };
}
