import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

let harness: ApiHarness;
const PACKS = '/api/v1/packs';
const WORKFLOWS = '/api/v1/workflows';
beforeAll(async () => {
  harness = await createApiHarness('packs');
});
afterAll(() => harness.close());

const noop = { tasks: [{ name: 'a', action: 'core.noop' }] };
const workflow = (name: string, pack: string) => ({
  ref: `${pack}.${name}`,
  pack_ref: pack,
  label: name,
  version: '1.0.0',
  definition: noop,
});

describe('packs', () => {
  it('are created, listed, changed and deleted once they are empty', async () => {
    const made = await harness.call('POST', PACKS, { ref: 'ops', label: 'Operations', tags: ['night'] });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/packs/ops']);
    expect(made.body.data).toMatchObject({
      ref: 'ops',
      label: 'Operations',
      description: null,
      version: null,
      tags: ['night'],
    });
    const twice = await harness.call('POST', PACKS, { ref: 'ops', label: 'Again' });
    expect([twice.status, twice.body.code]).toEqual([409, 'pack_exists']);
    const changed = await harness.call('PUT', `${PACKS}/ops`, { description: 'At night', version: '1.0.0' });
    expect(changed.body.data).toMatchObject({
      label: 'Operations',
      description: 'At night',
      version: '1.0.0',
      tags: ['night'],
    });
    const { body } = await harness.call('GET', `${PACKS}?per_page=100`);
    expect(body.data.map(({ ref }: { ref: string }) => ref)).toContain('ops');
    expect(body.meta).toMatchObject({ page: 1, total: body.data.length, total_pages: 1 });
    expect((await harness.call('POST', WORKFLOWS, workflow('rotate', 'ops'))).status).toBe(201);
    const held = await harness.call('DELETE', `${PACKS}/ops`);
    expect([held.status, held.body.code]).toEqual([409, 'pack_in_use']);
    await harness.call('DELETE', `${WORKFLOWS}/ops.rotate`);
    expect((await harness.call('DELETE', `${PACKS}/ops`)).body.success).toBe(true);
    expect((await harness.call('GET', `${PACKS}/ops`)).body.code).toBe('pack_not_found');
  });

  it('with built-in actions stay', async () => {
    const refused = await harness.call('DELETE', `${PACKS}/slack`);
    expect([refused.status, refused.body.code]).toEqual([409, 'pack_in_use']);
  });

  it.each([
    [{ label: 'x' }, '/ref'],
    [{ ref: 'Ops', label: 'x' }, '/ref'],
    [{ ref: 'ops', label: '' }, '/label'],
    [{ ref: 'ops', label: 'x', owner: 'me' }, '/owner'],
  ])('are refused with %j', async (body, path) => {
    const answer = await harness.call('POST', PACKS, body);
    expect([answer.status, answer.body.issues[0].path]).toEqual([400, path]);
  });
});

describe('revisions', () => {
  it('are listed, newest first, and only content makes one', async () => {
    await harness.call('POST', WORKFLOWS, workflow('versioned', 'examples'));
    await harness.call('PUT', `${WORKFLOWS}/examples.versioned`, { label: 'Another label' });
    const definition = { tasks: [{ name: 'b', action: 'core.noop' }] };
    await harness.call('PUT', `${WORKFLOWS}/examples.versioned`, { version: '1.1.0', definition });
    const { data } = (await harness.call('GET', `${WORKFLOWS}/examples.versioned/versions`)).body;
    expect(data).toMatchObject([
      { revision: 2, version: '1.1.0' },
      { revision: 1, version: '1.0.0' },
    ]);
    expect(data[0].hash).not.toBe(data[1].hash);
    const first = await harness.call('GET', `${WORKFLOWS}/examples.versioned?version=1.0.0`);
    expect(first.body.data.definition).toEqual(noop);
    expect((await harness.call('GET', `${WORKFLOWS}/examples.nope/versions`)).status).toBe(404);
  });

  it('are guarded by the entity tag: who has not seen the last change changes nothing', async () => {
    const url = `${WORKFLOWS}/examples.guarded`;
    const created = await harness.call('POST', WORKFLOWS, workflow('guarded', 'examples'));
    const tag = created.headers.get('etag')!;
    expect((await harness.call('GET', url)).headers.get('etag')).toBe(tag);
    const mine = await harness.call('PUT', url, { label: 'mine' }, { 'if-match': tag });
    expect(mine.status).toBe(200);
    expect(mine.headers.get('etag')).not.toBe(tag);
    const yours = await harness.call('PUT', url, { label: 'yours' }, { 'if-match': tag });
    expect([yours.status, yours.body.code]).toEqual([412, 'precondition_failed']);
    expect((await harness.call('GET', url)).body.data.label).toBe('mine');
    expect((await harness.call('PUT', url, { label: 'any' }, { 'if-match': '*' })).status).toBe(200);
    expect((await harness.call('PUT', url, { label: 'none' })).status).toBe(200);
  });
});

