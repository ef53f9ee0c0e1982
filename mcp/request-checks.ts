import {
  ClientRequestSchema,
  ErrorCode,
  isJSONRPCRequest,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import { andMore, capIssues } from '../model/issue.ts';
import { convertIssues } from '../model/zod-issues.ts';

/** The schemas of requests by method. */
const REQUESTS = new Map<string, z.ZodType>(
  ClientRequestSchema.options.map((schema) => [schema.shape.method.value, schema]),
);

/**
 * Returns the refusal of a request whose parameters do not have the shape that MCP gives them; null for any other message. The SDK would
 * call it an internal error.
 */
export function refusalOfParams(message: JSONRPCMessage): JSONRPCErrorResponse | null {
  if (!isJSONRPCRequest(message)) return null;
  const schema = REQUESTS.get(message.method);
  const parsed = schema?.safeParse(message);
  if (schema === undefined || parsed?.success !== false) return null;
  const issues = convertIssues(parsed.error, schema, message);
  const [first] = issues;
  const error = {
    code: ErrorCode.InvalidParams,
    message: `${first?.path} ${first?.message}${andMore(issues)}`,
    data: { issues: capIssues(issues) },
  };
  return { jsonrpc: '2.0', id: message.id, error };
}
