import { expect, it } from 'vitest';
import type { z } from 'zod';
import { describeRequest } from '../../api/executions/explanations.ts';
import { describeToolCall } from '../../mcp/control-tools.ts';
import { createTools } from '../../mcp/tools.ts';
import type { AdvisedRequest } from '../../service/executions/advice.ts';
import { createTestApp, unreached } from '../api/test-app.ts';

const tools = new Map(createTools(unreached('the services')).map((tool) => [tool.name, tool]));
const { paths } = (await (await createTestApp({}).request('/openapi.json')).json()) as {
  paths: Record<string, Record<string, object>>;
};
const [execution, inquiry] = [1024, '1024-ask#2'];

it.each<[AdvisedRequest, string, object | null, string, object]>([
  [{ what: 'cancel', execution }, 'POST /api/v1/executions/1024/cancel', null, 'cancel_execution', { id: 1024 }],
  [
    { what: 'terminate', execution },
    'POST /api/v1/executions/1024/terminate',
    null,
    'terminate_execution',
    { id: 1024 },
  ],
  [{ what: 'resume', execution }, 'POST /api/v1/executions/1024/resume', null, 'resume_execution', { id: 1024 }],
  [{ what: 'explain', execution }, 'GET /api/v1/executions/1024/explain', null, 'explain_execution', { id: 1024 }],
  [
    { what: 'retry', execution, from: null },
    'POST /api/v1/executions/1024/retry',
    null,
    'retry_execution',
    { id: 1024 },
  ],
  [
    { what: 'retry', execution, from: 'deploy' },
    'POST /api/v1/executions/1024/retry',
    { from: 'deploy' },
    ...(['retry_execution', { id: 1024, from: 'deploy' }] as const),
  ],
  [
    { what: 'skip', execution, task: 'wait#2[0]' },
    'POST /api/v1/executions/1024/tasks/wait%232%5B0%5D/skip',
    null,
    ...(['skip_task', { id: 1024, task: 'wait#2[0]' }] as const),
  ],
  [
    { what: 'signal', execution, name: 'go' },
    'POST /api/v1/executions/1024/signal',
    { name: 'go' },
    ...(['signal_execution', { id: 1024, name: 'go' }] as const),
  ],
  [
    { what: 'respond', inquiry },
    'POST /api/v1/inquiries/1024-ask%232/respond',
    null,
    ...(['answer_inquiry', { id: inquiry }] as const),
  ],
])('%j is asked for by %s with %j, and by %s with %j', (act, request, body, tool, given) => {
  const { method, href, ...rest } = describeRequest(act);
  expect([`${method} ${href}`, rest.body]).toEqual([request, body]);
  const [route] = Object.keys(paths).filter((path) =>
    new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(href!),
  );
  expect(paths[route!]![method!.toLowerCase()]).toBeDefined();
  expect(describeToolCall(act)).toEqual({ tool, arguments: given });
  const { error } = (tools.get(tool)!.input as z.ZodObject).safeParse(given);
  // Only who decides knows what they decide.
  expect(error?.issues.map(({ path }) => path.join('/')) ?? []).toEqual(act.what === 'respond' ? ['option'] : []);
});

it('what no request can do no tool can', () => {
  expect(describeRequest(null)).toEqual({ method: null, href: null, body: null });
  expect(describeToolCall(null)).toEqual({ tool: null, arguments: null });
});
