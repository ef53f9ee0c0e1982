import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventRuleSchema, RuleRevisionSchema, RuleTestResultSchema, TriggerSchema } from '../../../api/rules/bodies.ts';
import { listRuleFields, pickChanges } from '../../../console/pages/events/rule/rule-fields.ts';
import { createPrincipalStore } from '../../../store/access/principals.ts';
import { createPlannedRuleStore } from '../../../store/rules/planned-rules.ts';
import { createRuleStore } from '../../../store/rules/rules.ts';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

let harness: ApiHarness;
const RULES = '/api/v1/rules';
const TRIGGERS = '/api/v1/triggers';

const DEPLOY = {
  ref: 'ops.deploy',
  pack_ref: 'ops',
  label: 'Deploy',
  version: '1.0.0',
  param_schema: {
    type: 'object',
    properties: { commit: { type: 'string' }, token: { type: 'string', writeOnly: true }, dry: { default: false } },
    required: ['commit', 'dry'],
    additionalProperties: false,
  },
  definition: { tasks: [{ name: 'a', action: 'core.noop' }] },
};
const PAID = {
  ref: 'ops.paid',
  pack_ref: 'ops',
  label: 'Paid',
  type: 'com.example.paid',
  schema: {
    type: 'object',
    properties: { order: { type: 'string' } },
    required: ['order'],
    additionalProperties: false,
  },
  examples: [{ order: 'A-1' }],
};
const rule = (name: string, given: object = {}) => ({
  ref: `ops.${name}`,
  pack_ref: 'ops',
  label: name,
  type: 'com.github.push',
  when: "event.payload.ref == 'refs/heads/main'",
  workflow: 'ops.deploy',
  parameters: { commit: '{{ event.payload.after }}' },
  ...given,
});
const PUSH = { type: 'com.github.push', payload: { ref: 'refs/heads/main', after: '9fceb02' } };

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  harness.call('POST', path, body, { 'x-api-key': DEV_KEY, ...headers });
const put = (path: string, body: object, headers: Record<string, string> = {}) =>
  harness.call('PUT', path, body, { 'x-api-key': DEV_KEY, ...headers });
const codes = (issues: { code: string; path: string }[]) => issues.map(({ code, path }) => `${path} ${code}`);

beforeAll(async () => {
  harness = await createApiHarness('rules', { worker: false });
  await post('/api/v1/packs', { ref: 'ops', label: 'Operations' });
  expect((await post('/api/v1/workflows', DEPLOY)).status).toBe(201);
  expect((await post(TRIGGERS, PAID)).status).toBe(201);
});
afterAll(() => harness.close());

describe('triggers', () => {
  it('are created, listed, changed and deleted', async () => {
    const made = await post(TRIGGERS, { ref: 'ops.ping', pack_ref: 'ops', label: 'Ping' });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/triggers/ops.ping']);
    expect(TriggerSchema.strict().parse(made.body.data)).toMatchObject({
      type: 'ops.ping',
      schema: null,
      examples: [],
    });
    const changed = await put(`${TRIGGERS}/ops.ping`, { schema: { type: 'object' }, examples: [{}] });
    expect(changed.body.data).toMatchObject({ label: 'Ping', schema: { type: 'object' }, examples: [{}] });
    const { body } = await harness.call('GET', `${TRIGGERS}?type=com.example.paid`);
    expect(body).toMatchObject({ data: [{ ref: 'ops.paid' }], meta: { total: 1 } });
    expect((await harness.call('DELETE', `${TRIGGERS}/ops.ping`)).status).toBe(200);
    expect((await harness.call('GET', `${TRIGGERS}/ops.ping`)).body.code).toBe('trigger_not_found');
  });

  it.each([
    [{ type: 'com.example.paid' }, 409, 'trigger_exists'],
    [{ ref: 'ops.paid' }, 409, 'trigger_exists'],
    [{ ref: 'none.x', pack_ref: 'none' }, 404, 'pack_not_found'],
    [{ ref: 'none.x' }, 400, '/ref ref_mismatch'],
    [{ type: 'io.fermata.execution.failed' }, 400, '/type type_reserved'],
    [{ type: 'a.*' }, 400, '/type value_invalid'],
    [{ schema: { type: 'objects' } }, 400, '/schema/type type_invalid'],
    [{ schema: { type: 'object' }, examples: [{}, 3] }, 400, '/examples/1 schema_mismatch'],
  ])('are refused with %j', async (given, status, code) => {
    const answer = await post(TRIGGERS, { ref: 'ops.other', pack_ref: 'ops', label: 'x', ...given });
    const shown = answer.status === 400 ? codes(answer.body.issues)[0] : answer.body.code;
    expect([answer.status, shown]).toEqual([status, code]);
  });

  it('stay while a rule names them', async () => {
    const named = rule('named', {
      type: undefined,
      trigger_ref: 'ops.paid',
      when: undefined,
      parameters: { commit: 'x' },
    });
    expect((await post(RULES, named)).body.data).toMatchObject({ type: 'com.example.paid', trigger_ref: 'ops.paid' });
    const refused = await harness.call('DELETE', `${TRIGGERS}/ops.paid`);
    expect([refused.status, refused.body.code]).toEqual([409, 'trigger_in_use']);
    expect(refused.body.error).toBe('trigger "ops.paid" is used by the rule "ops.named"');
    expect((await harness.call('DELETE', `${RULES}/ops.named`)).status).toBe(200);
  });
});

