import { sql } from 'drizzle-orm';
import { afterAll, expect, it } from 'vitest';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import type { RuleTest } from '../../../service/rules/rule-trials.ts';
import { until } from '../support/until.ts';
import { DEPLOY, openOperations } from './operations.ts';

// From an event to a run. There is no worker: what is started stays open.

const { harness, stranger, make, rule, post, get, enforcementsOf } = await openOperations('starts');
afterAll(() => harness.close());

const CLOUD = { specversion: '1.0', source: '/storm' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };

it('starts a run for each rule that matches, in the name of its author, with what the event says', async () => {
  const made = await rule('on_push', {
    type: 'com.git.push',
    when: "event.payload.branch == 'main'",
    parameters: { branch: '{{ event.payload.branch }}', token: '{{ event.payload.token }}' },
    run_tags: ['pushed'],
  });
  await rule('on_any', { type: 'com.git.*', parameters: { branch: '{{ rule.ref }}' } });
  await rule('on_other', { type: 'com.git.push', when: "event.payload.branch == 'next'" });
  await rule('on_absent', { type: 'com.git.push', when: "event.payload.tag == 'v1'" });
  await rule('off', { type: 'com.git.push', enabled: false });
  const sender = (await make('/api/v1/keys', { subject: 'sender', roles: ['operator'] })).key;
  const event = { type: 'com.git.push', payload: { branch: 'main', token: 'hidden value' } };
  const { id } = await post(event, { 'x-api-key': sender });
  const found = await enforcementsOf(id);
  expect(Object.keys(found).sort()).toEqual(['ops.on_any', 'ops.on_push']);
  expect((await get(`/api/v1/events/${id}`)).matches).toBe(2);

  const enforcement = await get(`/api/v1/enforcements/${found['ops.on_push']!.id}`);
  expect(enforcement).toMatchObject({
    rule: made.id,
    rule_ref: 'ops.on_push',
    rule_revision: 1,
    event: id,
    event_type: 'com.git.push',
    status: 'started',
    reason: null,
    workflow: 'ops.deploy',
    attempts: 0,
    parameters: { branch: 'main', token: '***' },
    executions: [found['ops.on_push']!.execution],
  });
  const run = await get(`/api/v1/executions/${enforcement.execution}`);
  const mine = await make('/api/v1/executions', { action_ref: 'core.noop' });
  const cause = {
    by: 'rule',
    event: id,
    event_type: 'com.git.push',
    rule: made.id,
    rule_ref: 'ops.on_push',
    enforcement: enforcement.id,
    webhook: null,
    depth: 0,
  };
  expect(run).toMatchObject({
    action_ref: 'ops.deploy',
    config: { branch: 'main', token: '***', dry: true },
    enforcement: enforcement.id,
    mode: 'trigger',
    tags: ['pushed'],
    executor: mine.executor,
    cause,
  });
  // Whoever has sent the event counts as a starter, as the author of the rule does.
  const { data } = (await harness.call('GET', `/api/v1/executions/${run.id}/history?limit=1`)).body;
  expect(JSON.stringify(data[0])).toMatch(/"starters":\["sender","dev"\]/);

  const ids = async (query: string) =>
    (await get(`/api/v1/executions?${query}`)).map((row: { id: number }) => row.id).sort();
  const both = [found['ops.on_any']!.execution, run.id].sort();
  expect(await ids(`event=${id}`)).toEqual(both);
  expect(await ids('rule=ops.on_push')).toEqual([run.id]);
  expect(await ids(`rule=${made.id}&event=${id}`)).toEqual([run.id]);
  expect(await ids(`rule=ops.on_push&event=${id + 1}`)).toEqual([]);
  expect(await ids('rule=4294967295')).toEqual([]);
  expect(await ids(`enforcement=${enforcement.id}`)).toEqual([run.id]);
  expect((await get('/api/v1/rules/ops.on_push')).counts).toMatchObject({ matched: 1, started: 1, failed: 0 });
  expect((await get('/api/v1/rules/ops.on_absent')).counts).toMatchObject({ matched: 0, undefined: 1 });

  // A retry keeps what began the run.
  await harness.call('POST', `/api/v1/executions/${run.id}/terminate`, {});
  const retried = await until(
    () => harness.call('POST', `/api/v1/executions/${run.id}/retry`, { from: 'start' }),
    ({ status }) => status === 201,
  );
  expect(retried.body.data).toMatchObject({ cause, enforcement: enforcement.id, mode: 'retry', retry_of: run.id });
  const again = await get(`/api/v1/enforcements/${enforcement.id}`);
  expect(again).toMatchObject({ execution: run.id, executions: [run.id, retried.body.data.id] });

  // The Automation API has the rule and the event.
  const automation = await get(`/api/v1/automation/executions/${run.uuid}`);
  expect(automation).toMatchObject({ automation_rule_id: made.uuid, trigger_data: event.payload });
  const listed = (await harness.call('GET', `/api/v1/automation/executions?automation_rule_id=${made.uuid}`)).body;
  expect(listed.data.map((row: { execution_id: string }) => row.execution_id)).toContain(run.uuid);
  expect(listed.data).toHaveLength(2);
  expect(await get(`/api/v1/automation/rules/${made.uuid}`)).toMatchObject({
    ref: 'ops.on_push',
    name: 'on_push',
    kind: 'rule',
    enabled: true,
  });
});

