import { expect, it } from 'vitest';
import { createTools } from '../../mcp/tools.ts';
import { createTestApp, unreached } from '../api/test-app.ts';

/** The REST routes that change executions, schedules and questions, with the tool that does the same. */
const TOOLS: Record<string, string> = {
  'POST /api/v1/executions': 'start_execution',
  'DELETE /api/v1/executions/{id}': 'delete_execution',
  'POST /api/v1/executions/{id}/cancel': 'cancel_execution',
  'POST /api/v1/executions/{id}/terminate': 'terminate_execution',
  'POST /api/v1/executions/{id}/signal': 'signal_execution',
  'POST /api/v1/executions/{id}/retry': 'retry_execution',
  'POST /api/v1/executions/{id}/pause': 'pause_execution',
  'POST /api/v1/executions/{id}/resume': 'resume_execution',
  'POST /api/v1/executions/{id}/tasks/{key}/skip': 'skip_task',
  'POST /api/v1/executions/bulk/{verb}': 'start_bulk_job',
  'DELETE /api/v1/bulk/{job_id}': 'abort_bulk_job',
  'POST /api/v1/schedules': 'create_schedule',
  'PUT /api/v1/schedules/{id}': 'replace_schedule',
  'DELETE /api/v1/schedules/{id}': 'delete_schedule',
  'POST /api/v1/schedules/{id}/pause': 'pause_schedule',
  'POST /api/v1/schedules/{id}/resume': 'resume_schedule',
  'POST /api/v1/schedules/{id}/trigger': 'trigger_schedule',
  'POST /api/v1/schedules/{id}/backfill': 'backfill_schedule',
  'POST /api/v1/inquiries/{id}/respond': 'answer_inquiry',
  'POST /api/v1/inquiries/{id}/delegate': 'delegate_inquiry',
  'POST /api/v1/inquiries/{id}/delegate/withdraw': 'delegate_inquiry',
};

/** Routes that have no tool on purpose, with the reason. */
const WITHOUT: Record<string, string> = {
  'POST /api/v1/inquiries/{id}/override': 'An admin decides alone, and gives the reason: a person does that.',
  'POST /api/v1/executions/{id}/signal/token': 'A token is for a system that has no credentials of its own.',
};

it('every control of executions, schedules and questions is a tool with the same permission', async () => {
  const { paths } = (await (await createTestApp({}).request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { 'x-permission'?: string }>>;
  };
  const controls = Object.entries(paths)
    .filter(([path]) => /^\/api\/v1\/(executions|bulk|schedules|inquiries)(\/|$)/.test(path))
    .flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) =>
        method === 'get' ? [] : [[`${method.toUpperCase()} ${path}`, operation['x-permission']] as const],
      ),
    );
  expect(controls.map(([name]) => name).sort()).toEqual([...Object.keys(TOOLS), ...Object.keys(WITHOUT)].sort());
  const tools = new Map(createTools(unreached('the services')).map(({ name, permission }) => [name, permission]));
  const asked = controls.flatMap(([name, permission]) => (name in TOOLS ? [[name, permission]] : []));
  expect(asked).toEqual(asked.map(([name]) => [name, tools.get(TOOLS[name!]!)]));
});