it('POST /workflows/{ref}/execute starts a run of that workflow', async () => {
  await harness.call('POST', WORKFLOWS, workflow('run_me', 'examples'));
  const url = `${WORKFLOWS}/examples.run_me/execute`;
  const key = { 'idempotency-key': 'k' };
  const { status, body, headers } = await harness.call(
    'POST',
    url,
    { parameters: { x: 1 }, tags: ['t'], wait: 60 },
    key,
  );
  expect([status, body.data.action_ref, body.data.status, body.data.config]).toEqual([
    201,
    'examples.run_me',
    'completed',
    { x: 1 },
  ]);
  expect(headers.get('location')).toBe(`/api/v1/executions/${body.data.id}`);
  const again = await harness.call('POST', url, { parameters: { x: 1 }, tags: ['t'] }, key);
  expect(again.body.data.id).toBe(body.data.id);
  const both = await harness.call('POST', url, { parameters: {}, input: {} });
  expect([both.status, both.body.issues[0].path]).toEqual([400, '/input']);
  const named = await harness.call('POST', url, { action_ref: 'core.noop' });
  expect([named.status, named.body.issues[0].code]).toEqual([400, 'unknown_field']);
  const empty = await fetch(harness.api.url + url, { method: 'POST', headers: { 'x-api-key': DEV_KEY } });
  expect(empty.status).toBe(201);
});