it('a rule starts with what its owner may do now, and says why it starts nothing', async () => {
  const grant = (permissions: string[]) => make('/api/v1/keys', { subject: 'leaver', permissions });
  const { key } = await grant(['workflow:write', 'execution:execute', 'action:execute']);
  const theirs = { 'x-api-key': key };
  const type = 'com.left';
  const made = { pack_ref: 'ops', label: 'x', type };
  await make('/api/v1/rules', { ...made, ref: 'ops.left_flow', workflow: 'ops.deploy' }, theirs);
  const bare = { action_ref: 'core.http', parameters: { url: 'http://127.0.0.1:1' } };
  await make('/api/v1/rules', { ...made, ref: 'ops.left_action', ...bare }, theirs);
  const outcomes = async () => {
    const found = await enforcementsOf((await post({ type })).id);
    return ['ops.left_flow', 'ops.left_action'].map((ref) => found[ref]!.reason?.message ?? found[ref]!.status);
  };
  const turn = (what: string) => harness.call('POST', `/api/v1/principals/leaver/${what}`);
  const lacks = 'leaver, who last changed the rule, does not have the permission "execution:execute"';
  const direct = '"leaver" may not start the action "core.http" directly: the permission "action:execute" is required';
  const gone = 'leaver, who last changed the rule, is disabled';

  expect((await outcomes())[0]).toBe('started');
  await grant(['workflow:write', 'execution:execute']);
  expect(await outcomes()).toEqual(['started', direct]);
  await grant(['workflow:write', 'action:execute']);
  expect(await outcomes()).toEqual([lacks, lacks]);
  await grant(['execution:execute']);
  expect(await outcomes()).toEqual(['started', direct]);
  await turn('disable');
  expect(await outcomes()).toEqual([gone, gone]);
  // Whoever writes the rule anew starts it in their own name.
  await harness.call('PUT', '/api/v1/rules/ops.left_flow', { label: 'Taken over' });
  expect(await outcomes()).toEqual(['started', gone]);
  await turn('enable');
  expect(await outcomes()).toEqual(['started', direct]);
});

