import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type {
  CallToolResult,
  ServerNotification,
  ServerRequest,
  ToolAnnotations,
} from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import { AppError } from '../model/app-error.ts';
import { andMore, capIssues, fillsAnswer, type Issue } from '../model/issue.ts';
import { hasPermission, type Permission } from '../model/permissions.ts';
import type { Principal } from '../model/principal.ts';
import { convertIssues } from '../model/zod-issues.ts';
import type { AuditedChange } from '../service/access/audit.ts';
import { toAppError } from '../service/background/outages.ts';

/** The context in which a tool can report progress. */
export type ToolContext = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A tool with schemas of its arguments and results. */
export interface Tool<Input extends z.ZodObject, Output extends z.ZodObject> {
  name: string;
  description: string;
  permission: Permission;
  /**
   * The effect of a call; `destroys` if it cannot be undone, such as terminating an execution or deciding an inquiry.
   */
  effect: 'reads' | 'changes' | 'destroys';
  /** Whether repeating a call with the same arguments changes nothing more. */
  idempotent?: boolean;
  input: Input;
  output: Output;
  /** Returns the id of what a call has made, for the audit log. */
  madeBy?(answer: z.input<Output>): string | null;
  /** Whether the service itself writes to the audit log. */
  audited?: boolean;
  /** Finds what else is wrong with arguments whose shape is wrong. */
  findMore?(principal: Principal, args: unknown): Promise<Issue[]>;
  run(principal: Principal, args: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
}

/** A tool with any schemas. */
// biome-ignore lint/suspicious/noExplicitAny: `run` takes what the schema of the same tool has parsed
export type AnyTool = Tool<any, any>;

/** Callbacks for internal errors and for changes. */
export interface ToolHooks {
  onFault(error: unknown): void;
  onChange(change: Omit<AuditedChange, 'requestId'>): Promise<void>;
}

/** Returns the annotations of a tool, by which clients can ask a person before a call. */
export function annotateTool({ effect, idempotent = false }: AnyTool): ToolAnnotations {
  const reads = effect === 'reads';
  return { readOnlyHint: reads, destructiveHint: effect === 'destroys', idempotentHint: reads || idempotent };
}

/**
 * Calls a tool as a principal: checks the permission, then the arguments. Errors are returned as errors of the tool,
 * with their stable codes.
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
      throw new AppError('forbidden', `the permission "${permission}" is required`, { details: { permission } });
    }
    const answer = await tool.run(principal, await parsedBy(tool, principal, args), context);
    if (effect !== 'reads' && !audited) {
      const made = tool.madeBy?.(answer) ?? null;
      const details = made === null ? undefined : { made };
      await onChange({ operation: `mcp ${name}`, ...targetOf(args), details });
    }
    const text = JSON.stringify(answer, null, 2);
    // JSON drops undefined fields.
    return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as Record<string, unknown> };
  } catch (error) {
    return refused(error, onFault);
  }
}

async function parsedBy({ input, findMore }: AnyTool, principal: Principal, args: unknown): Promise<unknown> {
  const parsed = (input as z.ZodObject).safeParse(args);
  if (parsed.success) return parsed.data;
  const found = convertIssues(parsed.error, input, args);
  const more = findMore === undefined || fillsAnswer(found) ? [] : await findMore(principal, args);
  const issues = [...found, ...more];
  const [first] = issues;
  const text = `${first?.path || 'the arguments'} ${first?.message}${andMore(issues)}`;
  throw new AppError('request_invalid', text, { issues: capIssues(issues) });
}

/** Returns the result of a tool for an error; internal errors are reported to `onFault`. */
function refused(error: unknown, onFault: (error: unknown) => void): CallToolResult {
  const told = toAppError(error, 'internal error');
  if (told.status >= 500) onFault(error);
  const { code, message, issues, details } = told;
  const more = { ...(issues === undefined ? {} : { issues }), ...(details === undefined ? {} : { details }) };
  const body = { error: { code, message, ...more } };
  return { isError: true, content: [{ type: 'text', text: JSON.stringify(body) }] };
}

/** Returns the target and the reason of a call, from its arguments. */
function targetOf(args: unknown): { target: string; reason: string | null } {
  const { id, ref, workflow, verb, reason, note } = args as Record<string, unknown>;
  const target = id ?? ref ?? workflow ?? verb ?? '';
  const why = reason ?? note;
  return { target: String(target), reason: typeof why === 'string' ? why : null };
}
