import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

const BASE = '/api/v1/executions';
let harness: ApiHarness;

beforeAll(async () => {
  harness = await createApiHarness('tasks');
});
afterAll(() => harness.close());

async function define(name: string, definition: object): Promise<void> {
  const body = { ref: `examples.${name}`, pack_ref: 'examples', label: name, version: '1.0.0', definition };
  expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
}

async function start(body: object) {
  const { status, body: answer } = await harness.call('POST', BASE, { wait: 60, ...body });
  expect(status, JSON.stringify(answer)).toBe(201);
  return answer.data;
}

const get = async (path: string) => (await harness.call('GET', path)).body;

describe('a task execution', () => {
  it('is an execution with an id of its own, which its run lists in order of start beside its sub-workflows', async () => {
    await define('child', { tasks: [{ name: 'only', action: 'core.transform', input: { data: 7 } }] });
    await define('tree', {
      tasks: [
        { name: 'a', action: 'core.transform', input: { data: { found: 'it' } } },
        { name: 'sub', action: 'examples.child' },
        { name: 'each', with_items: [1, 2], action: 'core.transform', input: { data: '{{ item }}' } },
        { name: 'bad', action: 'core.fail', input: { message: 'no', type: 'E_NO' } },
      ],
    });
    const run = await start({ action_ref: 'examples.tree', enforcement: 5 });
    const child = run.tasks.find(({ key }: { key: string }) => key === 'sub').child;
    const listed = await until(
      () => get(`${BASE}?parent=${run.id}`),
      ({ data }) => data.length === 5 && data.every(({ status }: { status: string }) => status !== 'running'),
    );
    const summary = listed.data.map(({ id, action_ref, status }: Record<string, unknown>) => [id, action_ref, status]);
    expect(summary).toEqual([
      [run.id + 1, 'core.transform', 'completed'],
      [run.id + 2, 'examples.child', 'completed'],
      [child, 'examples.child', 'completed'],
      [run.id + 3, 'core.transform', 'completed'],
      [run.id + 4, 'core.fail', 'failed'],
    ]);
    expect(listed.pagination.total_items).toBe(5);
    for (const parent of [run.uuid, run.workflow_id]) expect(await get(`${BASE}?parent=${parent}`)).toEqual(listed);
    for (const parent of ['nothing', `wf_${run.id}`]) {
      const { status, body } = await harness.call('GET', `${BASE}?parent=${parent}`);
      expect([status, body.code, body.issues[0].path]).toEqual([400, 'request_invalid', '/parent']);
    }

    const { data: a } = await get(`${BASE}/${run.id + 1}`);
    expect(a).toMatchObject({
      id: run.id + 1,
      parent: run.id,
      task: 'a',
      action: null,
      action_ref: 'core.transform',
      uuid: null,
      config: { data: { found: 'it' } },
      result: { found: 'it' },
      status: 'completed',
      enforcement: 5,
    });
    const { data: bad } = await get(`${BASE}/${run.id + 4}`);
    expect(bad.result).toMatchObject({ error: 'no', error_code: 'E_NO' });
    const { data: each } = await get(`${BASE}/${run.id + 3}`);
    expect(each.tasks.map(({ key, output }: Record<string, unknown>) => [key, output])).toEqual([
      ['each[0]', 1],
      ['each[1]', 2],
    ]);
    const { data: item } = await get(`${BASE}/${run.id}/tasks/${encodeURIComponent('each[1]')}`);
    expect([item.id, item.task, item.result]).toEqual([run.id, 'each[1]', 2]);
    const { data: sub } = await get(`${BASE}/${run.id + 2}`);
    expect((await get(sub._links.child.href)).data).toMatchObject({ id: child, parent: run.id, parent_task: 'sub' });
    expect((await get(sub._links.parent.href)).data.id).toBe(run.id);
    for (const { href } of Object.values<{ href: string }>((await get(`${BASE}/${run.id}`)).data._links)) {
      // A stream, which is tested elsewhere.
      if (href.endsWith('/events')) continue;
      expect((await harness.call('GET', href)).status, href).toBe(200);
    }

    const only = async (query: string) =>
      (await get(`${BASE}?parent=${run.id}&${query}`)).data.map(({ id }: { id: number }) => id - run.id);
    expect(await only('status=failed')).toEqual([4]);
    // The actions of the tasks of a sub-workflow's run count too.
    expect(await only('action_ref=core.t*')).toEqual([1, child - run.id, 3]);
    expect(await only('result_contains=IT')).toEqual([1]);
    expect(await only('pack_name=examples')).toEqual([2, child - run.id]);
    expect(await only('enforcement=6')).toEqual([]);
    expect(await only('page=2&per_page=3')).toEqual([3, 4]);
    const first = await get(`${BASE}?parent=${run.id}&limit=3`);
    expect(await only(`limit=3&cursor=${first.next_cursor}`)).toEqual([3, 4]);
  });

  it('that is not there is 404, and nobody has children', async () => {
    const run = await start({ action_ref: 'core.noop' });
    for (const path of [`${run.id + 9}`, `${run.id}/tasks/nope`, `${run.id}/tasks/run_noop%232`]) {
      const { status, body } = await harness.call('GET', `${BASE}/${path}`);
      expect([path, status, body.code]).toEqual([path, 404, 'execution_not_found']);
    }
    expect((await get(`${BASE}?parent=100`)).data).toEqual([]);
    expect((await get(`${BASE}?parent=${run.id + 1}`)).data).toEqual([]);
  });
});

