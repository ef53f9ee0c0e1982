import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await createApiHarness('subs');
});
afterAll(() => harness.close());

const WORKFLOWS = '/api/v1/workflows';
const EXECUTIONS = '/api/v1/executions';

async function store(name: string, definition: object, rest: object = {}) {
  return harness.call('POST', WORKFLOWS, {
    ref: `examples.${name}`,
    pack_ref: 'examples',
    label: name,
    version: '1.0.0',
    definition,
    ...rest,
  });
}

async function start(name: string, parameters: object = {}, wait = 0) {
  const answer = await harness.call('POST', EXECUTIONS, { action_ref: `examples.${name}`, parameters, wait });
  expect([answer.status, answer.body.error]).toEqual([201, undefined]);
  return answer.body.data;
}

const get = async (id: number) => (await harness.call('GET', `${EXECUTIONS}/${id}`)).body.data;

const sub = (name: string, of: string, rest: object = {}) => ({ name, action: `examples.${of}`, ...rest });
const give = (name: string, data: unknown, rest: object = {}) => ({
  name,
  action: 'core.transform',
  input: { data },
  ...rest,
});

describe('written', () => {
  it('a workflow that is not there is no action, and its own schema holds for the input', async () => {
    const unknown = await store('nobody', { tasks: [sub('a', 'not_there')] });
    expect([unknown.status, unknown.body.issues[0].code]).toEqual([400, 'unknown_action']);
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    };
    await store('typed', { tasks: [give('a', '{{ n }}')] }, { param_schema: schema });
    const wrong = await store('wrong', { tasks: [sub('a', 'typed', { input: { n: 'one', m: 1 } })] });
    expect(wrong.body.issues.map(({ code, path }: { code: string; path: string }) => [code, path])).toEqual([
      ['input_invalid', '/definition/tasks/0/input/n'],
      ['unknown_field', '/definition/tasks/0/input/m'],
    ]);
    const body = {
      ref: 'examples.self',
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition: { tasks: [sub('a', 'self')] },
    };
    const { data } = (await harness.call('POST', `${WORKFLOWS}/validate`, body)).body;
    expect(data).toMatchObject({ valid: true, issues: [] });
  });
});

