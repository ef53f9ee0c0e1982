import { expect, it } from 'vitest';
import { handleMcp, type McpServices } from '../../mcp/server.ts';
import type { Principal } from '../../model/principal.ts';

// No tool is called.
const services = { definitions: {}, packs: {}, schedules: {}, inquiries: {} } as unknown as McpServices;
const principal = { tenant: 'acme', subject: 'ann', roles: ['viewer'], permissions: [] } as unknown as Principal;

/** Sends a body to the MCP server, and returns what it answers: for each message its id, and its error with the paths of the issues. */
async function answersTo(body: unknown): Promise<unknown[]> {
  const request = new Request('http://127.0.0.1/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  });
  const response = await handleMcp(services, principal, request, body);
  const text = await response.text();
  const messages = text.startsWith('{') ? [text] : [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => data!);
  return messages
    .map((message) => JSON.parse(message))
    .sort((one, other) => one.id - other.id)
    .map(({ id, error, result }) => {
      if (error === undefined) return [id, Object.keys(result)];
      const paths = error.data?.issues?.map(({ path }: { path: string }) => path);
      return [id, error.code, error.message, ...(paths === undefined ? [] : [paths])];
    });
}

const request = (id: number, method: string, params?: unknown) => ({ jsonrpc: '2.0', id, method, params });
const record = '/params/arguments must be an object';

it.each<[string, unknown, unknown[]]>([
  [
    'arguments as a list',
    request(1, 'tools/call', { name: 'x', arguments: [] }),
    [[1, -32602, record, ['/params/arguments']]],
  ],
  [
    'arguments as null',
    request(1, 'tools/call', { name: 'x', arguments: null }),
    [[1, -32602, record, ['/params/arguments']]],
  ],
  ['no parameters', request(1, 'tools/call'), [[1, -32602, '/params is required', ['/params']]]],
  [
    'a name that is no text, among others',
    request(1, 'tools/call', { name: 3, arguments: 'x' }),
    [[1, -32602, '/params/name must be a string (and 1 more)', ['/params/name', '/params/arguments']]],
  ],
  [
    'a cursor that is no text',
    request(1, 'tools/list', { cursor: 5 }),
    [[1, -32602, '/params/cursor must be a string', ['/params/cursor']]],
  ],
  [
    'a tool that does not exist',
    request(1, 'tools/call', { name: 'x' }),
    [[1, -32602, 'MCP error -32602: unknown tool "x".']],
  ],
  ['a method that does not exist', request(1, 'tools/cal'), [[1, -32601, 'Method not found']]],
  [
    'a wrong message next to a right one',
    [request(1, 'ping'), request(2, 'tools/list', { cursor: 5 })],
    [
      [1, []],
      [2, -32602, '/params/cursor must be a string', ['/params/cursor']],
    ],
  ],
])('a request with %s is refused as what it is', async (_, body, expected) => {
  expect(await answersTo(body)).toEqual(expected);
});