describe('a start', () => {
  it('can wait, keep what the caller gives it, and say what has led to it', async () => {
    const memo = { ticket: 'OPS-1' };
    const run = await start({ action_ref: 'core.noop', delay: 0.5, mode: 'webhook', memo, wait: 0 });
    expect([run.status, run.memo, run.mode]).toEqual(['scheduled', memo, 'webhook']);
    const done = await until(
      () => get(`${BASE}/${run.id}`),
      ({ data }) => data.status === 'completed',
    );
    expect(Date.parse(done.data.updated) - Date.parse(done.data.created)).toBeGreaterThanOrEqual(500);
    expect([done.data.memo, done.data.mode]).toEqual([memo, 'webhook']);
    expect((await start({ action_ref: 'core.noop', enforcement: 3 })).mode).toBe('trigger');
  });

  it('that waits can be cancelled at once', async () => {
    const run = await start({ action_ref: 'core.noop', delay: 3600, wait: 0 });
    expect((await harness.call('POST', `${BASE}/${run.id}/cancel`, { reason: 'no longer' })).status).toBe(202);
    const { data } = await until(
      () => get(`${BASE}/${run.id}`),
      ({ data: { status } }) => status !== 'canceling',
    );
    expect([data.status, data.tasks]).toEqual(['cancelled', []]);
  });

  it.each([
    ['/delay', { delay: -1 }],
    ['/mode', { mode: 'integrated' }],
    ['/memo', { memo: { a: 'x'.repeat(20_000) } }],
  ])('refuses a wrong %s', async (path, body) => {
    const { status, body: answer } = await harness.call('POST', BASE, { action_ref: 'core.noop', ...body });
    expect([status, answer.code, answer.issues[0].path]).toEqual([400, 'request_invalid', path]);
  });
});

describe('a parameter that is write-only', () => {
  const PASSWORD = 'correct horse battery';
  const hidden = { type: 'string', writeOnly: true };

  it('is used by the tasks, and shown nowhere', async () => {
    const stored = async (name: string, body: object) => {
      const all = { ref: `examples.${name}`, pack_ref: 'examples', label: name, version: '1.0.0', ...body };
      expect((await harness.call('POST', '/api/v1/workflows', all)).status).toBe(201);
    };
    const schema = { type: 'object', properties: { secret: hidden, user: { type: 'string' } } };
    const pin = {
      type: 'object',
      properties: { codes: { type: 'array', items: { type: 'integer', writeOnly: true } } },
    };
    await stored('inner', {
      param_schema: schema,
      definition: {
        tasks: [{ name: 'use', action: 'core.log', input: { message: 'with {{ secret }}' } }],
        output: '{{ secret }}',
      },
    });
    // These know of nothing that is hidden: they get it under another name.
    const plain = (name: string, action: string, input: object) =>
      stored(name, { definition: { tasks: [{ name: 'use', action, input }], output: 'it is {{ token }}' } });
    await plain('deepest', 'core.log', { message: 'with {{ token }}' });
    await plain('plain', 'examples.deepest', { token: '{{ token }}' });
    await stored('hiding', {
      param_schema: { ...schema, properties: { ...schema.properties, pin } },
      definition: {
        tasks: [
          {
            name: 'say',
            action: 'core.transform',
            input: { data: { length: '{{ secret | length }}', url: 'x?p={{ secret }}&u={{ user }}' } },
          },
          { name: 'sub', action: 'examples.inner', input: { secret: "{{ 'another' ~ ' one' }}", user: 'u' } },
          { name: 'plain', action: 'examples.plain', input: { token: '{{ secret }}' } },
          { name: 'end', action: 'core.fail', input: { message: 'no entry for {{ secret }} and {{ pin.codes[0] }}' } },
        ],
      },
    });
    const parameters = { secret: PASSWORD, user: 'ada', pin: { codes: [902104471, 47110815] } };
    const run = await start({ action_ref: 'examples.hiding', parameters });
    expect(run.config).toEqual({ secret: '***', user: 'ada', pin: { codes: ['***', '***'] } });
    expect(run.tasks[0].output).toEqual({ length: PASSWORD.length, url: 'x?p=***&u=ada' });
    expect(run.tasks[1].input.secret).toBe('***');
    // A long number is hidden in texts as well.
    expect(run.result.error).toBe('no entry for *** and ***');
    const [child, unaware] = [run.tasks[1].child, run.tasks[2].child];
    const below = (await get(`${BASE}/${unaware}`)).data;
    expect([below.config, below.result]).toEqual([{ token: '***' }, 'it is ***']);
    const deepest = below.tasks[0].child;
    await until(
      () => get(`${BASE}?status=failed`),
      ({ data }) => data.some(({ id }: { id: number }) => id === run.id),
    );
    const pages = [
      ...[`${BASE}/${run.id}`, `${BASE}/${run.id + 1}`, `${BASE}/${run.id}/logs`, `${BASE}/${run.id}/history`],
      ...[child, unaware, deepest].flatMap((id) => [`${BASE}/${id}`, `${BASE}/${id}/logs`, `${BASE}/${id}/history`]),
      ...[`${BASE}/${deepest}/at/3`, `${BASE}/${deepest}/explain`],
      ...[`/api/v1/automation/executions/${run.uuid}`, `/execution/${run.workflow_id}`, `${BASE}/export?format=json`],
    ];
    for (const page of pages) {
      const text = JSON.stringify(await get(page));
      expect(text, page).not.toContain(PASSWORD);
      expect(text, page).not.toContain('another one');
      expect(text, page).not.toContain('47110815');
      expect(text, page).not.toContain('902104471');
    }
    for (const text of [PASSWORD, 'another one']) {
      const found = await get(`${BASE}?result_contains=${encodeURIComponent(text)}`);
      expect(found.data).toEqual([]);
    }
  });
});