describe('an import that prunes', () => {
  const BASE = '/api/v1/packs/import';
  const workflow = (name: string, action = 'core.noop') => ({
    ref: `pruned.${name}`,
    pack_ref: 'pruned',
    label: name,
    version: '1.0.0',
    definition: { tasks: [{ name: 'a', action }] },
  });
  const action = (name: string) => ({ ref: `pruned.${name}`, pack_ref: 'pruned', label: name, task_queue: 'q' });
  const bring = async (query: string, workflows: object[], actions: object[] = [], label = 'Pruned') => {
    const pack = { ref: 'pruned', label };
    const { status, body } = await harness.call('POST', `${BASE}${query}`, { pack, actions, workflows });
    const changes = (list: { ref: string; change: string }[]) =>
      list.map(({ ref, change }) => `${ref.slice(7)} ${change}`);
    return status === 200 ? [...changes(body.data.actions), ...changes(body.data.workflows)] : body;
  };
  const left = async () => {
    const { body } = await harness.call('GET', '/api/v1/packs/pruned/export');
    return [...body.data.actions, ...body.data.workflows].map(({ ref }: { ref: string }) => ref.slice(7));
  };

  it('deletes what is not given, workflows with their runs, and only when it is asked to', async () => {
    await bring('', [workflow('one'), workflow('two', 'pruned.act')], [action('act')]);
    const run = (
      await harness.call('POST', '/api/v1/executions', { action_ref: 'pruned.one', parameters: {}, wait: 60 })
    ).body.data;
    expect(await bring('', [workflow('three')])).toEqual(['three created']);
    expect(await left()).toEqual(['act', 'one', 'three', 'two']);
    const deleted = ['act deleted', 'three unchanged', 'one deleted', 'two deleted'];
    expect(await bring('?prune=true&dry_run=true', [workflow('three')])).toEqual(deleted);
    const body = { pack: { ref: 'pruned', label: 'Pruned' }, workflows: [workflow('three')] };
    const told = await harness.call('POST', `${BASE}?prune=true&dry_run=true`, body);
    expect(told.body.data.workflows).toMatchObject([{ ref: 'pruned.three' }, { executions: 1 }, { executions: 0 }]);
    expect(await left()).toEqual(['act', 'one', 'three', 'two']);
    expect(await bring('?prune=true', [workflow('three')])).toEqual(deleted);
    expect(await left()).toEqual(['three']);
    expect((await harness.call('GET', `/api/v1/executions/${run.id}`)).status).toBe(404);
  });

  it('changes nothing at all when one thing cannot be', async () => {
    await bring('', [workflow('three')], [action('used')]);
    const other = { ...workflow('x', 'pruned.used'), ref: 'examples.user', pack_ref: 'examples' };
    expect((await harness.call('POST', '/api/v1/workflows', other)).status).toBe(201);
    const refused = await bring('?prune=true', [workflow('four')], [action('new')], 'Renamed');
    expect(refused).toMatchObject({ status: 409, code: 'action_in_use' });
    expect(await left()).toEqual(['used', 'three']);
    expect((await harness.call('GET', '/api/v1/packs/pruned')).body.data.label).toBe('Pruned');
    const waits = {
      ...workflow('three'),
      definition: { tasks: [{ name: 'a', action: 'core.wait_signal', input: { name: 'go' } }] },
    };
    await bring('', [waits], [action('used')]);
    const { id } = (await harness.call('POST', '/api/v1/executions', { action_ref: 'pruned.three' })).body.data;
    // A dry run refuses what the import would refuse.
    for (const query of ['?prune=true&dry_run=true', '?prune=true']) {
      expect(await bring(query, [], [action('used')])).toMatchObject({
        status: 409,
        code: 'workflow_in_use',
        error: 'workflow "pruned.three" has 1 open execution: use ?force=true to terminate them',
      });
    }
    expect(await bring('?prune=true&dry_run=true&force=true', [], [action('used')])).toContain('three deleted');
    await harness.call('POST', `/api/v1/executions/${id}/terminate`, {});
  });
});

