import { NativeConnection, Worker } from '@temporalio/worker';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

const ACTIONS = '/api/v1/actions';
let harness: ApiHarness;
let connection: NativeConnection;
let worker: Worker;
let working: Promise<void>;

beforeAll(async () => {
  harness = await createApiHarness('actions');
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  // A worker that knows nothing of Fermata: an activity for each action.
  worker = await Worker.create({
    connection,
    namespace: 'actions',
    taskQueue: 'their-queue',
    activities: {
      'shop.greet': async ({ name }: { name: string }) => ({ greeting: `Hello, ${name}` }),
      'shop.wrong': async () => 'text',
    },
  });
  working = worker.run();
  expect((await harness.call('POST', '/api/v1/packs', { ref: 'shop', label: 'Shop' })).status).toBe(201);
});
afterAll(async () => {
  worker.shutdown();
  await working;
  await connection.close();
  await harness.close();
});

const object = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });
const greet = {
  ref: 'shop.greet',
  pack_ref: 'shop',
  label: 'Greet',
  task_queue: 'their-queue',
  timeout: 20,
  param_schema: object({ name: { type: 'string' } }, ['name']),
  out_schema: object({ greeting: { type: 'string' } }, ['greeting']),
};
const start = async (action_ref: string, parameters = {}) =>
  (await harness.call('POST', '/api/v1/executions', { action_ref, parameters, wait: 60 })).body.data;