describe('run', () => {
  it('each is an execution of its own, of the same tenant and caller, found from both sides', async () => {
    await store('inner', { tasks: [give('double', '{{ workflow.param.n * 2 }}')] });
    await store('outer', { tasks: [sub('a', 'inner', { with_items: [4, 5], input: { n: '{{ item }}' } })] });
    const run = await start('outer', {}, 60);
    expect([run.status, run.result, run.projection]).toEqual(['completed', [8, 10], 'complete']);
    const items = run.tasks.filter(({ item }: { item: number | null }) => item !== null);
    expect(items.map(({ key, id, output }: { key: string; id: null; output: number }) => [key, id, output])).toEqual([
      ['a[0]', null, 8],
      ['a[1]', null, 10],
    ]);
    const child = await get(items[1].child);
    expect(child).toMatchObject({
      action_ref: 'examples.inner',
      status: 'completed',
      result: 10,
      config: { n: 5 },
      version: '1.0.0',
      parent: run.id,
      parent_task: 'a[1]',
      executor: run.executor,
      projection: 'complete',
    });
    const listed = await until(
      async () => (await harness.call('GET', `${EXECUTIONS}?parent=${run.id}`)).body.data,
      (rows: { id: number; status: string }[]) =>
        rows.length === 3 && rows.every(({ status }) => status === 'completed'),
    );
    expect(listed.map(({ id }: { id: number }) => id).sort()).toEqual(
      [run.id + 1, ...items.map(({ child: id }: { child: number }) => id)].sort(),
    );
  });

  it('a run keeps the sub-workflow that was there when it was started', async () => {
    await store('changing', { tasks: [give('a', 'old')] });
    await store('keeps', {
      tasks: [{ name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }, sub('b', 'changing')],
    });
    const run = await start('keeps');
    await harness.call('PUT', `${WORKFLOWS}/examples.changing`, { definition: { tasks: [give('a', 'new')] } });
    await harness.call('POST', `${EXECUTIONS}/${run.id}/signal`, { name: 'go' });
    const closed = await until(
      () => get(run.id),
      ({ status }) => status === 'completed',
    );
    expect(closed.result).toBe('old');
    expect((await start('changing', {}, 60)).result).toBe('new');
  });

  it('a cancel request is passed on and awaited until the sub-workflow has cleaned up', async () => {
    await store('patient', {
      on_cancel: 'undo',
      tasks: [
        { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } },
        { name: 'undo', action: 'core.delay', input: { seconds: 0.3 } },
      ],
    });
    await store('stopped', { on_cancel: 'tell', tasks: [sub('a', 'patient'), give('tell', '{{ a.status }}')] });
    const run = await start('stopped');
    const open = await until(
      () => get(run.id),
      ({ tasks }) => tasks[0]?.started != null,
    );
    expect(open.waiting_for).toMatchObject([{ kind: 'child', task: 'a' }]);
    const { child } = open.tasks[0];
    await until(
      () => get(child),
      ({ status }) => status === 'running',
    );
    await harness.call('POST', `${EXECUTIONS}/${run.id}/cancel`);
    const closed = await until(
      () => get(run.id),
      ({ status }) => status === 'cancelled',
    );
    expect(closed.projection).toBe('complete');
    expect(
      closed.tasks.map(({ key, status, output }: { key: string; status: string; output: unknown }) => [
        key,
        status,
        output,
      ]),
    ).toEqual([
      ['a', 'cancelled', null],
      ['tell', 'completed', 'cancelled'],
    ]);
    const below = await get(child);
    expect([below.status, below.tasks.at(-1).key, below.tasks.at(-1).status]).toEqual([
      'cancelled',
      'undo',
      'completed',
    ]);
  });

  it('one that is cancelled or terminated by itself fails its task', async () => {
    await store('watched', {
      tasks: [sub('a', 'patient', { on_failure: 'tell' }), give('tell', '{{ error.type }}: {{ error.message }}')],
    });
    for (const verb of ['cancel', 'terminate']) {
      const run = await start('watched');
      const open = await until(
        () => get(run.id),
        ({ tasks }) => tasks[0]?.started != null,
      );
      await until(
        () => get(open.tasks[0].child),
        ({ status }) => status === 'running',
      );
      await harness.call('POST', `${EXECUTIONS}/${open.tasks[0].child}/${verb}`);
      const closed = await until(
        () => get(run.id),
        ({ status }) => status === 'completed',
      );
      const ended = verb === 'cancel' ? 'cancelled' : 'terminated';
      expect(closed.result).toEqual({ tell: `cancelled: the workflow "examples.patient" was ${ended}` });
      expect(closed.projection).toBe('complete');
    }
  });

  it('terminating a run terminates what it has started', async () => {
    await store('ended', { tasks: [sub('a', 'patient')] });
    const run = await start('ended');
    const open = await until(
      () => get(run.id),
      ({ tasks }) => tasks[0]?.started != null,
    );
    await harness.call('POST', `${EXECUTIONS}/${run.id}/terminate`);
    await until(
      () => get(open.tasks[0].child),
      ({ status }) => status === 'cancelled',
    );
    expect((await get(run.id)).projection).toBe('complete');
  });

  it('the timeout of the task is that of the run, whose cleanup still runs', async () => {
    await store('hurried', { tasks: [sub('a', 'patient', { timeout: 0.5, retry: { count: 1, delay: 0 } })] });
    const run = await start('hurried', {}, 60);
    expect([run.status, run.result.error_code]).toEqual(['failed', 'TIMEOUT']);
    expect(run.tasks[0].attempts).toHaveLength(2);
    expect(run.tasks[0].status).toBe('timeout');
    const below = await get(run.tasks[0].child);
    expect([below.status, below.tasks.at(-1).key]).toEqual(['timeout', 'undo']);
  });

  it('a workflow that runs itself ends at the eighth level', async () => {
    await store('deep', { tasks: [sub('again', 'deep', { input: { level: '{{ workflow.param.level + 1 }}' } })] });
    const run = await start('deep', { level: 0 }, 60);
    expect(run.status).toBe('failed');
    expect(run.result).toMatchObject({ error_code: 'LIMIT_EXCEEDED' });
    let levels = 0;
    for (let id = run.tasks[0].child; id !== null; levels += 1) id = (await get(id)).tasks[0].child;
    expect(levels).toBe(8);
  });
});

describe('refused when it is started', () => {
  it('a workflow that is disabled, or too many of them', async () => {
    await store('off', { tasks: [give('a', 1)] });
    await store('needs', { tasks: [sub('a', 'off')] });
    await harness.call('PUT', `${WORKFLOWS}/examples.off`, { enabled: false });
    const refused = await harness.call('POST', EXECUTIONS, { action_ref: 'examples.needs' });
    expect([refused.status, refused.body.code]).toEqual([409, 'sub_workflow_invalid']);
    expect(refused.body.error).toContain('"examples.off", which a run can reach, is disabled');
    await store('large', { tasks: [give('a', 'x'.repeat(400_000))] });
    await store('larger', { tasks: [sub('b', 'large'), give('a', 'x'.repeat(400_000))] });
    await store('too_large', { tasks: [sub('b', 'larger')] });
    const large = await harness.call('POST', EXECUTIONS, { action_ref: 'examples.too_large' });
    expect([large.status, large.body.code]).toEqual([409, 'sub_workflow_invalid']);
  });
});
