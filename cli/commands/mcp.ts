import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { ServiceTarget } from '../service.ts';

/** The JSON-RPC code of an internal error. */
const INTERNAL_ERROR = -32603;

/** Serves MCP over standard input and output by forwarding each message to the API. */
export async function serveMcp({ url, key }: ServiceTarget): Promise<void> {
  const local = new StdioServerTransport();
  const remote = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { 'x-api-key': key } },
  });
  const ended = new Promise<void>((resolve) => {
    local.onclose = resolve;
    process.stdin.once('end', resolve);
  });
  local.onmessage = (message) => void remote.send(message).catch((error: unknown) => answerFault(message, error));
  remote.onmessage = (message) => void local.send(message);
  await remote.start();
  await local.start();
  await ended;
  await remote.close();

  async function answerFault(message: JSONRPCMessage, error: unknown): Promise<void> {
    if (!('id' in message) || !('method' in message)) return;
    const text = `${url} did not respond: ${(error as Error).message}`;
    await local.send({ jsonrpc: '2.0', id: message.id, error: { code: INTERNAL_ERROR, message: text } });
  }
}
