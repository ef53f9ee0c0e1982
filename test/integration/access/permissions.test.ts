import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../../model/permissions.ts';
import { further, type Need, needs, permissionsByPage } from '../../docs/access-page.ts';
import { callTool } from '../faces/mcp-call.ts';
import { type Answer, type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { send } from '../support/requests.ts';
import { until } from '../support/until.ts';

// Everything that docs/access.md lists, asked for as the roles of two tenants that could be told apart, about what is theirs and what is the
// other tenant's.
// Only what is authorized is asserted: most requests that are let in are incomplete on purpose.

const TENANTS = ['default', 'acme'] as const;
type Tenant = (typeof TENANTS)[number];
const OTHER = { default: 'acme', acme: 'default' } as const satisfies Record<Tenant, Tenant>;

/** Stands in the name of all that a tenant has, and nowhere else. */
const MARK = { default: 'alfamark', acme: 'bravomark' } as const satisfies Record<Tenant, string>;

/** The things of a tenant, as operations name them. */
interface Things {
  run: { id: number; uuid: string; workflow_id: string };
  job: string;
  inquiry: string;
  key: string;
  alias: string;
  event: number;
}

/** Somebody who asks. */
interface Caller {
  name: string;
  tenant: Tenant;
  key: string;
  allowed: ReadonlySet<string>;
}

let harness: ApiHarness;
const things = {} as Record<Tenant, Things>;
const callers: Caller[] = [];
/** Headers without a credential that holds. */
const withoutCredential: Record<string, Record<string, string>> = { none: {}, wrong: { 'x-api-key': 'fmt_wrong' } };
/** Texts that must not appear in an answer to the other tenant. */
const marks = {} as Record<Tenant, string[]>;

const as = (key: string, method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': key });

async function made(key: string, path: string, body: object, method = 'POST') {
  const answer = await as(key, method, path, body);
  expect(answer.status, `${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body.data;
}

async function furnish(tenant: Tenant, admin: string): Promise<void> {
  const mark = MARK[tenant];
  const question = { prompt: mark, details: mark };
  const definition = { tasks: [{ name: 'ask', action: 'core.inquiry', input: question }] };
  await made(admin, '/api/v1/packs', { ref: mark, label: mark });
  await made(admin, '/api/v1/workflows', {
    ref: `${mark}.ask`,
    pack_ref: mark,
    label: mark,
    version: '1.0.0',
    definition,
  });
  const queue = tenant === 'default' ? mark : `${tenant}.${mark}`;
  await made(admin, '/api/v1/actions', { ref: `${mark}.act`, pack_ref: mark, label: mark, task_queue: queue });
  await made(admin, '/api/v1/triggers', { ref: `${mark}.trigger`, pack_ref: mark, label: mark });
  await made(admin, '/api/v1/rules', {
    ref: `${mark}.rule`,
    pack_ref: mark,
    label: mark,
    type: mark,
    workflow: `${mark}.ask`,
    enabled: false,
  });
  await made(admin, `/api/v1/secrets/${mark}`, { value: `${mark} value` }, 'PUT');
  const secrets = { secret: `${mark} of more than sixteen characters` };
  await made(admin, `/api/v1/connections/webhook/${mark}`, { secrets }, 'PUT');
  await made(admin, '/api/v1/webhooks', { name: mark, preset: 'github' });
  const input = { data: mark };
  await made(admin, '/api/v1/schedules', {
    id: mark,
    workflow: 'core.transform',
    input,
    spec: { every: 86_400 },
    paused: true,
  });
  const done = await made(admin, '/api/v1/executions', { action_ref: 'core.transform', parameters: input });
  const run = await made(admin, '/api/v1/executions', { workflow: `${mark}.ask` });
  const [asked] = await until(
    async () => (await as(admin, 'GET', `/api/v1/executions/${run.id}/inquiries`)).body.data,
    (all) => all.length > 0,
  );
  const job = await made(admin, '/api/v1/executions/bulk/cancel', { ids: [done.id] });
  const spare = await made(admin, '/api/v1/keys', { subject: `${mark}-spare` });
  const value = `${mark}@example.com`;
  const alias = await made(admin, '/api/v1/aliases', { subject: `${mark}-spare`, kind: 'email', value });
  const event = await made(admin, '/api/v1/events', { type: mark, payload: mark });
  const [{ id: inquiry }, { job_id }, { id: key }, { id: aliasId }] = [asked, job, spare, alias];
  things[tenant] = { run, job: job_id, inquiry, key: String(key), alias: String(aliasId), event: event.id };
  marks[tenant] = [mark, run.uuid, run.workflow_id, String(run.id), String(done.id), done.uuid, job.job_id];
}

beforeAll(async () => {
  harness = await createApiHarness('permissions');
  await made(DEV_KEY, '/api/v1/tenants', { ref: 'acme', label: MARK.acme });
  for (const tenant of TENANTS) {
    const keyFor = async (subject: string, grants: object) =>
      (await made(DEV_KEY, '/api/v1/keys', { subject: `${MARK[tenant]}-${subject}`, tenant, ...grants })).key;
    for (const role of Object.keys(ROLES)) {
      const key = await keyFor(role, { roles: [role] });
      callers.push({ name: `${tenant} ${role}`, tenant, key, allowed: permissionsByPage(role) });
    }
    callers.push({ name: `${tenant} nobody`, tenant, key: await keyFor('nobody', {}), allowed: new Set() });
    await furnish(tenant, adminOf(tenant).key);
  }
  const admin = { roles: ['admin'] };
  const revoked = await made(DEV_KEY, '/api/v1/keys', { subject: 'revoked', ...admin });
  const disabled = await made(DEV_KEY, '/api/v1/keys', { subject: 'disabled', ...admin });
  const expired = await made(DEV_KEY, '/api/v1/keys', { subject: 'expired', ...admin, expires_in: 1 });
  expect((await as(DEV_KEY, 'DELETE', `/api/v1/keys/${revoked.id}`)).status).toBe(200);
  expect((await as(DEV_KEY, 'POST', '/api/v1/principals/disabled/disable')).status).toBe(200);
  await until(
    () => as(expired.key, 'GET', '/api/v1/me'),
    ({ status }) => status === 401,
  );
  for (const [which, { key }] of Object.entries({ revoked, disabled, expired }))
    withoutCredential[which] = { 'x-api-key': key };
});
afterAll(() => harness.close());

const adminOf = (tenant: Tenant) => callers.find(({ name }) => name === `${tenant} admin`)!;

/**
 * Those who ask for an operation: of one tenant the least role that may, the highest one that may not, nobody, one role in turn, and an
 * author where the runs of others need more; of the other one its admin, and the highest role that may not. Each role may what the one
 * before it may.
 */
function askingInTurn({ operation, permission }: Need, turn: number): Caller[] {
  const roles = Object.keys(ROLES);
  const may = (role: string) => permission === null || permissionsByPage(role).has(permission);
  const highest = roles.findLast((role) => !may(role)) ?? 'nobody';
  const ours = [roles.find(may), highest, 'nobody', roles[turn % roles.length]];
  if (ofOthers(operation)) ours.push('author');
  const theirs = ['admin', highest];
  const names = [...ours.map((role) => `default ${role}`), ...theirs.map((role) => `acme ${role}`)];
  return callers.filter(({ name }) => names.includes(name));
}

/** The admins of both tenants, and one more of each in turn, of those who have a permission: whoever lacks it is refused before anything is looked up. */
function entitledInTurn({ permission }: Need, turn: number): Caller[] {
  return TENANTS.flatMap((owner, at) => {
    const admin = adminOf(owner);
    const may = callers.filter(
      (caller) =>
        caller !== admin && caller.tenant === owner && (permission === null || caller.allowed.has(permission)),
    );
    return may.length === 0 ? [admin] : [admin, may[(turn + at) % may.length]!];
  });
}

/** Returns what a parameter of a route is where the thing of a tenant is meant. */
function thingOf(path: string, name: string, tenant: Tenant): string {
  const [mark, { run, job, inquiry, key, alias, event }] = [MARK[tenant], things[tenant]];
  if (name === 'ref') {
    const parts = { workflows: 'ask', actions: 'act', triggers: 'trigger', rules: 'rule' };
    const part = Object.entries(parts).find(([kind]) => path.includes(`/${kind}/`));
    return part === undefined ? mark : `${mark}.${part[1]}`;
  }
  if (name === 'id') {
    if (path.includes('schedules')) return mark;
    if (path.includes('/events/{id}')) return String(event);
    if (path.includes('/keys')) return key;
    if (path.includes('aliases')) return alias;
    if (path.includes('inquiries/{id}')) return inquiry;
    return path.includes('automation') ? run.uuid : String(run.id);
  }
  const values: Record<string, string> = {
    pack_ref: mark,
    pack: 'webhook',
    name: mark,
    job_id: job,
    subject: `${mark}-spare`,
    key: 'ask',
    event: '1',
    status: 'running',
    enforcement_id: '1',
    verb: 'cancel',
    kid: 'none',
  };
  return values[name]!;
}

/** Returns what names nothing, in the form of what names something. */
function nothingLike(value: string): string {
  if (/^[0-9a-f-]{36}$/.test(value)) return '00000000-0000-4000-8000-000000000000';
  return value.replaceAll('mark', 'none').replace(/^\d+/, '1999');
}

/** An action by itself that reaches something. */
const BARE = { action_ref: 'core.http', parameters: { url: 'http://127.0.0.1:9/' } };

/** A rule about nothing that happens. */
const RULE = { ref: 'examples.rule', pack_ref: 'examples', label: 'x', type: 'never', action_ref: 'core.noop' };

/** A schedule that starts nothing. */
const PAUSED = { workflow: 'core.noop', spec: { every: 86_400 }, paused: true };

/** Bodies for routes that refuse an empty object before they look up what the path names. */
const BODIES: [RegExp, object][] = [
  [/\/signal(\/token)?$/, { name: 'go' }],
  [/respond$/, { option: 'nothing' }],
  [/override$/, { option: 'nothing', reason: 'x' }],
  [/delegate$/, { to: 'ann' }],
  [/backfill$/, { start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:00:01Z' }],
  [/tenants$/, { ref: 'third', label: 'Third' }],
  [/^PUT .*task-queues/, { tenant: 'acme' }],
  [/^PUT .*schedules/, PAUSED],
  [/rules\/\{ref\}\/test$/, { event: { type: 'x' } }],
];

/** The arguments of each tool. */
const ARGUMENTS: Record<string, (tenant: Tenant) => object> = {
  list_executions: () => ({}),
  list_workflows: () => ({}),
  list_rules: () => ({}),
  create_rule: () => ({ ...RULE, ref: 'none.x', pack_ref: 'none' }),
  test_rule: (tenant) => ({ ref: `${MARK[tenant]}.rule`, event: { type: 'x' } }),
  list_inquiries: () => ({}),
  get_execution: (tenant) => ({ id: things[tenant].run.id }),
  wait_for_execution: (tenant) => ({ id: things[tenant].run.id, timeoutSeconds: 1 }),
  retry_execution: (tenant) => ({ id: things[tenant].run.id }),
  delete_execution: (tenant) => ({ id: things[tenant].run.id }),
  cancel_execution: (tenant) => ({ id: things[tenant].run.id }),
  signal_execution: (tenant) => ({ id: things[tenant].run.id, name: 'go' }),
  start_execution: (tenant) => ({ workflow: `${MARK[tenant]}.ask`, version: 'none', idempotencyKey: 'x' }),
  get_workflow: (tenant) => ({ ref: `${MARK[tenant]}.ask` }),
  validate_workflow: () => ({ definition: {} }),
  create_workflow: () => ({
    ref: 'none.x',
    pack_ref: 'none',
    label: 'x',
    version: '1.0.0',
    definition: { tasks: [{ name: 'a', action: 'core.noop' }] },
  }),
  list_actions: () => ({}),
  list_schedules: () => ({}),
  list_events: () => ({}),
  get_event: (tenant) => ({ id: things[tenant].event }),
  replay_event: (tenant) => ({ id: things[tenant].event }),
  update_workflow: (tenant) => ({ ref: `${MARK[tenant]}.ask` }),
  draw_workflow: (tenant) => ({ ref: `${MARK[tenant]}.ask` }),
  draw_execution: (tenant) => ({ id: things[tenant].run.id }),
  simulate_workflow: (tenant) => ({ ref: `${MARK[tenant]}.ask` }),
  get_action: (tenant) => ({ ref: `${MARK[tenant]}.act` }),
  explain_execution: (tenant) => ({ id: things[tenant].run.id }),
  get_execution_logs: (tenant) => ({ id: things[tenant].run.uuid }),
  terminate_execution: (tenant) => ({ id: things[tenant].run.id }),
  pause_execution: (tenant) => ({ id: things[tenant].run.id }),
  resume_execution: (tenant) => ({ id: things[tenant].run.id }),
  skip_task: (tenant) => ({ id: things[tenant].run.id, task: 'nothing' }),
  get_schedule: (tenant) => ({ id: MARK[tenant] }),
  pause_schedule: (tenant) => ({ id: MARK[tenant] }),
  resume_schedule: (tenant) => ({ id: MARK[tenant] }),
  trigger_schedule: (tenant) => ({ id: MARK[tenant] }),
  create_schedule: (tenant) => ({ ...PAUSED, id: `${MARK[tenant]}-made` }),
  replace_schedule: (tenant) => ({ ...PAUSED, id: MARK[tenant] }),
  backfill_schedule: (tenant) => ({ id: MARK[tenant], start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:00:01Z' }),
  delete_schedule: (tenant) => ({ id: MARK[tenant] }),
  get_execution_at: (tenant) => ({ id: things[tenant].run.id, event: 1 }),
  start_bulk_job: (tenant) => ({ verb: 'cancel', ids: [things[tenant].run.id], dryRun: true }),
  get_bulk_job: (tenant) => ({ id: things[tenant].job }),
  abort_bulk_job: (tenant) => ({ id: things[tenant].job }),
  answer_inquiry: (tenant) => ({ id: things[tenant].inquiry, option: 'nothing' }),
  delegate_inquiry: (tenant) => ({ id: things[tenant].inquiry, to: 'ann' }),
};

/** The result of a request: `in` if it was let in, and its answer. */
interface Outcome {
  verdict: string;
  status: number;
  code: string | undefined;
  text: string;
  sent: string;
}

/** Asks as `askOnce` does, again where the machine is too busy to let anybody in. */
const ask = (...asked: Parameters<typeof askOnce>): Promise<Outcome> =>
  until(
    () => askOnce(...asked),
    ({ code }) => code !== 'busy',
  );

/** Asks for an operation of the page about what a tenant has; `rename` changes what it names. */
async function askOnce(
  operation: string,
  headers: Record<string, string>,
  owner: Tenant,
  rename: (value: string) => string = (value) => value,
): Promise<Outcome> {
  if (operation.startsWith('MCP ')) return askTool(operation.slice(4), headers, owner);
  const [method = '', template = ''] = operation.split(' ');
  const path = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(rename(thingOf(template, name, owner))),
  );
  const query = /signal$/.test(template) && !template.includes('executions/') ? '?input=x' : '';
  const option = template.endsWith('/token') && method === 'GET' ? '?option=approved' : '';
  const [, body] = BODIES.find(([pattern]) => pattern.test(operation)) ?? [undefined, {}];
  const hasBody = method === 'POST' || method === 'PUT';
  const reply = await send(harness.api.url + path + query + option, {
    method,
    headers: { ...headers, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  });
  const { status } = reply;
  const sent = path + JSON.stringify(body);
  if (reply.headers.get('content-type')?.startsWith('text/event-stream')) {
    reply.leave();
    return { verdict: 'in', status, code: undefined, text: '', sent };
  }
  const text = await reply.text();
  // Errors of the Automation API have another form.
  const parsed = status < 300 ? {} : JSON.parse(text);
  const { code, details } = parsed.error?.code === undefined ? parsed : parsed.error;
  return { verdict: verdictOf(status, code, details?.permission), status, code, text, sent };
}

async function askTool(tool: string, headers: Record<string, string>, owner: Tenant): Promise<Outcome> {
  const given = ARGUMENTS[tool]!(owner);
  const answer = await callTool(harness.api.url, headers['x-api-key'] ?? 'wrong', tool, given);
  const code = answer.error?.code ?? answer.code;
  const forbidden = code === 'forbidden' || code === 'permission_missing';
  const status = code === 'unauthenticated' ? 401 : forbidden ? 403 : code?.endsWith('_not_found') ? 404 : 200;
  const verdict = verdictOf(status, code, answer.error?.details?.permission);
  return { verdict, status, code, text: JSON.stringify(answer), sent: JSON.stringify(given) };
}

/** Returns whether a request was let in, and what it lacks otherwise. Rules of decisions refuse with other codes. */
function verdictOf(status: number, code: string | undefined, permission: string | undefined): string {
  if (status >= 500) return `${status} ${code}`;
  if (status === 401) return 'who';
  if (permission !== undefined) return `needs ${permission}`;
  if (status === 403 && code === 'forbidden') return 'needs default';
  return 'in';
}

const keyOf = ({ key }: Caller) => ({ 'x-api-key': key });
const hides = (operation: string) => /^\w+ (\/api\/v1)?\/execution\/\{id\}/.test(operation);
const ofOthers = (operation: string) => hides(operation) && /\/(cancel|terminate)$/.test(operation);

/** Returns the result that the page promises for a request about the caller's own tenant. */
function expectedOf({ operation, permission, home }: Need, { name, tenant, allowed }: Caller): string {
  if (permission !== null && !allowed.has(permission)) return hides(operation) ? 'hidden' : `needs ${permission}`;
  if (home && tenant !== 'default') return 'needs default';
  // An admin of the tenant has started it.
  if (ofOthers(operation) && !name.endsWith('admin') && !allowed.has('execution:admin')) return 'needs execution:admin';
  return 'in';
}

// There is no codec without a payload key: test/integration/access/codec.test.ts asks for it.
const operations = needs.filter(({ operation }) => !/^fermata |\/codec\/|\/(mcp|docs|openapi\.json)$/.test(operation));
const closed = operations.filter(({ permission, operation }) => permission !== null || operation.endsWith('/me'));

/** Orders operations: those that end what the other requests are about come last, and those that remove it after them. */
const rank = ({ operation }: Need) =>
  /^DELETE|MCP delete/.test(operation)
    ? 2
    : /\/(cancel|terminate|disable)$|MCP (cancel|terminate)/.test(operation)
      ? 1
      : 0;
const inOrder = closed.toSorted((a, b) => rank(a) - rank(b));

/** Operations that create something of the caller's tenant, and those whose object belongs to no tenant. */
const NAMES_NOTHING =
  /\{(status|enforcement_id|verb)\}|automation\/rules|signing-keys|task-queues|^PUT .*(connections|secrets)/;
const named = (operation: string) =>
  operation.startsWith('MCP ')
    ? !/list_|validate_|create_|start_bulk/.test(operation)
    : operation.includes('{') && !NAMES_NOTHING.test(operation);

/** Lists what an operation reveals to a caller about the other tenant. */
async function revealed(operation: string, caller: Caller): Promise<string[]> {
  const owner = OTHER[caller.tenant];
  const { status, code, text, sent } = await ask(operation, keyOf(caller), owner);
  const wrong: string[] = [];
  const leaks = marks[owner].filter((mark) => text.includes(mark) && !sent.includes(mark));
  if (leaks.length > 0) wrong.push(`tells ${leaks}`);
  // A sealed token is looked at first: whoever cannot open it learns nothing of the run.
  const expected = hides(operation) && operation.endsWith('/signal') ? 400 : 404;
  if (status !== expected) wrong.push(`${status} ${code}`);
  if (operation.startsWith('MCP ') || caller !== adminOf(caller.tenant)) return wrong;
  const nothing = await ask(operation, keyOf(caller), owner, nothingLike);
  if (nothing.status !== status || nothing.code !== code) {
    wrong.push(`what is not there is ${nothing.status} ${nothing.code}`);
  }
  return wrong;
}

describe('every operation of docs/access.md', () => {
  it('is there, and no tool is there beyond it', async () => {
    expect(operations.length).toBeGreaterThan(120);
    const reply = await send(`${harness.api.url}/mcp`, {
      method: 'POST',
      headers: {
        'x-api-key': DEV_KEY,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    const text = await reply.text();
    const { tools } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text).result;
    const listed = operations.flatMap(({ operation }) => (operation.startsWith('MCP ') ? [operation.slice(4)] : []));
    expect(tools.map(({ name }: { name: string }) => name).sort()).toEqual(listed.sort());
    expect(Object.keys(ARGUMENTS).sort()).toEqual(listed.sort());
  });

  it('is allowed by permissions that each role has as the page says, in each tenant', async () => {
    for (const { name, key, allowed } of callers) {
      const { permissions } = (await as(key, 'GET', '/api/v1/me')).body.data;
      expect([name, permissions.sort()]).toEqual([name, [...allowed].sort()]);
    }
  });

  it('is allowed to a role where it is to the one before it', () => {
    const allowed = Object.keys(ROLES).map(permissionsByPage);
    for (const [index, less] of allowed.slice(0, -1).entries()) {
      expect([...less].filter((permission) => !allowed[index + 1]!.has(permission))).toEqual([]);
    }
  });

  it('needs a credential that holds', async () => {
    const wrong: string[] = [];
    const ways = Object.entries(withoutCredential);
    for (const [index, { operation }] of closed.entries()) {
      // Each kind has its turn: what they are told apart by is the same for all operations.
      for (const [which, headers] of [ways[0]!, ways[1 + (index % (ways.length - 1))]!]) {
        const { verdict, code } = await ask(operation, headers, 'default');
        if (verdict !== 'who' || code !== 'unauthenticated') wrong.push(`${operation}, ${which}: ${verdict} ${code}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('knows nothing of the other tenant, whatever one may do', async () => {
    const wrong: string[] = [];
    for (const [index, need] of inOrder.filter(({ operation }) => named(operation)).entries()) {
      const { operation } = need;
      await Promise.all(
        entitledInTurn(need, index).map(async (caller) => {
          const found = await revealed(operation, caller);
          wrong.push(...found.map((what) => `${operation} as ${caller.name}: ${what}`));
        }),
      );
    }
    expect(wrong).toEqual([]);
  });

  it('is allowed to the roles that the page gives its permission, in each tenant, and to nobody else', async () => {
    const wrong: string[] = [];
    for (const [index, need] of inOrder.entries()) {
      const { operation } = need;
      await Promise.all(
        askingInTurn(need, index).map(async (caller) => {
          const { tenant } = caller;
          const { verdict, status, code, text } = await ask(operation, keyOf(caller), tenant);
          const expected = expectedOf(need, caller);
          const found = hides(operation) && verdict === 'in' && status === 404 ? 'hidden' : verdict;
          const tell = (what: string) => wrong.push(`${operation} as ${caller.name}: ${what}`);
          if (found !== expected) tell(`${found} (${status} ${code}) instead of ${expected}`);
          // The page says which operations are about the whole installation.
          const leaks = need.home ? [] : marks[OTHER[tenant]].filter((mark) => text.includes(mark));
          if (leaks.length > 0) tell(`tells ${leaks}`);
        }),
      );
    }
    expect(wrong).toEqual([]);
  });

  it('asks for more where the page says so', async () => {
    const waiting = { action_ref: 'core.wait_signal', parameters: { name: 'go' } };
    const run = await made(DEV_KEY, '/api/v1/executions', waiting);
    const cases: [operation: string, permission: string, send: (key: string) => Promise<Answer>][] = [
      ['POST /api/v1/executions', 'execution:execute', (key) => as(key, 'POST', '/api/v1/executions', BARE)],
      [
        'POST /api/v1/executions/bulk/delete',
        'execution:execute',
        (key) => as(key, 'POST', '/api/v1/executions/bulk/delete', { ids: [1] }),
      ],
      [
        'GET /execution/{id}/cancel',
        'execution:execute',
        (key) => as(key, 'GET', `/execution/${run.workflow_id}/cancel`),
      ],
      [
        'PUT /api/v1/connections/slack/{name}',
        'secret:write',
        (key) => as(key, 'PUT', '/api/v1/connections/slack/x', { secrets: { bot_token: 'x' } }),
      ],
      ['POST /api/v1/rules', 'workflow:write', (key) => as(key, 'POST', '/api/v1/rules', RULE)],
      [
        'POST /api/v1/rules/test',
        'workflow:read',
        (key) => as(key, 'POST', '/api/v1/rules/test', { rule: RULE, recent: 1 }),
      ],
      [
        'GET /api/v1/events/{id}/matches',
        'execution:read',
        (key) => as(key, 'GET', `/api/v1/events/${things.default.event}/matches`),
      ],
    ];
    expect(cases.map(([operation]) => operation)).toEqual(further.map(([operation]) => operation));
    for (const [index, [operation, permission, send]] of cases.entries()) {
      const [, other] = further[index]!;
      for (const permissions of [[permission], [permission, other]]) {
        const body = { subject: `${index} ${permissions}`, permissions };
        const { key } = await made(DEV_KEY, '/api/v1/keys', body);
        const { status, body: answer } = await until(
          () => send(key),
          (answered) => answered.body?.code !== 'busy',
        );
        const verdict = verdictOf(status, answer.code, answer.details?.permission);
        expect([operation, permissions, verdict]).toEqual([
          ...[operation, permissions],
          permissions.length === 2 ? 'in' : `needs ${other}`,
        ]);
      }
    }
  });
});