it('says why a match starts nothing, and starts what matches next to it', async () => {
  const type = 'com.poison';
  await rule('good', { type });
  await rule('bad_condition', { type, when: 'event.payload.n + 1' });
  await rule('bad_sum', { type, when: "event.payload.n > 'x'" });
  await rule('bad_template', { type, parameters: { branch: '{{ event.payload.gone }}' } });
  await rule('bad_input', { type, parameters: { branch: '{{ event.payload.n }}', more: '{{ event.type }}' } });
  await rule('bad_work', { type, when: 'range(100000) | map("string") | join("") | length > 0' });
  await make('/api/v1/workflows', { ...DEPLOY, ref: 'ops.gone', label: 'Gone' });
  await rule('disabled_workflow', { type, workflow: 'ops.gone' });
  await harness.call('PUT', '/api/v1/workflows/ops.gone', { enabled: false });
  const { id } = await post({ type, payload: { n: 1 } });
  const found = await enforcementsOf(id);
  const reasons = Object.fromEntries(
    Object.entries(found).map(([ref, { status, reason }]) => [
      ref,
      [status, reason?.code ?? null, reason?.path ?? null],
    ]),
  );
  expect(reasons).toEqual({
    'ops.good': ['started', null, null],
    'ops.bad_condition': ['failed', 'condition_not_boolean', '/when'],
    'ops.bad_sum': ['failed', 'template_error', '/when'],
    'ops.bad_template': ['failed', 'template_error', '/parameters/branch'],
    'ops.bad_input': ['failed', 'input_invalid', expect.stringMatching(/^\/parameters/)],
    'ops.bad_work': ['failed', 'template_error', '/when'],
    'ops.disabled_workflow': ['failed', 'workflow_disabled', null],
  });
  expect((await get('/api/v1/rules/ops.bad_input')).counts).toMatchObject({ matched: 1, started: 0, failed: 1 });
  const failed = await get('/api/v1/enforcements?status=failed&reason=input_invalid');
  expect(failed.map((row: { rule_ref: string }) => row.rule_ref)).toEqual(['ops.bad_input']);
  expect((await get(`/api/v1/enforcements/${found['ops.bad_template']!.id}`)).parameters).toBeNull();
});

it('starts the first of the matches with a key, says which one the others repeat, and lets no replay be one', async () => {
  const type = 'com.stock.low';
  const dedupe = { key: '{{ event.payload.item }}', window: 3_600 };
  await rule('restock', { type, dedupe });
  expect((await get('/api/v1/rules/ops.restock')).dedupe).toEqual(dedupe);
  const items = ['tea', 'tea', 'salt', 1, '1', undefined];
  const ids: number[] = [];
  for (const item of items) ids.push((await post({ type, payload: item === undefined ? {} : { item } })).id);
  const found = [];
  for (const id of ids) found.push((await enforcementsOf(id))['ops.restock']!);
  expect(found.map(({ status, reason, duplicate_of }) => [status, reason?.code, duplicate_of])).toEqual([
    ['started', undefined, null],
    ['suppressed', 'duplicate', found[0]!.id],
    ['started', undefined, null],
    ['started', undefined, null],
    ['suppressed', 'duplicate', found[3]!.id],
    ['failed', 'template_error', null],
  ]);
  expect((await get('/api/v1/rules/ops.restock')).counts).toMatchObject({ matched: 6, started: 3, suppressed: 2 });
  const test = async (event: unknown) => (await make('/api/v1/rules/ops.restock/test', { event })) as RuleTest;
  expect(await test({ type, payload: { item: 'tea' } })).toMatchObject({
    matched: true,
    reason: { code: 'duplicate' },
    would_start: null,
    dedupe: { key: 'tea', duplicate_of: found[0]!.id },
  });
  // A test of a recorded event says what planning has done.
  const again = await Promise.all(ids.map(test));
  expect(again.map(({ reason, dedupe: key }) => [reason?.code, key?.duplicate_of])).toEqual([
    [undefined, null],
    ['duplicate', found[0]!.id],
    [undefined, null],
    [undefined, null],
    ['duplicate', found[3]!.id],
    ['template_error', undefined],
  ]);
});