describe('an action of other workers', () => {
  it('is stored, named by workflows with its schemas, run by its own worker, and checked', async () => {
    const created = await harness.call('POST', ACTIONS, greet);
    expect([created.status, created.headers.get('location')]).toEqual([201, `${ACTIONS}/shop.greet`]);
    expect(created.body.data).toMatchObject({ ...greet, idempotent: false, queue_timeout: 86_400, built_in: false });
    const run = await start('shop.greet', { name: 'Ada' });
    expect([run.status, run.result, run.action]).toEqual(['completed', { greeting: 'Hello, Ada' }, null]);
    expect((await start('shop.greet', { name: 7 })).result).toMatchObject({ error_code: 'INPUT_INVALID' });

    const workflow = (input: object) => ({
      ref: 'shop.flow',
      pack_ref: 'shop',
      label: 'Flow',
      version: '1.0.0',
      definition: { tasks: [{ name: 'hi', action: 'shop.greet', input }], output: '{{ hi.output.greeting }}' },
    });
    const wrong = await harness.call('POST', '/api/v1/workflows', workflow({ nam: 'Ada', name: 7 }));
    expect([wrong.status, wrong.body.issues[0].path]).toEqual([400, '/definition/tasks/0/input/name']);
    expect((await harness.call('POST', '/api/v1/workflows', workflow({ name: 'Bob' }))).status).toBe(201);
    expect((await start('shop.flow')).result).toBe('Hello, Bob');
    const used = await harness.call('DELETE', `${ACTIONS}/shop.greet`);
    expect([used.status, used.body.code, used.body.error]).toEqual([
      ...[409, 'action_in_use', 'action "shop.greet" is used by the workflow "shop.flow"'],
    ]);
  });

  it('whose output is not what its schema says fails its task', async () => {
    const wrong = { ...greet, ref: 'shop.wrong', param_schema: null };
    expect((await harness.call('POST', ACTIONS, wrong)).status).toBe(201);
    expect((await start('shop.wrong')).result).toMatchObject({ error_code: 'OUTPUT_INVALID', task: 'run_wrong' });
    const relaxed = await harness.call('PUT', `${ACTIONS}/shop.wrong`, { out_schema: null, label: 'Any' });
    expect([relaxed.status, relaxed.body.data.out_schema, relaxed.body.data.timeout]).toEqual([200, null, 20]);
    expect((await start('shop.wrong')).result).toBe('text');
    expect((await harness.call('DELETE', `${ACTIONS}/shop.wrong`)).status).toBe(200);
    expect((await harness.call('GET', `${ACTIONS}/shop.wrong`)).body.code).toBe('action_not_found');
  });

  it('stands in the list behind those that are built in', async () => {
    const { body } = await harness.call('GET', `${ACTIONS}?per_page=100`);
    const refs = body.data.map(({ ref }: { ref: string }) => ref);
    expect(refs).toEqual(expect.arrayContaining(['core.http', 'shop.greet']));
    expect([refs.length, refs.at(-1)]).toEqual([body.meta.total, 'shop.greet']);
    const last = await harness.call('GET', `${ACTIONS}?per_page=1&page=${body.meta.total}`);
    expect(last.body.data[0].ref).toBe('shop.greet');
    const core = await harness.call('GET', `${ACTIONS}?pack_ref=core&per_page=100`);
    expect(core.body.data.every((one: { ref: string }) => one.ref.startsWith('core.'))).toBe(true);
    expect((await harness.call('GET', `${ACTIONS}/core.http`)).body.data).toMatchObject({ id: null, built_in: true });
  });

  it.each([
    ['a ref that is taken', { ...greet }, 409, 'action_exists'],
    ['a ref that is built in', { ...greet, ref: 'core.http', pack_ref: 'core' }, 409, 'action_exists'],
    ['the ref of a workflow', { ...greet, ref: 'shop.flow' }, 409, 'action_exists'],
    ['an unknown pack', { ...greet, ref: 'gone.a', pack_ref: 'gone' }, 404, 'pack_not_found'],
    ['a ref of another pack', { ...greet, ref: 'core.a' }, 400, 'request_invalid'],
    ["Fermata's own queue", { ...greet, ref: 'shop.a', task_queue: 'fermata' }, 400, 'request_invalid'],
    ["a queue of Fermata's names", { ...greet, ref: 'shop.a', task_queue: 'fermata-x' }, 400, 'request_invalid'],
    ['a schema that is none', { ...greet, ref: 'shop.a', param_schema: { type: 'nothing' } }, 400, 'request_invalid'],
    ['a time of zero', { ...greet, ref: 'shop.a', timeout: 0 }, 400, 'request_invalid'],
  ])('is refused with %s', async (_, body, status, code) => {
    const answer = await harness.call('POST', ACTIONS, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});

describe('the import of a pack', () => {
  const pack = { ref: 'tools', label: 'Tools' };
  const action = { ...greet, ref: 'tools.greet', pack_ref: 'tools' };
  const workflow = (name: string, task: object) => ({
    ref: `tools.${name}`,
    pack_ref: 'tools',
    label: name,
    version: '1.0.0',
    definition: { tasks: [{ name: 'one', ...task }] },
  });
  const both = [
    workflow('first', { action: 'tools.second' }),
    workflow('second', { action: 'tools.greet', input: { name: 'x' } }),
  ];
  const send = (body: object) => harness.call('POST', '/api/v1/packs/import', body);

  it('makes what is not there, changes what differs, and leaves the rest', async () => {
    const first = await send({ pack, actions: [action], workflows: both });
    expect(first.status, JSON.stringify(first.body)).toBe(200);
    expect(first.body.data).toEqual({
      pack: { ref: 'tools', change: 'created' },
      actions: [{ ref: 'tools.greet', change: 'created' }],
      workflows: [
        { ref: 'tools.first', change: 'created', revision: 1 },
        { ref: 'tools.second', change: 'created', revision: 1 },
      ],
      triggers: [],
      rules: [],
    });
    const changes = async (body: object) => {
      const { data } = (await send(body)).body;
      return [data.pack, ...data.actions, ...data.workflows].map(({ change }) => change);
    };
    const again = { pack, actions: [action], workflows: both };
    expect(await changes(again)).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged']);
    const other = workflow('second', { action: 'tools.greet', input: { name: 'y' } });
    const changed = { pack: { ...pack, label: 'Tool' }, actions: [{ ...action, timeout: 5 }], workflows: [other] };
    expect(await changes(changed)).toEqual(['updated', 'updated', 'updated']);
    expect((await harness.call('GET', '/api/v1/workflows/tools.second')).body.data.revision).toBe(2);
    expect((await harness.call('GET', '/api/v1/workflows/tools.first')).body.data.revision).toBe(1);
  });

  it('takes a folder as a ZIP of YAML files', async () => {
    const files = {
      'zipped/pack.yaml': strToU8('ref: zipped\nlabel: Zipped\n'),
      'zipped/README.md': strToU8('nothing of ours'),
      'zipped/workflows/hello.yaml': strToU8(
        'ref: zipped.hello\nlabel: Hello\nversion: 1.0.0\ndefinition:\n  tasks:\n    - { name: a, action: core.noop }\n',
      ),
    };
    const post = async (body: Uint8Array) => {
      const response = await fetch(`${harness.api.url}/api/v1/packs/import`, {
        method: 'POST',
        body,
        headers: { 'x-api-key': DEV_KEY, 'content-type': 'application/zip' },
      });
      return { status: response.status, body: (await response.json()) as { error: string; data: object } };
    };
    const imported = await post(zipSync(files));
    expect([imported.status, imported.body.data]).toMatchObject([200, { workflows: [{ ref: 'zipped.hello' }] }]);
    expect((await start('zipped.hello')).status).toBe('completed');
    expect(await post(zipSync({ 'a.txt': strToU8('') }))).toMatchObject({
      status: 400,
      body: { error: 'the archive must contain exactly one pack.yaml' },
    });
    expect(await post(strToU8('nothing'))).toMatchObject({
      status: 400,
      body: { error: 'the archive is not a valid ZIP' },
    });
    const damaged = zipSync(files, { level: 0 });
    damaged[Buffer.from(damaged).indexOf('1.0.0')]! ^= 8;
    expect(await post(damaged)).toMatchObject({
      status: 400,
      body: {
        code: 'request_invalid',
        error:
          'the archive contains zipped/workflows/hello.yaml, which is damaged: its CRC-32 is not the one in the directory',
      },
    });
    const bad = await post(zipSync({ ...files, 'zipped/workflows/hello.yaml': strToU8('a: [') }));
    expect([bad.status, bad.body.error.startsWith('zipped/workflows/hello.yaml is not valid YAML: ')]).toEqual([
      400,
      true,
    ]);
    const bomb = await post(zipSync({ ...files, 'zipped/bomb.yaml': new Uint8Array(30_000_000) }));
    expect([bomb.status, bomb.body.error]).toEqual([413, expect.stringMatching(/bytes/)]);
  });

  it('that is refused has changed nothing', async () => {
    const bad = workflow('bad', { action: 'tools.nowhere' });
    const refused = await send({ pack: { ref: 'tools', label: 'Never' }, workflows: [both[0]!, bad] });
    expect([refused.status, refused.body.code]).toEqual([400, 'definition_invalid']);
    expect(refused.body.issues).toMatchObject([{ path: '/workflows/1/definition/tasks/0/action' }]);
    const twice = await send({ pack, workflows: [both[0]!, both[0]!, { ...both[1]!, pack_ref: 'core' }] });
    expect(twice.body.issues.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['/workflows/1/ref', '/workflows/2/pack_ref', '/workflows/2/ref']),
    );
    expect((await harness.call('GET', '/api/v1/packs/tools')).body.data.label).toBe('Tool');
  });
});

describe('task queues', () => {
  it('are used by the tenant whose they are, however an action of another one comes to them', async () => {
    const base = '/api/v1/task-queues';
    const post = (path: string, body: object) => harness.call('POST', path, body);
    await post('/api/v1/tenants', { ref: 'queues', label: 'Queues' });
    const { key } = (await post('/api/v1/keys', { subject: 'boss', tenant: 'queues', roles: ['admin'] })).body.data;
    const theirs = { 'x-api-key': key };
    const ask = async (method: string, path: string, body?: object) => {
      const answer = await harness.call(method, path, body, theirs);
      return { ...answer, told: `${answer.status} ${answer.body.code ?? 'ok'}` };
    };
    await ask('POST', '/api/v1/packs', { ref: 'p', label: 'P' });
    const action = (task_queue: string) => ({ ref: 'p.act', pack_ref: 'p', label: 'x', task_queue });
    const refused = await ask('POST', '/api/v1/actions', action('payroll'));
    expect([refused.told, refused.body.issues[0].path]).toEqual(['400 task_queue_forbidden', '/task_queue']);
    const give = (name: string, tenant: string, headers = {}) =>
      harness.call('PUT', `${base}/${encodeURIComponent(name)}`, { tenant }, headers);
    expect((await give('payroll', 'queues', theirs)).body.code).toBe('forbidden');
    expect((await give('payroll', 'nowhere')).body.code).toBe('tenant_not_found');
    expect((await give('fermata', 'queues')).body.code).toBe('request_invalid');
    const given = await give('pay roll/1', 'queues');
    expect([given.status, given.body.data]).toMatchObject([200, { name: 'pay roll/1', tenant: 'queues' }]);

    expect((await ask('POST', '/api/v1/actions', action('pay roll/1'))).told).toBe('201 ok');
    const fail = { name: 'fails', action: 'core.fail', input: { message: 'x' } };
    const workflow = (ref: string, named: string) => ({
      ref,
      pack_ref: 'p',
      label: 'x',
      version: '1.0.0',
      definition: { tasks: [fail, { name: 'a', action: named }] },
    });
    expect((await ask('POST', '/api/v1/workflows', workflow('p.uses', 'p.act'))).told).toBe('201 ok');
    expect((await ask('POST', '/api/v1/workflows', workflow('p.below', 'p.uses'))).told).toBe('201 ok');
    const spec = { every: 86_400 };
    expect((await ask('POST', '/api/v1/schedules', { id: 's', workflow: 'p.uses', spec, paused: true })).told).toBe(
      '201 ok',
    );
    const run = (await ask('POST', '/api/v1/executions', { workflow: 'p.below', wait: 60 })).body.data;
    expect((await ask('GET', `/api/v1/executions/${run.id}`)).body.data.status).toBe('failed');
    expect((await harness.call('GET', base)).body.data).toContainEqual(given.body.data);
    expect((await ask('GET', base)).told).toBe('403 forbidden');

    // Another tenant's from now on: nothing of the old one comes to it any more.
    await give('pay roll/1', 'default');
    const ways: [string, string, object][] = [
      ['PUT', '/api/v1/actions/p.act', { task_queue: 'payroll' }],
      ['PUT', '/api/v1/actions/p.act', { task_queue: 'acme.x' }],
      ['POST', '/api/v1/packs/import', { pack: { ref: 'p', label: 'P' }, actions: [action('payroll')] }],
      ['POST', '/api/v1/executions', { action_ref: 'p.act' }],
      ['POST', '/api/v1/executions', { workflow: 'p.uses' }],
      ['POST', '/api/v1/executions', { workflow: 'p.below' }],
      ['POST', `/api/v1/executions/${run.id}/retry`, { from: 'start' }],
      ['POST', `/api/v1/executions/${run.id}/retry`, { from: 'failed' }],
      ['POST', '/api/v1/schedules', { id: 't', workflow: 'p.below', spec }],
      ['POST', '/api/v1/schedules/s/trigger', {}],
      ['POST', '/api/v1/schedules/s/resume', {}],
    ];
    for (const [method, path, body] of ways) {
      expect([path, body, (await ask(method, path, body)).told]).toEqual([path, body, '400 task_queue_forbidden']);
    }
    expect((await ask('PUT', '/api/v1/actions/p.act', { task_queue: 'queues.own', label: 'y' })).told).toBe('200 ok');
    expect((await ask('POST', '/api/v1/executions', { workflow: 'p.below' })).told).toBe('201 ok');
    expect((await harness.call('DELETE', `${base}/${encodeURIComponent('pay roll/1')}`)).status).toBe(200);
    expect((await harness.call('DELETE', `${base}/${encodeURIComponent('pay roll/1')}`)).body.code).toBe(
      'task_queue_not_found',
    );
  });
});