describe('a rule', () => {
  it('on a type that a trigger declares is checked against the schema of that', async () => {
    const misspelt = rule('typed', { type: 'com.example.paid', when: 'event.payload.orders == 1' });
    const refused = await post(RULES, { ...misspelt, parameters: { commit: 'x' } });
    expect([refused.status, refused.body.code]).toEqual([400, 'rule_invalid']);
    expect(refused.body.issues).toMatchObject([
      { code: 'unknown_name', path: '/when', message: '"event.payload" has no "orders". Did you mean "order"?' },
    ]);
    const pattern = await post(`${RULES}/validate`, {
      ...misspelt,
      type: 'com.example.*',
      parameters: { commit: 'x' },
    });
    expect(pattern.body.data.issues).toEqual([]);
  });

  it('is created, read, listed and deleted', async () => {
    const made = await post(RULES, rule('first', { tags: ['night'] }));
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/rules/ops.first']);
    const data = EventRuleSchema.strict().parse(made.body.data);
    expect(data).toMatchObject({
      ...rule('first'),
      uuid: `f0000000-0000-8002-8000-${data.id.toString(16).padStart(12, '0')}`,
      enabled: true,
      revision: 1,
      owner: expect.any(String),
      counts: { matched: 0, started: 0, suppressed: 0, failed: 0, undefined: 0, last_match: null },
    });
    const read = await harness.call('GET', `${RULES}/ops.first`);
    expect([read.body.data, read.headers.get('etag')]).toEqual([data, made.headers.get('etag')]);
    for (const query of [
      'tags=night,x',
      'workflow=ops.deploy&tags=night',
      'type=com.github.push&search=FIRST',
      'pack_ref=ops&enabled=true&tags=night',
    ]) {
      const { body } = await harness.call('GET', `${RULES}?${query}`);
      expect([query, body.data.map(({ ref }: { ref: string }) => ref), body.meta.total]).toEqual([
        query,
        ['ops.first'],
        1,
      ]);
    }
    expect((await harness.call('GET', `${RULES}?tags=night&enabled=false`)).body.meta.total).toBe(0);
    expect((await post(RULES, rule('first'))).body.code).toBe('rule_exists');
    expect((await harness.call('DELETE', `${RULES}/ops.first`)).body.success).toBe(true);
    expect((await harness.call('GET', `${RULES}/ops.first`)).body.code).toBe('rule_not_found');
    expect((await harness.call('DELETE', `${RULES}/ops.first`)).body.code).toBe('rule_not_found');
  });

  it('has a revision for each change of what decides or starts, and none for others', async () => {
    await post(RULES, rule('kept'));
    const relabelled = await put(`${RULES}/ops.kept`, {
      label: 'Other',
      description: 'why',
      tags: ['x'],
      enabled: false,
    });
    expect(relabelled.body.data).toMatchObject({ revision: 1, label: 'Other', tags: ['x'], enabled: false });
    const changed = await put(`${RULES}/ops.kept`, { when: null, run_tags: ['y'] });
    expect(changed.body.data).toMatchObject({ revision: 2, when: null, run_tags: ['y'], label: 'Other' });
    expect((await put(`${RULES}/ops.kept`, { when: null })).body.data.revision).toBe(2);
    const moved = await put(`${RULES}/ops.kept`, {
      trigger_ref: 'ops.paid',
      parameters: { commit: '{{ event.payload.order }}' },
    });
    expect(moved.body.data).toMatchObject({ revision: 3, trigger_ref: 'ops.paid', type: 'com.example.paid' });
    const back = await put(`${RULES}/ops.kept`, { type: 'com.github.*', parameters: { commit: 'x' } });
    expect(back.body.data).toMatchObject({ revision: 4, trigger_ref: null, type: 'com.github.*' });
    const revisions = (await harness.call('GET', `${RULES}/ops.kept/revisions`)).body.data;
    for (const each of revisions) RuleRevisionSchema.strict().parse(each);
    expect(revisions.map(({ revision, type }: { revision: number; type: string }) => [revision, type])).toEqual([
      [4, 'com.github.*'],
      [3, 'com.example.paid'],
      [2, 'com.github.push'],
      [1, 'com.github.push'],
    ]);
  });

  it('is changed by one of two writers who have seen the same', async () => {
    const tag = (await post(RULES, rule('raced'))).headers.get('etag')!;
    const both = await Promise.all(
      ['a', 'b'].map((label) =>
        put(`${RULES}/ops.raced`, { label, when: `event.subject == '${label}'` }, { 'if-match': tag }),
      ),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = both.find(({ status }) => status === 200)!;
    expect(both.find(({ status }) => status === 412)!.body.code).toBe('precondition_failed');
    expect((await harness.call('GET', `${RULES}/ops.raced`)).body.data).toEqual(winner.body.data);
    // Without a tag, both changes are made.
    await Promise.all([put(`${RULES}/ops.raced`, { label: 'c' }), put(`${RULES}/ops.raced`, { run_tags: ['c'] })]);
    expect((await harness.call('GET', `${RULES}/ops.raced`)).body.data).toMatchObject({ label: 'c', run_tags: ['c'] });
    expect((await put(`${RULES}/ops.raced`, { label: 'd' }, { 'if-match': '*' })).status).toBe(200);
  });

  it('is refused with everything that is wrong, of its structure and its meaning', async () => {
    const body = { ...rule('wrong'), label: 3, when: 'event.data.x', wen: 1, workflow: 'ops.deplyo', pack_ref: 'opz' };
    const expected = [
      '/label type_invalid',
      '/wen unknown_field',
      '/ref ref_mismatch',
      '/pack_ref unknown_pack',
      '/workflow unknown_workflow',
      '/when unknown_name',
    ];
    const refused = await post(RULES, body);
    expect([refused.status, refused.body.code]).toEqual([400, 'rule_invalid']);
    expect(codes(refused.body.issues)).toEqual(expected);
    const { valid, issues } = (await post(`${RULES}/validate`, body)).body.data;
    expect([valid, codes(issues)]).toEqual([false, expected]);
    const update = await put(`${RULES}/ops.kept`, { label: 3, when: 'nope', workflow: 'ops.none', ref: 'ops.x' });
    expect([update.status, update.body.code]).toEqual([400, 'rule_invalid']);
    expect(codes(update.body.issues)).toEqual([
      '/label type_invalid',
      '/ref unknown_field',
      '/workflow unknown_workflow',
      '/when unknown_name',
    ]);
    const parameters = await post(RULES, rule('wrong', { parameters: { commits: 'x' } }));
    expect(codes(parameters.body.issues)).toEqual([
      '/parameters/commits unknown_field',
      '/parameters/commit input_missing',
    ]);
  });

  it('is answered with warnings', async () => {
    const all = await post(RULES, rule('all', { type: '*', when: null, parameters: { commit: 'x' } }));
    expect([all.status, codes(all.body.warnings)]).toEqual([201, ['/type matches_everything']]);
    const valid = await post(`${RULES}/validate`, rule('x', { when: 'not event.payload.draft' }));
    expect([valid.body.data.valid, codes(valid.body.data.warnings)]).toEqual([true, ['/when guard_advised']]);
    await harness.call('DELETE', `${RULES}/ops.all`);
    const warningsOf = async () =>
      codes((await post(`${RULES}/validate`, rule('x', { webhook: 'later' }))).body.data.warnings);
    expect(await warningsOf()).toEqual(['/webhook unknown_webhook']);
    await post('/api/v1/webhooks', { name: 'later', preset: 'bearer' });
    expect(await warningsOf()).toEqual([]);
  });

  it('belongs to who wrote it last, who may start executions', async () => {
    const keyOf = async (subject: string, grants: object) => ({
      'x-api-key': (await post('/api/v1/keys', { subject, ...grants })).body.data.key,
    });
    const ann = await keyOf('ann', { roles: ['author'] });
    const bob = await keyOf('bob', { permissions: ['workflow:read', 'workflow:write'] });
    const cal = await keyOf('cal', { permissions: ['workflow:read', 'workflow:write', 'execution:execute'] });
    await post(RULES, rule('owned'));
    expect((await put(`${RULES}/ops.owned`, { label: 'x' }, ann)).body.data.owner).toBe('ann');
    const refused = await put(`${RULES}/ops.owned`, { label: 'y' }, bob);
    expect([refused.status, refused.body.code, refused.body.details]).toEqual([
      ...[403, 'permission_missing'],
      { permission: 'execution:execute' },
    ]);
    const bare = await post(
      RULES,
      rule('bare', { workflow: undefined, action_ref: 'core.http', parameters: { url: 'http://x' } }),
      cal,
    );
    expect([bare.status, bare.body.details]).toEqual([403, { permission: 'action:execute' }]);
    const { data } = (await harness.call('GET', `${RULES}/ops.owned`)).body;
    expect(data).toMatchObject({ label: 'x', owner: 'ann' });
    const { db } = harness.database;
    const tenant = (await createPrincipalStore(db).findTenant('default'))!.id;
    const authors = async () => (await createRuleStore(db).find(tenant, 'ops.owned'))!.writers.toSorted();
    const before = listRuleFields(data);
    await put(`${RULES}/ops.owned`, pickChanges({ ...before, when: null }, before), ann);
    expect(await authors()).toEqual(['ann', 'dev']);
    await put(`${RULES}/ops.owned`, before, ann);
    expect(await authors()).toEqual(['ann']);
    // The type stays that of its author, also where a trigger declares it.
    const rest = { when: null, workflow: 'ops.deploy', parameters: { commit: 'x' } };
    expect((await put(`${RULES}/ops.owned`, { ...rest, type: 'com.example.paid' })).status).toBe(200);
    expect(await authors()).toEqual(['dev']);
    await put(`${RULES}/ops.owned`, { ...rest, parameters: { commit: 'y' } }, ann);
    expect(await authors()).toEqual(['ann', 'dev']);
  });
});

describe('two tenants', () => {
  it('have rules, triggers and types of their own', async () => {
    await post('/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    const { key } = (await post('/api/v1/keys', { subject: 'eve', tenant: 'acme', roles: ['author'] })).body.data;
    const eve = { 'x-api-key': key };
    await post('/api/v1/packs', { ref: 'ops', label: 'Operations' }, eve);
    await post(RULES, rule('ours'));
    expect((await harness.call('GET', `${RULES}/ops.ours`, undefined, eve)).body.code).toBe('rule_not_found');
    expect((await put(`${RULES}/ops.ours`, { label: 'x' }, eve)).body.code).toBe('rule_not_found');
    expect((await harness.call('DELETE', `${RULES}/ops.ours`, undefined, eve)).body.code).toBe('rule_not_found');
    expect((await harness.call('GET', RULES, undefined, eve)).body.data).toEqual([]);
    expect((await harness.call('GET', TRIGGERS, undefined, eve)).body.data).toEqual([]);
    expect((await post(TRIGGERS, PAID, eve)).status).toBe(201);
    const foreign = await post(RULES, rule('ours'), eve);
    expect(codes(foreign.body.issues)).toEqual(['/workflow unknown_workflow']);
  });
});

describe('a workflow that an enabled rule starts', () => {
  it('is deleted by force alone, which disables the rule', async () => {
    await post('/api/v1/workflows', { ...DEPLOY, ref: 'ops.short' });
    await post(RULES, rule('starts', { workflow: 'ops.short' }));
    const refused = await harness.call('DELETE', '/api/v1/workflows/ops.short');
    expect([refused.status, refused.body.code]).toEqual([409, 'workflow_in_use']);
    expect(refused.body.error).toBe(
      'workflow "ops.short" is started by the rule "ops.starts": use ?force=true to disable it',
    );
    const forced = await harness.call('DELETE', '/api/v1/workflows/ops.short?force=true');
    expect([forced.status, forced.body]).toEqual([200, expect.anything()]);
    expect((await harness.call('GET', `${RULES}/ops.starts`)).body.data).toMatchObject({ enabled: false, revision: 1 });
  });
});

describe('a test', () => {
  it('explains what a stored rule does with an event', async () => {
    await post(RULES, rule('tested', { parameters: { commit: '{{ event.payload.after }}', token: 'hidden' } }));
    const test = async (event: object) => {
      const { status, body } = await post(`${RULES}/ops.tested/test`, { event });
      expect(status, JSON.stringify(body)).toBe(200);
      return RuleTestResultSchema.strict().parse(body.data);
    };
    expect(await test(PUSH)).toEqual({
      matched: true,
      reason: null,
      type: { pattern: 'com.github.push', matched: true },
      webhook: null,
      when: {
        text: 'event.payload.ref == "refs/heads/main"',
        value: true,
        operands: [
          { text: 'event.payload.ref', value: 'refs/heads/main' },
          { text: '"refs/heads/main"', value: 'refs/heads/main' },
        ],
      },
      loop: { depth: 0, chain: [], suppressed: null },
      parameters: { commit: '9fceb02', token: '***' },
      would_start: { workflow: 'ops.deploy', version: '1.0.0', revision: 1, issues: [] },
      dedupe: null,
      throttle: null,
    });
    const reasonFor = async (event: object) => {
      const { matched, reason, would_start } = await test(event);
      return [matched, reason?.code, reason?.path, would_start?.issues.map(({ path }) => path)];
    };
    expect(await reasonFor({ ...PUSH, type: 'x' })).toEqual([false, 'type_mismatch', undefined, undefined]);
    expect(await reasonFor({ type: PUSH.type, payload: { ref: 'x' } })).toEqual([
      false,
      'condition_false',
      undefined,
      undefined,
    ]);
    expect(await reasonFor({ type: PUSH.type })).toEqual([false, 'undefined', 'event.payload.ref', undefined]);
    expect(await reasonFor({ ...PUSH, payload: { ref: 'refs/heads/main' } })).toEqual([
      true,
      'template_error',
      '/parameters/commit',
      undefined,
    ]);
    expect(await reasonFor({ ...PUSH, payload: { ...PUSH.payload, after: 7 } })).toEqual([
      true,
      undefined,
      undefined,
      ['/parameters/commit'],
    ]);
  });

  it('takes a rule that is not stored, and refuses one that is wrong', async () => {
    const { data } = (await post(`${RULES}/test`, { rule: rule('unsaved'), event: PUSH })).body;
    expect(data).toMatchObject({ matched: true, parameters: { commit: '9fceb02' } });
    expect((await harness.call('GET', `${RULES}/ops.unsaved`)).status).toBe(404);
    const wrong = await post(`${RULES}/test`, { rule: rule('unsaved', { when: 'nope' }), event: PUSH });
    expect([wrong.body.code, codes(wrong.body.issues)]).toEqual(['rule_invalid', ['/rule/when unknown_name']]);
    const event = await post(`${RULES}/test`, { rule: rule('unsaved'), event: { payload: 1 } });
    expect(codes(event.body.issues)).toEqual(['/event/type required']);
  });
});

it('a test takes recorded events: one by its id, or the newest of its type', async () => {
  const send = async (payload: object) =>
    (await post('/api/v1/events', { type: 'com.example.seen', payload })).body.data.id as number;
  const ids = [
    await send({ n: 1 }),
    await send({ n: 2 }),
    await send({}),
    await send({ n: 'x' }),
    await send({ n: 9 }),
  ];
  const { key } = (await post('/api/v1/keys', { subject: 'dan', permissions: ['workflow:read'] })).body.data;
  await post('/api/v1/events', { type: 'com.example.other', payload: { n: 9 } });
  const seen = rule('seen', { type: 'com.example.*', when: 'event.payload.n > 1', parameters: { commit: 'x' } });
  const test = (events: object, headers = {}) => post(`${RULES}/test`, { rule: seen, ...events }, headers);
  const one = (await test({ event: ids[1] })).body.data;
  expect(one).toMatchObject({ matched: true, when: { operands: [{ value: 2 }, { value: 1 }] } });
  expect((await test({ event: 999_999 })).body.code).toBe('event_not_found');
  const exact = { ...seen, type: 'com.example.seen' };
  expect((await post(`${RULES}/test`, { rule: exact, recent: 500 })).body.data).toEqual({
    considered: 5,
    limited_by: null,
    matched: [ids[4], ids[1]],
    undefined: 1,
    failed: [{ event: ids[3], reason: expect.objectContaining({ code: 'template_error', path: '/when' }) }],
  });
  expect((await test({ recent: 2 })).body.data).toMatchObject({ considered: 2, matched: [expect.any(Number), ids[4]] });
  for (const events of [{ recent: 2 }, { event: ids[0] }]) {
    const refused = await test(events, { 'x-api-key': key });
    expect([refused.status, refused.body.details]).toEqual([403, { permission: 'execution:read' }]);
  }
  expect((await test({ event: { type: 'x' }, recent: 2 })).body.code).toBe('request_invalid');
  expect((await test({})).body.code).toBe('request_invalid');
});

it('planning reads the enabled rules, a version that grows with each change, and adds to the counts', async () => {
  const { db } = harness.database;
  const planned = createPlannedRuleStore(db);
  const tenant = (await createPrincipalStore(db).findTenant('default'))!.id;
  const version = await planned.version(tenant);
  const { id } = (await post(RULES, rule('planned'))).body.data;
  await post(RULES, rule('off', { enabled: false }));
  const found = (await planned.enabled(tenant)).filter(({ ref }) => ['ops.planned', 'ops.off'].includes(ref));
  expect(found).toMatchObject([{ id, ref: 'ops.planned', revision: 1, content: { type: 'com.github.push' } }]);
  expect(await planned.version(tenant)).toBe(version + 2);
  await planned.count(tenant, [
    { rule: id, matched: 2, started: 1 },
    { rule: 999_999, matched: 1 },
  ]);
  await planned.count(tenant, [{ rule: id, undefined: 3 }]);
  await planned.count('00000000-0000-4000-8000-000000000000', [{ rule: id, failed: 1 }]);
  const { counts, revision } = (await harness.call('GET', `${RULES}/ops.planned`)).body.data;
  expect([counts, revision]).toEqual([
    { matched: 2, started: 1, suppressed: 0, failed: 0, undefined: 3, last_match: expect.any(String) },
    1,
  ]);
  await harness.call('DELETE', `${RULES}/ops.planned`);
  expect(await planned.version(tenant)).toBe(version + 3);
  expect(await planned.version('00000000-0000-4000-8000-000000000000')).toBe(0);
});

it('the examples of docs/rules.md do what the page says', async () => {
  const page = readFileSync('docs/rules.md', 'utf8');
  const blocks = [...page.matchAll(/```(\w+) (\S+ \S+)(?: → (\d+))?\n(.*?)\n```/gs)];
  expect(blocks.length).toBeGreaterThan(4);
  for (const [, kind, request, status, text] of blocks) {
    const [method, path] = request!.split(' ') as [string, string];
    const type = kind === 'yaml' ? 'application/yaml' : 'application/json';
    const response = await fetch(harness.api.url + path, {
      method,
      headers: { 'x-api-key': DEV_KEY, 'content-type': type },
      body: text!,
    });
    expect([request, response.status, await response.clone().text()]).toEqual([
      request,
      Number(status),
      expect.any(String),
    ]);
    const answer = JSON.parse(await response.text());
    const shown = page.split(text!)[1]!.match(/^\n```\n\n```json\n(.*?)\n```/s)?.[1];
    if (shown !== undefined) expect(answer).toMatchObject(JSON.parse(shown));
  }
});
