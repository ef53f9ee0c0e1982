import type { Json } from '../model/json.ts';

const EVENT = { type: 'com.example.order.created', payload: { order: 42 }, subject: 'orders/42', event_id: 'order-42' };

const GREETING = { data: { greeting: 'hello' } };

const DEFINITION = {
  tasks: [
    {
      name: 'fetch',
      action: 'core.http',
      input: { url: 'https://example.com/' },
      retry: { count: 2, delay: 5 },
      on_success: 'report',
    },
    { name: 'report', action: 'core.log', input: { message: 'answered with {{ fetch.output.status }}' } },
  ],
};

const WORKFLOW = {
  ref: 'examples.check_site',
  pack_ref: 'examples',
  label: 'Check a site',
  version: '1.0.0',
  definition: DEFINITION,
};

const SCHEDULE = {
  workflow: 'examples.check_site',
  spec: { cron: ['0 3 * * *'], time_zone: 'Europe/Berlin' },
  overlap: 'skip',
};

const TRIGGER = {
  ref: 'shop.order_paid',
  pack_ref: 'shop',
  label: 'An order was paid',
  type: 'com.example.order.paid',
  schema: { type: 'object', required: ['order'], properties: { order: { type: 'string' }, total: { type: 'number' } } },
  examples: [{ order: 'A-1', total: 99.5 }],
};

const RULE = {
  ref: 'examples.check_after_push',
  pack_ref: 'examples',
  label: 'Check the site after each push',
  type: 'com.github.push',
  when: "event.payload.ref == 'refs/heads/main'",
  workflow: 'examples.check_site',
  parameters: {},
};

const PUSH = { type: 'com.github.push', payload: { ref: 'refs/heads/main', after: '9fceb02' } };

const REASON = { reason: 'asked for by the customer' };
const NOTE = { note: 'maintenance until Monday' };
const SIGNAL = { name: 'approved', payload: { by: 'ann' } };
const MANAGED_START = { workflow: 'core.transform', input: GREETING };
const RETRY = { from: 'failed' };

/** Examples of request bodies, by method and path: valid and short. The page at `/docs` sends them unchanged. */
export const BODY_EXAMPLES: Readonly<Record<string, Json>> = {
  'POST /api/v1/executions': { action_ref: 'core.transform', parameters: GREETING, wait: 10 },
  'POST /api/v1/workflows/{ref}/execute': { parameters: {}, wait: 10 },
  'POST /api/v1/executions/{id}/cancel': REASON,
  'POST /api/v1/executions/{id}/terminate': REASON,
  'POST /api/v1/executions/{id}/pause': REASON,
  'POST /api/v1/executions/{id}/resume': REASON,
  'POST /api/v1/executions/{id}/signal': SIGNAL,
  'POST /api/v1/executions/{id}/signal/token': { ...SIGNAL, expires_in: 3_600 },
  'POST /api/v1/executions/{id}/retry': RETRY,
  'POST /api/v1/executions/{id}/tasks/{key}/skip': { output: { status: 200 }, ...REASON },
  'POST /api/v1/executions/bulk/{verb}': {
    filter: { status: 'failed', action_ref: 'examples.*', created_after: '2026-01-01T00:00:00Z' },
  },
  'POST /execution': MANAGED_START,
  'POST /api/v1/execution': MANAGED_START,
  'POST /execution/{id}/cancel': REASON,
  'POST /api/v1/execution/{id}/cancel': REASON,
  'POST /execution/{id}/terminate': REASON,
  'POST /api/v1/execution/{id}/terminate': REASON,
  'POST /api/v1/automation/executions/{id}/retry': RETRY,
  'POST /api/v1/webhooks': { name: 'deploys', preset: 'github', label: 'Deployments' },
  'PUT /api/v1/webhooks/{name}': { enabled: false },
  'POST /api/v1/webhooks/{name}/rotate': { keep: 3_600 },
  'POST /hooks/{key}': { type: 'deployment.finished', version: '1.4.2' },
  'POST /api/v1/workflows': WORKFLOW,
  'PUT /api/v1/workflows/{ref}': { version: '1.0.1', definition: DEFINITION },
  'POST /api/v1/workflows/validate': WORKFLOW,
  'POST /api/v1/workflows/{ref}/simulate': { outcomes: { fetch: { output: { status: 200 } } } },
  'POST /api/v1/workflows/graph': { definition: DEFINITION },
  'POST /api/v1/workflows/simulate': { definition: DEFINITION, outcomes: { fetch: { output: { status: 200 } } } },
  'POST /api/v1/events': EVENT,
  'POST /api/v1/events/{id}/replay': { reason: 'the rule was disabled on Monday' },
  'POST /api/v1/packs/import': { pack: { ref: 'examples', label: 'Examples' }, workflows: [WORKFLOW] },
  'POST /api/v1/packs': { ref: 'ops', label: 'Operations', version: '1.0.0' },
  'PUT /api/v1/packs/{ref}': { label: 'Operations', description: 'What the operations team runs.' },
  'POST /api/v1/actions': {
    ref: 'media.resize',
    pack_ref: 'media',
    label: 'Resize a picture',
    task_queue: 'media',
    param_schema: { type: 'object', required: ['url'], properties: { url: { type: 'string' } } },
    idempotent: true,
    timeout: 120,
  },
  'PUT /api/v1/actions/{ref}': { timeout: 300 },
  'POST /api/v1/triggers': TRIGGER,
  'PUT /api/v1/triggers/{ref}': { label: 'An order was paid in full' },
  'POST /api/v1/rules': RULE,
  'PUT /api/v1/rules/{ref}': { enabled: false },
  'POST /api/v1/rules/validate': RULE,
  'POST /api/v1/rules/test': { rule: RULE, event: PUSH },
  'POST /api/v1/rules/{ref}/test': { event: PUSH },
  'PUT /api/v1/connections/{pack}/{name}': { settings: {}, secrets: { secret: 'at least sixteen characters' } },
  'PUT /api/v1/secrets/{name}': { value: 'what nobody is told' },
  'POST /api/v1/schedules': { id: 'nightly_check', ...SCHEDULE },
  'PUT /api/v1/schedules/{id}': SCHEDULE,
  'POST /api/v1/schedules/{id}/pause': NOTE,
  'POST /api/v1/schedules/{id}/resume': NOTE,
  'POST /api/v1/schedules/{id}/trigger': { overlap: 'skip' },
  'POST /api/v1/schedules/{id}/backfill': { start: '2026-11-01T00:00:00Z', end: '2026-11-03T00:00:00Z' },
  'POST /api/v1/inquiries/{id}/respond': { option: 'approve', comment: 'checked with the team' },
  'POST /api/v1/inquiries/{id}/override': { option: 'approve', reason: 'everybody who is asked is on holiday' },
  'POST /api/v1/inquiries/{id}/delegate': { to: 'bob', reason: 'on holiday until Monday' },
  'POST /api/v1/inquiries/{id}/delegate/withdraw': { reason: 'back earlier' },
  'POST /api/v1/aliases': { subject: 'ann', kind: 'email', value: 'ann@example.com' },
  'POST /api/v1/tenants': { ref: 'acme', label: 'Acme' },
  'POST /api/v1/session': { key: 'fmt_…' },
  'POST /api/v1/keys': { subject: 'ci', kind: 'service', roles: ['operator'], label: 'CI', expires_in: 7_776_000 },
  'PUT /api/v1/task-queues/{name}': { tenant: 'acme' },
  'POST /codec/decode': { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'e30=' }] },
  'POST /codec/encode': { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'e30=' }] },
};
