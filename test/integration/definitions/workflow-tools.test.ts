import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';

let harness: ApiHarness;
const url = '/api/v1/workflows';
const http = (name: string, rest: object = {}) => ({
  name,
  action: 'core.http',
  input: { url: '{{ url }}' },
  ...rest,
});

const DEPLOY = {
  ref: 'examples.deploy',
  pack_ref: 'examples',
  label: 'Deploy',
  version: '1.0.0',
  param_schema: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
  definition: {
    variables: { tries: 0 },
    on_cancel: 'undo',
    output: { tries: '{{ tries }}', code: '{{ roll.output.status_code }}' },
    tasks: [
      http('roll', {
        retry: { count: 1, delay: 1 },
        next: [
          { when: 'succeeded() and result().status_code == 200', publish: { tries: '{{ tries + 1 }}' }, do: 'settle' },
          { when: 'failed()', do: 'tell' },
        ],
      }),
      { name: 'settle', action: 'core.delay', input: { seconds: 3600 }, on_success: 'go' },
      { name: 'go', action: 'core.wait_signal', input: { name: 'go' } },
      { name: 'tell', action: 'core.log', input: { message: '{{ error.message }}' }, on_complete: 'fail' },
      http('undo'),
    ],
  },
};

const ROLL_OUT = {
  ref: 'examples.roll_out',
  pack_ref: 'examples',
  label: 'Roll out',
  version: '1.0.0',
  definition: {
    start: ['each', 'again'],
    tasks: [
      {
        name: 'each',
        action: 'examples.deploy',
        with_items: '{{ workflow.param.urls }}',
        input: { url: '{{ item }}' },
        on_item_failure: 'finish',
        on_complete: 'all',
      },
      { name: 'again', action: 'core.noop', next: [{ when: 'true', publish: { rounds: 1 }, do: 'all' }] },
      { name: 'all', action: 'core.transform', join: 2, input: { data: '{{ each.output }}' } },
    ],
  },
};

beforeAll(async () => {
  harness = await createApiHarness('tools', { worker: false });
  const { status, body } = await harness.call('POST', url, DEPLOY);
  expect([status, body.issues]).toEqual([201, undefined]);
  expect((await harness.call('POST', url, ROLL_OUT)).status).toBe(201);
});
afterAll(() => harness.close());

