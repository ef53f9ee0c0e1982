import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
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
      ({ data }) =>
        data.length === 5 && data.every(({ status }: { status: string }) => ['completed', 'failed'].includes(status)),
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
    expect([sub.child, sub.skipped_by, sub.ended >= sub.created]).toEqual([child, null, true]);
    expect([item.child, run.child, run.ended, run.skipped_by]).toEqual([null, undefined, undefined, undefined]);
    expect((await get(sub._links.parent.href)).data.id).toBe(run.id);
    for (const { href } of Object.values<{ href: string }>((await get(`${BASE}/${run.id}`)).data._links)) {
      // A stream, which is tested elsewhere.
      if (href.endsWith('/events')) continue;
      expect((await harness.call('GET', href)).status, href).toBe(200);
    }

    // A value of a task by itself, as a file where that is asked for.
    expect(await get(`${BASE}/${run.id}/tasks/a/input`)).toEqual({ data: { found: 'it' } });
    const file = await harness.call(
      'GET',
      `${BASE}/${run.id}/tasks/${encodeURIComponent('each[1]')}/output?download=1`,
    );
    expect(file.body).toBe(2);
    expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${run.id}-each_1_-output.json"`);
    expect(file.headers.get('content-type')).toBe('application/json');
    expect(await get(`${BASE}/${run.id}/tasks/bad/output`)).toBeNull();
    expect((await harness.call('GET', `${BASE}/${run.id}/tasks/none/input`)).body.code).toBe('execution_not_found');
    expect([run.config_bytes, run.result_bytes]).toEqual([2, JSON.stringify(run.result).length]);
    expect([a.config_bytes, a.result_bytes, a.last_event]).toEqual([23, 14, run.last_event]);
    const { data: history } = await get(`${BASE}/${run.id}/history?limit=1000`);
    expect(run.last_event).toBe(history.length);
    const rows = (await get(`${BASE}/${run.id}/tasks?parent_key=*`)).data as {
      key: string;
      events: Record<'scheduled' | 'ended', number | null>;
    }[];
    const typesOf = Object.fromEntries(
      rows.map(({ key, events }) => [
        key,
        [events.scheduled, events.ended].map((event) => event && history[event - 1].event_type),
      ]),
    );
    const started = ['StartChildWorkflowExecutionInitiated', 'ChildWorkflowExecutionCompleted'];
    expect(typesOf.sub).toEqual(started);
    // The others run within the workflow.
    expect(typesOf).toMatchObject({ a: [null, null], each: [null, null], 'each[0]': [null, null], bad: [null, null] });

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
    expect((await get(`${BASE}/${run.id}/tasks`)).data).toMatchObject([{ key: 'run_noop', status: 'completed' }]);
    for (const query of ['limit=501', 'status=done', 'cursor=x', 'order=up', 'page=2']) {
      const { status, body } = await harness.call('GET', `${BASE}/${run.id}/tasks?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, 'request_invalid']);
    }
    for (const path of [
      `${run.id + 9}/tasks`,
      `${run.id + 9}`,
      `${run.id}/tasks/nope`,
      `${run.id}/tasks/run_noop%232`,
    ]) {
      const { status, body } = await harness.call('GET', `${BASE}/${path}`);
      expect([path, status, body.code]).toEqual([path, 404, 'execution_not_found']);
    }
    expect((await get(`${BASE}?parent=100`)).data).toEqual([]);
    expect((await get(`${BASE}?parent=${run.id + 1}`)).data).toEqual([]);
  });
});

describe('an execution with more tasks than one answer shows', () => {
  const COUNT = 1_200;
  const HIDDEN = 'another secret one';
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they just asked for
  let run: any;

  beforeAll(async () => {
    const param_schema = { type: 'object', properties: { secret: { type: 'string', writeOnly: true } } };
    const child = { tasks: [{ name: 'only', action: 'core.noop' }] };
    const hiding = { ref: 'examples.hides', pack_ref: 'examples', label: 'hides', version: '1.0.0', param_schema };
    expect((await harness.call('POST', '/api/v1/workflows', { ...hiding, definition: child })).status).toBe(201);
    await define('many', {
      tasks: [
        {
          name: 'each',
          with_items: `{{ range(${COUNT}) }}`,
          action: 'core.transform',
          input: { data: `${HIDDEN} {{ item }}` },
        },
        { name: 'sub', action: 'examples.hides', input: { secret: HIDDEN } },
      ],
      output: 'done',
    });
    run = await start({ action_ref: 'examples.many' });
  });

  /** Reads a page and those that follow it. */
  async function readOn(href: string): Promise<{ key: string }[]> {
    const rows: { key: string }[] = [];
    const url = new URL(href, 'http://localhost');
    for (let page = await get(href); ; page = await get(`${url.pathname}${url.search}`)) {
      rows.push(...page.data);
      if (page.next_cursor === null) return rows;
      url.searchParams.set('cursor', page.next_cursor);
    }
  }

  it('has the first of them, and lists the others', async () => {
    expect([run.tasks.length, run.tasks_total, run.result]).toEqual([1_000, COUNT + 2, 'done']);
    const rest = await readOn(run.tasks_next);
    expect(new Set([...run.tasks, ...rest].map(({ key }) => key)).size).toBe(COUNT + 2);
    expect(rest.at(-1)).toMatchObject({ key: 'sub', from: ['each'], status: 'completed', id: run.id + 2 });
    const [{ items, output, attempts }] = (await get(`${BASE}/${run.id}/tasks`)).data;
    expect([items.total, items.by_status.completed, output.truncated, attempts]).toEqual([COUNT, COUNT, true, 0]);
    const failed = await get(`${BASE}/${run.id}/tasks?status=failed,timeout&parent_key=*`);
    expect([failed.data, failed.total, failed.counts.by_task.each.items.completed]).toEqual([[], 0, COUNT]);
    // A stream that continues from here has nothing to add.
    const headers = { 'last-event-id': failed.stream_id };
    const stream = await fetch(`${harness.api.url}${BASE}/${run.id}/events`, {
      headers: { 'x-api-key': DEV_KEY, ...headers },
    });
    expect(stream.status).toBe(204);
  });

  it('hides in each of them what a task hides that is not shown', async () => {
    expect(run.tasks.some(({ key }: { key: string }) => key === 'sub')).toBe(false);
    const item = `${BASE}/${run.id}/tasks/${encodeURIComponent(`each[${COUNT - 1}]`)}`;
    const pages = [`${BASE}/${run.id}`, run.tasks_next, `${BASE}/${run.id + 1}`, `${BASE}/${run.id + 2}`, item];
    for (const what of ['input', 'output']) {
      for (const key of [`each[${COUNT - 1}]`, 'each', 'sub']) {
        pages.push(`${BASE}/${run.id}/tasks/${encodeURIComponent(key)}/${what}`);
      }
    }
    for (const page of pages) expect(JSON.stringify(await get(page)), page).not.toContain(HIDDEN);
    expect((await get(item)).data).toMatchObject({ task: `each[${COUNT - 1}]`, result: `*** ${COUNT - 1}` });
    expect((await get(`${BASE}/${run.id + 2}`)).data.config).toEqual({ secret: '***' });
  });

  it('shows an item, a task with its first items, a moment, and its log, like a small one', async () => {
    const { data: each } = await get(`${BASE}/${run.id + 1}`);
    expect([each.tasks.length, each.tasks_total]).toEqual([1_000, COUNT]);
    const others = await readOn(each.tasks_next);
    expect(others.map(({ key }) => key)).toEqual(
      Array.from({ length: COUNT - 1_000 }, (_, at) => `each[${1_000 + at}]`),
    );
    const children = await get(`${BASE}?parent=${run.id}`);
    expect(children.data.map(({ id }: { id: number }) => id).slice(0, 2)).toEqual([run.id + 1, run.id + 2]);
    const only = await get(`${BASE}?parent=${run.id}&result_contains=${COUNT - 1}`);
    expect(only.data.map(({ id }: { id: number }) => id)).toEqual([run.id + 1]);
    const { last_event } = await get(`${BASE}/${run.id}/tasks`);
    const { data: moment } = await get(`${BASE}/${run.id}/at/${last_event}`);
    expect([moment.tasks.length, moment.tasks_total]).toEqual([1_000, COUNT + 2]);
    const log = await get(`${BASE}/${run.id}/logs?limit=1000&cursor=2000`);
    expect(log.data.at(-1).message).toContain('ended as completed');
    expect(JSON.stringify(log)).not.toContain(HIDDEN);
  });

  it.each(['', '1', '2'])('leaves them out of a lean view, also of its task %s', async (task) => {
    const id = run.id + Number(task);
    const { data: full } = await get(`${BASE}/${id}`);
    const { data: lean } = await get(`${BASE}/${id}?view=lean`);
    expect(lean).toEqual({ ...full, tasks: [], tasks_next: lean.tasks_next });
    const listed = lean.tasks_next === null ? [] : await readOn(lean.tasks_next);
    expect(listed.length).toBe(lean.tasks_total);
  });
});

describe('a start', () => {
  it('can wait, keep what the caller gives it, and say what has led to it', async () => {
    const memo = { ticket: 'OPS-1' };
    const later = await start({ action_ref: 'core.noop', delay: 3600, mode: 'webhook', memo, wait: 0 });
    expect([later.status, later.memo, later.mode]).toEqual(['scheduled', memo, 'webhook']);
    await harness.call('POST', `${BASE}/${later.id}/terminate`);
    const run = await start({ action_ref: 'core.noop', delay: 0.5, mode: 'webhook', memo, wait: 0 });
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
    await stored('brief', {
      param_schema: { type: 'object', properties: { secret: { type: 'integer', writeOnly: true } } },
      definition: { tasks: [{ name: 'use', action: 'core.noop' }] },
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
          { name: 'brief', action: 'examples.brief', input: { secret: '{{ 40 + 2 }}' } },
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
    const shown = async (path: string) => {
      return (await fetch(harness.api.url + path, { headers: { 'x-api-key': DEV_KEY } })).text();
    };
    const streamed = await shown(`${BASE}/${run.id}/events`);
    expect(streamed).toContain('no entry for *** and ***');
    for (const text of [PASSWORD, 'another one', '47110815']) expect(streamed).not.toContain(text);
    // A short number is hidden where it is a parameter, also in the event that starts a sub-workflow.
    const { data: events } = await get(`${BASE}/${run.id}/history?limit=1000`);
    const inputs = events.map(({ attributes }: { attributes: { input?: unknown[] } | null }) => attributes?.input?.[0]);
    expect(inputs).toContainEqual({ secret: '***' });
    expect(inputs).not.toContainEqual({ secret: 42 });
    for (const text of [PASSWORD, 'another one']) {
      const found = await get(`${BASE}?result_contains=${encodeURIComponent(text)}`);
      expect(found.data).toEqual([]);
    }
  });
});