it('queues or skips what a throttle holds back, until a new revision lets it go, and starts an ordered rule in order', async () => {
  const type = 'com.storm';
  await rule('queued', { type, throttle: { limit: 2, per: 3_600 } });
  await rule('skipped', { type, throttle: { limit: 2, per: 3_600, policy: 'skip' } });
  await rule('in_order', { type, ordered: true });
  const batch = Array.from({ length: 8 }, (_, at) => ({ ...CLOUD, type, id: `s${at}` }));
  const sent = await make('/api/v1/events', batch, BATCH);
  const of = async (name: string) =>
    ((await get(`/api/v1/enforcements?rule=ops.${name}`)) as EnforcementSummary[]).toReversed();
  const started = (count: number) => (rows: EnforcementSummary[]) =>
    rows.length === 8 && rows.filter(({ status }) => status === 'started').length === count;
  const queued = await until(() => of('queued'), started(2));
  expect(queued.map(({ status, not_before: notBefore }) => [status, notBefore !== null])).toEqual([
    ...Array(2).fill(['started', false]),
    ...Array(6).fill(['pending', true]),
  ]);
  const skipped = await until(() => of('skipped'), started(2));
  expect(skipped.map(({ status, reason }) => reason?.code ?? status)).toEqual([
    ...Array(2).fill('started'),
    ...Array(6).fill('throttled'),
  ]);
  const inOrder = await until(() => of('in_order'), started(8));
  expect(inOrder.map(({ event }) => event)).toEqual(sent.map(({ id }: { id: number }) => id));
  const runs = inOrder.map(({ execution }) => execution!);
  expect(runs).toEqual(runs.toSorted((a, b) => a - b));
  const { reason, throttle } = await make('/api/v1/rules/ops.skipped/test', { event: { type } });
  expect([reason.code, throttle]).toEqual([
    'throttled',
    { limit: 2, per: 3_600, policy: 'skip', taken: 2, not_before: null },
  ]);
  const next = (await make('/api/v1/rules/ops.queued/test', { event: { type } })).throttle.not_before;
  expect(Date.parse(next) - Date.parse(queued.at(-1)!.not_before!)).toBe(3_600_000);
  await harness.call('PUT', '/api/v1/rules/ops.queued', { throttle: null });
  await until(() => of('queued'), started(8));
});

it('stops what is pending when its rule is disabled or deleted', async () => {
  const type = 'com.late';
  await rule('to_disable', { type });
  await rule('to_delete', { type });
  // Nothing is started while this lasts, as while Temporal is down.
  await harness.database.db.execute(sql`create function not_now() returns trigger language plpgsql as $$
    begin new.not_before := now() + interval '1 hour'; return new; end $$`);
  await harness.database.db.execute(
    sql`create trigger not_now before insert on enforcements for each row execute function not_now()`,
  );
  const { id } = await post({ type });
  await until(
    () => get(`/api/v1/enforcements?event=${id}`),
    (rows: unknown[]) => rows.length === 2,
  );
  await harness.database.db.execute(sql`drop function not_now cascade`);
  await harness.call('PUT', '/api/v1/rules/ops.to_disable', { enabled: false });
  await harness.call('DELETE', '/api/v1/rules/ops.to_delete');
  await harness.database.db.execute(sql`update enforcements set not_before = null`);
  const found = await enforcementsOf(id);
  expect(found['ops.to_disable']).toMatchObject({
    status: 'suppressed',
    reason: { code: 'rule_disabled' },
    execution: null,
  });
  expect(found['ops.to_delete']).toMatchObject({ status: 'suppressed', reason: { code: 'rule_deleted' } });
  expect((await get(`/api/v1/enforcements/${found['ops.to_delete']!.id}`)).parameters).toBeNull();
});

it('keeps the rules, events and enforcements of tenants apart', async () => {
  await rule('mine', { type: 'com.mine' });
  const { id } = await post({ type: 'com.mine' });
  const theirs = await post({ type: 'com.mine' }, { 'x-api-key': stranger });
  const mine = (await enforcementsOf(id))['ops.mine']!;
  const as = (path: string) => harness.call('GET', path, undefined, { 'x-api-key': stranger });
  await until(
    () => as(`/api/v1/events/${theirs.id}`),
    ({ body }) => body.data.state === 'planned',
  );
  expect((await as(`/api/v1/events/${theirs.id}`)).body.data.matches).toBe(0);
  expect((await as('/api/v1/enforcements')).body.data).toEqual([]);
  expect((await as(`/api/v1/executions?event=${id}`)).body.data).toEqual([]);
  for (const number of [mine.id, 42, 0]) {
    expect(await as(`/api/v1/enforcements/${number}`)).toMatchObject({
      status: 404,
      body: { code: 'enforcement_not_found' },
    });
  }
});
