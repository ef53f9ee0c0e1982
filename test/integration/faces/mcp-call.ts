import { send } from '../support/requests.ts';

/** The answer of a tool; `error` is the message of a refusal, `code` that of a request that was not let in. */
export interface ToolAnswer {
  error?: { code: string; message: string; details?: { permission?: string } };
  code?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what the tool's schema has checked
  structuredContent?: any;
}

/** Calls a tool of the MCP server once, without a client. */
export async function callTool(url: string, key: string, name: string, args: object): Promise<ToolAnswer> {
  const reply = await send(`${url}/mcp`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  const text = await reply.text();
  const body = JSON.parse(text.startsWith('{') ? text : /^data: (.*)$/m.exec(text)![1]!);
  if (body.result === undefined) return body;
  return body.result.isError ? JSON.parse(body.result.content[0].text) : body.result;
}