const simulate = async (body: object) => {
  const answer = await harness.call('POST', `${url}/examples.deploy/simulate`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.data;
};
const input = { url: 'https://example.com' };

describe('a definition by itself, as the documentation writes one', () => {
  const bare = (action: string) => ({
    tasks: [
      { name: 'a', action, on_success: 'b' },
      { name: 'b', action: 'core.noop' },
    ],
  });
  it.each<[string, object, [string, string][]]>([
    ['is valid', bare('core.noop'), []],
    ['has its issues at its own places', bare('http.get'), [['unknown_action', '/tasks/0/action']]],
    ['is strict', { ...bare('core.noop'), lable: 'x' }, [['unknown_field', '/lable']]],
    [
      'next to schemas has them below definition',
      { definition: bare('http.get') },
      [['unknown_action', '/definition/tasks/0/action']],
    ],
  ])('%s', async (_, body, issues) => {
    const { data } = (await harness.call('POST', `${url}/validate`, body)).body;
    expect([data.valid, data.issues.map(({ code, path }: { code: string; path: string }) => [code, path])]).toEqual([
      ...[issues.length === 0, issues],
    ]);
  });

  it('is simulated without being stored, and refused with all that is wrong', async () => {
    const definition = { ...bare('core.http'), output: { code: '{{ a.output.code }}' } };
    const play = (body: object) => harness.call('POST', `${url}/simulate`, body);
    const { body } = await play({
      definition: { ...definition, tasks: bare('core.noop').tasks },
      outcomes: { a: { output: { code: 7 } } },
    });
    expect([body.data.status, body.data.order, body.data.output]).toEqual(['completed', ['a', 'b'], { code: 7 }]);
    const refused = await play({ definition: bare('http.get') });
    expect([refused.status, refused.body.code, refused.body.issues[0].path]).toEqual([
      ...[400, 'definition_invalid', '/definition/tasks/0/action'],
    ]);
    expect((await play({ definition, version: '1.0.0' })).status).toBe(400);
    expect((await harness.call('GET', `${url}?search=unsaved`)).body.data).toEqual([]);
  });

  it('a ref that is misspelt is answered with the one that was meant', async () => {
    for (const [method, path, body] of [
      ['GET', `${url}/examples.deplyo`, undefined],
      ['POST', '/api/v1/executions', { workflow: 'examples.deplyo' }],
    ] as const) {
      const answer = await harness.call(method, path, body);
      expect([answer.status, answer.body.error]).toEqual([
        ...[404, `workflow "examples.deplyo" not found. Did you mean "examples.deploy"?`],
      ]);
    }
  });
});

describe('POST /workflows/{ref}/simulate', () => {
  it('tells the order, the inputs and the outcome, at once, with nothing run', async () => {
    const outcomes = { roll: { output: { status_code: 200 } }, go: { output: { by: 'me' } } };
    expect(await simulate({ input, outcomes })).toEqual({
      status: 'completed',
      output: { tries: 1, code: 200 },
      error: null,
      waiting_for: [],
      order: ['roll', 'settle', 'go'],
      tasks: [
        {
          key: 'roll',
          action: 'core.http',
          status: 'succeeded',
          error: null,
          input: expect.objectContaining({ url: 'https://example.com', method: 'GET' }),
          output: { status_code: 200 },
        },
        {
          key: 'settle',
          action: 'core.delay',
          status: 'succeeded',
          error: null,
          input: { seconds: 3600 },
          output: { waited_ms: 3_600_000 },
        },
        {
          key: 'go',
          action: 'core.wait_signal',
          status: 'succeeded',
          error: null,
          input: { name: 'go' },
          output: { by: 'me' },
        },
      ],
      transitions: [
        {
          ...{ from: 'roll', index: 0, on: 'complete', to: ['settle'] },
          ...{ when: 'succeeded() and result().status_code == 200', value: true },
          ...{ fired: true, reason: 'fired', error: null },
          read: [
            { path: 'succeeded()', value: { bytes: 4, text: 'true', truncated: false } },
            { path: 'result().status_code', value: { bytes: 3, text: '200', truncated: false } },
          ],
        },
        {
          ...{ from: 'roll', index: 1, on: 'complete', to: ['tell'], when: 'failed()', value: false },
          ...{ fired: false, reason: 'false', error: null },
          read: [{ path: 'failed()', value: { bytes: 5, text: 'false', truncated: false } }],
        },
        {
          ...{ from: 'settle', index: 0, on: 'success', to: ['go'], when: null, value: null },
          ...{ fired: true, reason: 'fired', error: null, read: [] },
        },
      ],
      warnings: [],
    });
  });

  it('takes outcomes one an attempt, and shows how a failure takes its way', async () => {
    const failing = { error: { type: 'http_error', message: 'not there' } };
    const recovered = await simulate({ input, outcomes: { roll: [failing, { output: { status_code: 200 } }] } });
    expect([recovered.status, recovered.order]).toEqual(['completed', ['roll', 'settle', 'go']]);
    const failed = await simulate({ input, outcomes: { roll: failing } });
    expect(failed).toMatchObject({
      status: 'failed',
      error: { type: 'failed_by_workflow', task: 'tell' },
      order: ['roll', 'tell'],
    });
    expect(failed.output).toEqual({ tries: 0 });
    expect(failed.tasks[0]).toMatchObject({ status: 'failed', error: { type: 'http_error', task: 'roll' } });
    expect(failed.tasks[1].input).toEqual({ message: 'not there', level: 'info' });
  });

  it('takes outcomes for items and sub-workflows, whose schema holds for their inputs', async () => {
    const play = async (body: object) =>
      (
        await harness.call('POST', `${url}/examples.roll_out/simulate`, {
          input: { urls: ['https://a.b', 'https://c.d', 1] },
          ...body,
        })
      ).body.data;
    const items = { each: [{ output: 'one' }, { error: { type: 'E_SECOND' } }] };
    const { status, order, output, tasks } = await play({ items });
    expect([status, order, output]).toEqual(['completed', ['each', 'again', 'all'], { all: ['one', null, null] }]);
    const { details } = tasks[0].error;
    expect(details.items.map(({ index, type }: { index: number; type: string }) => [index, type])).toEqual([
      [2, 'input_invalid'],
      [1, 'E_SECOND'],
    ]);
    const waiting = await play({ items: { each: [[{ output: 1 }, { running: true }]] } });
    expect(waiting).toMatchObject({ status: 'running', waiting_for: [{ kind: 'child', task: 'each[1]' }] });
    const unknown = await harness.call('POST', `${url}/examples.roll_out/simulate`, { items: { every: [] } });
    expect([unknown.body.code, unknown.body.issues[0].path]).toEqual(['request_invalid', '/items/every']);
  });

  it('says what a run would wait for that does not end', async () => {
    const running = await simulate({ input, outcomes: { roll: { running: true } } });
    expect(running).toMatchObject({ status: 'running', output: null, error: null, order: ['roll'] });
    expect(running.waiting_for).toEqual([{ kind: 'action', task: 'roll', until: null, detail: null }]);
  });

  it('checks an input as a worker would', async () => {
    const { tasks, status } = await simulate({ input: { url: 'no url' } });
    expect(status).toBe('failed');
    expect(tasks[0].error.type).toBe('input_invalid');
  });

  it('refuses an input that a start would refuse, outcomes of no task, and outcomes of no kind', async () => {
    const refused = async (body: object) => {
      const answer = await harness.call('POST', `${url}/examples.deploy/simulate`, body);
      return [answer.status, answer.body.code, answer.body.issues.map(({ path }: { path: string }) => path)];
    };
    expect(await refused({})).toEqual([400, 'input_invalid', ['/input/url']]);
    expect(await refused({ input, outcomes: { rol: { output: 1 } } })).toEqual([
      ...[400, 'request_invalid'],
      ['/outcomes/rol'],
    ]);
    expect(await refused({ input, outcomes: { roll: { outptu: 1 } } })).toEqual([
      ...[400, 'request_invalid'],
      ['/outcomes/roll/outptu'],
    ]);
    const missing = await harness.call('POST', `${url}/examples.nope/simulate`, { input });
    expect([missing.status, missing.body.code]).toEqual([404, 'workflow_not_found']);
  });
});

describe('POST /workflows/validate', () => {
  it('tells everything that is wrong and doubtful, and stores nothing', async () => {
    const definition = {
      tasks: [
        { name: 'a', action: 'core.htp', next: [{ when: 'result( > 1', do: 'b' }] },
        { name: 'a', action: 'core.http' },
      ],
    };
    const { status, body } = await harness.call('POST', `${url}/validate`, { definition });
    expect(status).toBe(200);
    expect(body.data.valid).toBe(false);
    expect(body.data.issues.map(({ code, path }: { code: string; path: string }) => `${code} ${path}`).sort()).toEqual([
      'duplicate_task /definition/tasks/1/name',
      'template_invalid /definition/tasks/0/next/0/when',
      'unknown_action /definition/tasks/0/action',
      'unknown_task /definition/tasks/0/next/0/do',
    ]);
    expect(body.data.issues.find(({ code }: { code: string }) => code === 'template_invalid')).toMatchObject({
      line: 1,
      column: 13,
    });
    expect(body.data.warnings.map(({ code }: { code: string }) => code)).toEqual(['input_missing']);
  });

  it('takes the body of a create request too, and finds what that would refuse', async () => {
    const good = await harness.call('POST', `${url}/validate`, { ...DEPLOY, ref: 'examples.another' });
    expect(good.body).toEqual({ data: { valid: true, issues: [], warnings: [] } });
    expect((await harness.call('GET', `${url}/examples.another`)).status).toBe(404);
    const bad = await harness.call('POST', `${url}/validate`, {
      ...DEPLOY,
      ref: 'slack.deploy',
      version: '1',
      extra: 1,
    });
    expect(bad.body.data.issues.map(({ path }: { path: string }) => path).sort()).toEqual([
      '/extra',
      '/ref',
      '/version',
    ]);
    const elsewhere = await harness.call('POST', `${url}/validate`, { ...DEPLOY, ref: 'slack.deploy' });
    expect(elsewhere.body.data.issues).toMatchObject([{ code: 'ref_mismatch', path: '/ref' }]);
    const asNew = (body: object) => harness.call('POST', `${url}/validate?new=1`, body);
    expect((await asNew({ ...DEPLOY, ref: 'examples.another' })).body).toEqual(good.body);
    for (const part of [DEPLOY.definition, { definition: DEPLOY.definition }]) {
      const { data } = (await asNew(part)).body;
      const created = (await harness.call('POST', url, part)).body;
      expect(data).toEqual({ valid: false, issues: created.issues, warnings: [] });
      expect(data.issues.map(({ path }: { path: string }) => path)).toEqual(
        expect.arrayContaining(['/ref', '/version']),
      );
    }
    const both = await harness.call('POST', `${url}/validate?new=1&ref=${DEPLOY.ref}`, {});
    expect(both.body).toMatchObject({ status: 400, issues: [{ path: '/new' }] });
    const empty = await harness.call('POST', `${url}/validate`, {});
    expect(empty.body.data.issues).toMatchObject([{ code: 'required', path: '/definition' }]);
  });

  it('takes the body of an update of a workflow, whose other parts are as they are stored', async () => {
    const validate = (ref: string, body: object) => harness.call('POST', `${url}/validate?ref=${ref}`, body);
    // A workflow that calls itself needs the parameters that are stored.
    const calling = (input: object) => ({ definition: { tasks: [{ name: 'x', action: DEPLOY.ref, input }] } });
    const good = await validate(DEPLOY.ref, { version: '2.0.0', label: 'Again', ...calling({ url: 'https://a.b' }) });
    expect(good.body.data).toEqual({ valid: true, issues: [], warnings: [] });
    expect((await harness.call('GET', `${url}/${DEPLOY.ref}`)).body.data.version).toBe(DEPLOY.version);
    const warned = await validate(DEPLOY.ref, calling({}));
    expect(warned.body.data.warnings).toMatchObject([{ code: 'input_missing' }]);
    const bad = await validate(DEPLOY.ref, { ref: DEPLOY.ref, version: '2', definition: { tasks: [{ name: 'a' }] } });
    expect(bad.body.data.issues.map(({ path }: { path: string }) => path).sort()).toEqual([
      ...['/definition/tasks/0/action', '/ref', '/version'],
    ]);
    expect((await validate('examples.gone', {})).body.code).toBe('workflow_not_found');
  });
});

describe('GET /workflows/{ref}/graph', () => {
  it('gives nodes, edges with their conditions, entries and cleanup', async () => {
    const { body } = await harness.call('GET', `${url}/examples.deploy/graph`);
    expect(body.data.nodes.map(({ name, cleanup }: { name: string; cleanup: boolean }) => [name, cleanup])).toEqual([
      ...[
        ['roll', false],
        ['settle', false],
        ['go', false],
        ['tell', false],
      ],
      ['undo', true],
    ]);
    expect(body.data.edges).toEqual([
      { from: 'roll', to: 'settle', when: 'succeeded() and result().status_code == 200', on: 'complete' },
      { from: 'roll', to: 'tell', when: 'failed()', on: 'complete' },
      { from: 'settle', to: 'go', when: null, on: 'success' },
    ]);
    expect([body.data.entries, body.data.cleanup]).toEqual([['roll'], ['undo']]);
  });

  it('tells joins, and tasks with items', async () => {
    const { body } = await harness.call('GET', `${url}/examples.roll_out/graph`);
    expect(body.data.nodes).toEqual([
      { name: 'each', action: 'examples.deploy', join: null, items: true, cleanup: false },
      { name: 'again', action: 'core.noop', join: null, items: false, cleanup: false },
      { name: 'all', action: 'core.transform', join: 2, items: false, cleanup: false },
    ]);
    const response = await fetch(`${harness.api.url}${url}/examples.roll_out/graph?format=mermaid`, {
      headers: { 'x-api-key': DEV_KEY },
    });
    const text = await response.text();
    expect(text).toContain('  t0["each<br/>examples.deploy<br/>with items"]\n');
    expect(text).toContain('  t2["all<br/>core.transform<br/>join: 2"]\n');
  });

  it('gives a Mermaid flowchart', async () => {
    const response = await fetch(`${harness.api.url}${url}/examples.deploy/graph?format=mermaid`, {
      headers: { 'x-api-key': DEV_KEY },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toBe(
      [
        'flowchart TD',
        '  start((start))',
        '  t0["roll<br/>core.http"]',
        '  t1["settle<br/>core.delay"]',
        '  t2["go<br/>core.wait_signal"]',
        '  t3["tell<br/>core.log"]',
        '  t4["undo<br/>core.http"]',
        '  start --> t0',
        '  t0 -->|"succeeded() and result().status_code == 200"| t1',
        '  t0 -->|"failed()"| t3',
        '  t1 -->|"success"| t2',
        '  stopped((stopped))',
        '  stopped -.-> t4',
        '',
      ].join('\n'),
    );
  });

  it('gives the places of everything, and says when they have not changed', async () => {
    const path = `${url}/examples.deploy/graph?layout=1`;
    const { body, headers } = await harness.call('GET', path);
    const { width, height, hash, nodes, edges } = body.data;
    expect([headers.get('etag'), headers.get('cache-control')]).toEqual([`"${hash}"`, 'private, no-cache']);
    expect(nodes[0]).toMatchObject({ name: 'roll', action: 'core.http', w: 184, h: 48 });
    expect([width > 184, height > 3 * 48, nodes.length]).toEqual([true, true, 5]);
    expect(edges[0]).toMatchObject({ from: 'roll', to: 'settle', back: false, label: expect.any(Object) });
    expect(edges[0].points.at(-1)).toEqual([nodes[1].x + 92, nodes[1].y]);
    const again = await fetch(harness.api.url + path, {
      headers: { 'x-api-key': DEV_KEY, 'if-none-match': `"${hash}"` },
    });
    expect([again.status, again.headers.get('cache-control'), await again.text()]).toEqual([
      ...[304, 'private, no-cache', ''],
    ]);
    const plain = await harness.call('GET', `${url}/examples.deploy/graph`);
    expect([plain.headers.get('etag'), plain.body.data.hash]).toEqual([`"${hash}"`, undefined]);
  });

  it('gives an SVG file', async () => {
    const response = await fetch(`${harness.api.url}${url}/examples.deploy/graph?format=svg`, {
      headers: { 'x-api-key': DEV_KEY },
    });
    expect(response.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; style-src 'unsafe-inline'");
    expect(await response.text()).toMatch(/^<svg .*examples\.deploy.*<\/svg>\n$/s);
  });

  it('draws a definition that is not stored, and refuses one with issues', async () => {
    const tasks = [
      { name: 'a', action: 'core.noop', on_success: 'b' },
      { name: 'b', action: 'core.noop' },
    ];
    const { body } = await harness.call('POST', `${url}/graph?layout=1`, { definition: { tasks } });
    expect(body.data.edges.map(({ points }: { points: number[][] }) => points.length)).toEqual([2]);
    const wrong = await harness.call('POST', `${url}/graph`, { definition: { tasks: tasks.slice(0, 1) } });
    expect([wrong.status, wrong.body.code, wrong.body.issues[0].path]).toEqual([
      ...[400, 'definition_invalid', '/definition/tasks/0/on_success'],
    ]);
  });

  it('refuses another format', async () => {
    const { status, body } = await harness.call('GET', `${url}/examples.deploy/graph?format=dot`);
    expect([status, body.code]).toEqual([400, 'request_invalid']);
  });
});