describe('triggers and rules of a pack', () => {
  const trigger = { ref: 'bell.rang', pack_ref: 'bell', label: 'It rang', schema: { type: 'object' }, examples: [{}] };
  const rule = {
    ref: 'bell.answer',
    pack_ref: 'bell',
    label: 'Answer',
    trigger_ref: 'bell.rang',
    when: "event.source == 'door'",
    workflow: 'bell.open',
    dedupe: { key: '{{ event.event_id }}', window: 60 },
    throttle: { limit: 5, per: 60, policy: 'skip' },
    ordered: true,
  };
  const whole = {
    pack: { ref: 'bell', label: 'Bell' },
    triggers: [trigger],
    workflows: [workflow('open', 'bell')],
    rules: [rule],
  };
  const send = async (body: object, query = '') => {
    const { status, body: answer } = await harness.call('POST', `${PACKS}/import${query}`, body);
    return { status, answer };
  };
  const changes = ({ answer }: Awaited<ReturnType<typeof send>>) =>
    ['triggers', 'workflows', 'rules'].map((kind) =>
      answer.data[kind].map(({ ref, change }: { ref: string; change: string }) => `${ref} ${change}`),
    );

  it('are imported, may name each other before they are stored, and are exported as they were given', async () => {
    const dry = await send(whole, '?dry_run=true');
    expect(changes(dry)).toEqual([['bell.rang created'], ['bell.open created'], ['bell.answer created']]);
    expect((await harness.call('GET', '/api/v1/rules/bell.answer')).status).toBe(404);
    expect(changes(await send(whole))).toEqual([['bell.rang created'], ['bell.open created'], ['bell.answer created']]);
    expect(changes(await send(whole))).toEqual([
      ['bell.rang unchanged'],
      ['bell.open unchanged'],
      ['bell.answer unchanged'],
    ]);
    const exported = (await harness.call('GET', `${PACKS}/bell/export`)).body.data;
    expect(exported).toEqual({ ...whole, actions: [] });
    const held = await harness.call('DELETE', `${PACKS}/bell`);
    expect([held.status, held.body.code]).toEqual([409, 'pack_in_use']);
  });

  it('are changed as far as they differ, and a rule stays disabled unless the import says otherwise', async () => {
    await harness.call('PUT', '/api/v1/rules/bell.answer', { enabled: false });
    expect(changes(await send(whole))[2]).toEqual(['bell.answer unchanged']);
    const other = { ...whole, triggers: [{ ...trigger, label: 'Ding' }], rules: [{ ...rule, when: 'true' }] };
    const changed = await send(other);
    expect(changes(changed)).toEqual([['bell.rang updated'], ['bell.open unchanged'], ['bell.answer updated']]);
    expect(changed.answer.warnings).toEqual([
      expect.objectContaining({
        code: 'condition_constant',
        path: '/rules/0/when',
        message: expect.stringContaining('in "bell.answer": '),
      }),
    ]);
    const stored = (await harness.call('GET', '/api/v1/rules/bell.answer')).body.data;
    expect(stored).toMatchObject({ enabled: false, when: 'true', revision: 2 });
    await send({ ...whole, rules: [{ ...rule, enabled: true }] });
    expect((await harness.call('GET', '/api/v1/rules/bell.answer')).body.data).toMatchObject({
      enabled: true,
      revision: 3,
    });
  });

  it('are refused together with everything else that is wrong', async () => {
    const { status, answer } = await send({
      ...whole,
      triggers: [{ ...trigger, type: 'bell.other', examples: [3] }],
      rules: [
        { ...rule, when: 'nope' },
        { ...rule, ref: 'bell.more', workflow: 'bell.none' },
        { ...rule, ref: 'bell.more' },
      ],
    });
    const found = answer.issues.map(({ code, path }: { code: string; path: string }) => `${path} ${code}`);
    expect([status, answer.code, found]).toEqual([
      ...[400, 'rule_invalid'],
      [
        '/triggers/0/examples/0 schema_mismatch',
        '/rules/2/ref duplicate',
        '/triggers/0/type value_invalid',
        '/rules/0/when unknown_name',
        '/rules/1/workflow unknown_workflow',
      ],
    ]);
    expect(answer.issues.at(-1).message).toMatch(/^in "bell.more": unknown workflow "bell.none"/);
    const shape = await send({ ...whole, rules: [{ ...rule, label: 1 }] });
    expect([shape.answer.code, shape.answer.issues[0].path]).toEqual(['request_invalid', '/rules/0/label']);
  });

  it('are pruned backwards; what other packs start stays', async () => {
    await send({ pack: { ref: 'door', label: 'Door' }, rules: [{ ...rule, ref: 'door.opens', pack_ref: 'door' }] });
    const none = { pack: whole.pack };
    const started = await send(none, '?prune=true');
    expect([started.status, started.answer.code]).toEqual([409, 'workflow_in_use']);
    expect(started.answer.error).toContain('"bell.open" is started by the rule "door.opens"');
    const named = await send(none, '?prune=true&force=true');
    expect([named.status, named.answer.code]).toEqual([409, 'trigger_in_use']);
    expect((await harness.call('GET', '/api/v1/rules/door.opens')).body.data.enabled).toBe(true);
    const kept = { ...whole, rules: [rule] };
    const gone = await send({ ...kept, workflows: [] }, '?prune=true&force=true');
    expect(gone.answer.issues.map(({ code, path }: { code: string; path: string }) => `${path} ${code}`)).toEqual([
      '/rules/0/workflow unknown_workflow',
    ]);
    const rest = await send({ ...none, triggers: [trigger] }, '?prune=true&force=true');
    expect(changes(rest)).toEqual([['bell.rang unchanged'], ['bell.open deleted'], ['bell.answer deleted']]);
    expect((await harness.call('GET', '/api/v1/rules/door.opens')).body.data.enabled).toBe(false);
    await harness.call('DELETE', '/api/v1/rules/door.opens');
    expect(changes(await send(none, '?prune=true'))[0]).toEqual(['bell.rang deleted']);
  });
});
