import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPROVAL, COMPLEX, INCIDENT, PIPELINE, RESPONSE } from '../faces/workflow-examples.ts';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await createApiHarness('definitions', { worker: false });
});
afterAll(() => harness.close());

const body = (name: string, rest: object = {}) => ({
  ref: `examples.${name}`,
  pack_ref: 'examples',
  label: `Label of ${name}`,
  version: '1.0.0',
  definition: { tasks: [{ name: 'a', action: 'core.noop' }] },
  ...rest,
});

describe('POST /api/v1/workflows', () => {
  it('stores a definition and returns it in the form of the Workflows API', async () => {
    const { status, body: answer, headers } = await harness.call('POST', '/api/v1/workflows', INCIDENT);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe('/api/v1/workflows/slack.incident_workflow');
    const { data, message } = answer;
    expect(message).toBe('Workflow created successfully');
    expect(data).toMatchObject({ ...INCIDENT, revision: 1 });
    expect(Number.isInteger(data.id) && Number.isInteger(data.pack)).toBe(true);
    expect(data.created).toBe(data.updated);
    const read = await harness.call('GET', '/api/v1/workflows/slack.incident_workflow');
    expect(read.body.data).toEqual(data);
  });

  it.each([
    ['the complex workflow', COMPLEX],
    ['the incident response', RESPONSE],
    ['the approval workflow', APPROVAL],
    ['the data pipeline', PIPELINE],
  ])('stores %s, an example of the Workflows API, with warnings for what is missing', async (name, definition) => {
    const ref = name.replaceAll(' ', '_');
    const { status, body: answer } = await harness.call('POST', '/api/v1/workflows', body(ref, { definition }));
    expect(status, JSON.stringify(answer)).toBe(201);
    expect(answer.data.definition).toEqual(definition);
    for (const warning of answer.warnings ?? []) expect(warning.code).toMatch(/^(input_missing|several_arrivals)$/);
  });

  it('keeps the order of keys, since variables are evaluated in order', async () => {
    const variables = { z: 1, b: '{{ z }}', a: '{{ b }}' };
    const definition = { variables, tasks: [{ name: 'a1', action: 'core.noop' }] };
    await harness.call('POST', '/api/v1/workflows', body('ordered', { definition }));
    const { body: answer } = await harness.call('GET', '/api/v1/workflows/examples.ordered');
    expect(Object.keys(answer.data.definition.variables)).toEqual(['z', 'b', 'a']);
  });

  it('refuses with every issue at once, each with a code and a pointer', async () => {
    const { status, body: answer } = await harness.call('POST', '/api/v1/workflows', {
      ...body('broken'),
      version: 'one',
      lable: 'x',
      definition: {
        tasks: [
          { name: 'a', action: 'core.noop', inputt: 1 },
          { name: '1b', action: 'x' },
        ],
        output: '{{ 1 + }}',
      },
    });
    expect(status).toBe(400);
    expect(answer).toMatchObject({ status: 400, code: 'definition_invalid' });
    const found = answer.issues.map(({ code, path }: { code: string; path: string }) => `${code} ${path}`);
    expect(found.sort()).toEqual([
      'template_invalid /definition/output',
      'unknown_field /definition/tasks/0/inputt',
      'unknown_field /lable',
      'value_invalid /definition/tasks/1/action',
      'value_invalid /definition/tasks/1/name',
      'value_invalid /version',
    ]);
    expect(JSON.stringify(answer.issues)).toContain('Did you mean \\"input\\"?');
  });

  it('refuses what only the whole definition shows', async () => {
    const tasks = [
      { name: 'a', action: 'core.htp', on_success: 'bb' },
      { name: 'b', action: 'core.http', input: { url: 5, method: 'GETT', extra: 1 } },
    ];
    const { status, body: answer } = await harness.call('POST', '/api/v1/workflows', {
      ...body('wrong'),
      param_schema: { type: 'object', requird: [] },
      definition: { tasks },
    });
    expect(status).toBe(400);
    const found = answer.issues.map(({ code, path }: { code: string; path: string }) => `${code} ${path}`);
    expect(found.sort()).toEqual([
      'input_invalid /definition/tasks/1/input/method',
      'input_invalid /definition/tasks/1/input/url',
      'unknown_action /definition/tasks/0/action',
      'unknown_field /definition/tasks/1/input/extra',
      'unknown_field /param_schema/requird',
      'unknown_task /definition/tasks/0/on_success',
    ]);
  });

  it('refuses a ref that is taken, a pack that is not there, and a ref outside its pack', async () => {
    await harness.call('POST', '/api/v1/workflows', body('twice'));
    const again = await harness.call('POST', '/api/v1/workflows', body('twice'));
    expect([again.status, again.body.code]).toEqual([409, 'workflow_exists']);
    const nowhere = await harness.call('POST', '/api/v1/workflows', body('x', { ref: 'nope.x', pack_ref: 'nope' }));
    expect([nowhere.status, nowhere.body.code]).toEqual([404, 'pack_not_found']);
    const outside = await harness.call('POST', '/api/v1/workflows', body('x', { ref: 'slack.x' }));
    expect([outside.status, outside.body.issues[0].path]).toEqual([400, '/ref']);
  });
});

describe('PUT /api/v1/workflows/{ref}', () => {
  it('makes a revision of a changed content, and none of a changed label', async () => {
    await harness.call('POST', '/api/v1/workflows', body('versions'));
    const put = (change: object) => harness.call('PUT', '/api/v1/workflows/examples.versions', change);
    const relabelled = await put({ label: 'Other', tags: ['x'], enabled: false, description: 'why' });
    expect(relabelled.status).toBe(200);
    expect(relabelled.body.message).toBe('Workflow updated successfully');
    expect(relabelled.body.data).toMatchObject({ revision: 1, label: 'Other', tags: ['x'], enabled: false });
    const definition = { tasks: [{ name: 'b', action: 'core.noop' }] };
    const changed = await put({ definition, version: '1.1.0' });
    expect(changed.body.data).toMatchObject({ revision: 2, version: '1.1.0', definition, label: 'Other' });
    const same = await put({ definition });
    expect(same.body.data.revision).toBe(2);
    const first = await harness.call('GET', '/api/v1/workflows/examples.versions?version=1.0.0');
    expect(first.body.data).toMatchObject({ revision: 1, definition: { tasks: [{ name: 'a' }] } });
    const second = await harness.call('GET', '/api/v1/workflows/examples.versions?revision=2');
    expect(second.body.data.definition).toEqual(definition);
    const none = await harness.call('GET', '/api/v1/workflows/examples.versions?version=9.0.0');
    expect([none.status, none.body.code]).toEqual([404, 'workflow_not_found']);
  });

  it('refuses an unknown workflow and a broken definition, and changes nothing', async () => {
    const missing = await harness.call('PUT', '/api/v1/workflows/examples.missing', { label: 'x' });
    expect([missing.status, missing.body.code]).toEqual([404, 'workflow_not_found']);
    await harness.call('POST', '/api/v1/workflows', body('kept'));
    const broken = await harness.call('PUT', '/api/v1/workflows/examples.kept', {
      label: 'changed',
      definition: { tasks: [{ name: 'a', action: 'core.nope' }] },
    });
    expect([broken.status, broken.body.issues[0].code]).toEqual([400, 'unknown_action']);
    const { body: answer } = await harness.call('GET', '/api/v1/workflows/examples.kept');
    expect(answer.data).toMatchObject({ revision: 1, label: 'Label of kept' });
  });

  it('gives every one of many concurrent changes a revision of its own', async () => {
    await harness.call('POST', '/api/v1/workflows', body('raced'));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        harness.call('PUT', '/api/v1/workflows/examples.raced', {
          definition: { tasks: [{ name: `t${index}`, action: 'core.noop' }] },
        }),
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const { body: last } = await harness.call('GET', '/api/v1/workflows/examples.raced');
    expect(last.data.revision).toBe(11);
  });
});

describe('GET /api/v1/workflows', () => {
  it('filters by pack, tags, enabled and text, and pages', async () => {
    for (const [name, tags, enabled] of [
      ['find_one', ['red', 'blue'], true],
      ['find_two', ['blue'], false],
      ['find_three', ['green'], true],
    ] as const) {
      await harness.call('POST', '/api/v1/workflows', body(name, { tags, enabled, description: 'needle 100%' }));
    }
    const refs = async (query: string) => {
      const { status, body: answer } = await harness.call('GET', `/api/v1/workflows?${query}`);
      expect(status).toBe(200);
      return answer.data.map(({ ref }: { ref: string }) => ref);
    };
    expect(await refs('tags=red,green')).toEqual(['examples.find_one', 'examples.find_three']);
    expect(await refs('tags=blue&enabled=false')).toEqual(['examples.find_two']);
    expect(await refs('search=NEEDLE')).toHaveLength(3);
    expect(await refs('search=100%25')).toHaveLength(3);
    expect(await refs('search=1_0')).toEqual([]);
    expect(await refs('search=FIND_one')).toEqual(['examples.find_one']);
    expect(await refs('search=find_one&pack_ref=slack')).toEqual([]);
    const page = await harness.call('GET', '/api/v1/workflows?search=needle&per_page=2&page=2');
    expect(page.body.meta).toEqual({ page: 2, per_page: 2, total: 3, total_pages: 2 });
    expect(page.body.data).toHaveLength(1);
    const ofPack = await harness.call('GET', '/api/v1/packs/slack/workflows');
    expect(ofPack.body.data.map(({ ref }: { ref: string }) => ref)).toEqual(['slack.incident_workflow']);
  });

  it.each(['per_page=0', 'per_page=101', 'page=0', 'page=x', 'enabled=yes', 'serch=x'])('refuses %s', async (query) => {
    const { status, body: answer } = await harness.call('GET', `/api/v1/workflows?${query}`);
    expect([status, answer.code]).toEqual([400, 'request_invalid']);
    expect(answer.issues[0].path).toBe(`/${query.split('=')[0]}`);
  });

  it('answers 404 for a pack that is not there', async () => {
    const { status, body: answer } = await harness.call('GET', '/api/v1/packs/nope/workflows');
    expect([status, answer.code]).toEqual([404, 'pack_not_found']);
  });
});

describe('YAML', () => {
  const send = (path: string, body: string, type = 'application/yaml') =>
    harness.call('POST', path, body, { 'content-type': type });

  it('is taken wherever JSON is', async () => {
    const body = [
      '# What runs at night',
      'ref: examples.nightly',
      'pack_ref: examples',
      'label: Nightly',
      'version: 1.0.0',
      'definition:',
      '  variables: { retries: 3, yes: no }',
      '  tasks:',
      '    - name: say',
      '      action: core.log',
      '      input: &what',
      '        message: "{{ retries }} tries"',
      '    - name: again',
      '      action: core.log',
      '      input: *what',
    ].join('\n');
    const created = await send('/api/v1/workflows', body);
    expect([created.status, created.body.issues]).toEqual([201, undefined]);
    expect(created.body.warnings).toEqual([
      {
        code: 'yaml_ambiguous',
        path: '/definition/variables/yes',
        message: 'is the text "no"; write false or "no"',
      },
    ]);
    expect(created.body.data.definition).toEqual({
      variables: { retries: 3, yes: 'no' },
      tasks: ['say', 'again'].map((name) => ({ name, action: 'core.log', input: { message: '{{ retries }} tries' } })),
    });
    const started = await send('/api/v1/executions', 'action_ref: examples.nightly', 'text/yaml');
    expect(started.status).toBe(201);
    const wrong = await send(
      '/api/v1/workflows/validate',
      'definition:\n  tasks:\n    - { name: a, action: core.htp }',
    );
    expect(wrong.body.data.issues[0]).toMatchObject({ code: 'unknown_action', path: '/definition/tasks/0/action' });
  });

  it('has warnings about how it is written wherever a definition comes as YAML', async () => {
    const path = '/definition/tasks/0/input/mode';
    const definition = '{ tasks: [{ name: a, action: core.transform, input: { mode: 0755, "on": "yes" } }] }';
    // A document too large for the event loop is parsed in a thread.
    const large = `# ${'x'.repeat(4_000)}\n`;
    const pack = `pack: { ref: modes, label: Modes }\nworkflows:\n  - { ref: modes.one, pack_ref: modes, label: One, version: 1.0.0, definition: ${definition} }`;
    const placesOf = async (url: string, body: string, method = 'POST') => {
      const answer = await harness.call(method, url, body, { 'content-type': 'application/yaml' });
      expect(answer.status).toBeLessThan(300);
      const warnings: { code: string; path: string }[] = answer.body.warnings ?? answer.body.data.warnings;
      return warnings.map((warning) => `${warning.code} ${warning.path}`);
    };
    const expected = [`yaml_ambiguous ${path}`];
    expect(await placesOf('/api/v1/workflows/validate', definition)).toEqual(['yaml_ambiguous /tasks/0/input/mode']);
    expect(await placesOf('/api/v1/workflows/validate', `${large}definition: ${definition}`)).toEqual(expected);
    expect(await placesOf('/api/v1/workflows/simulate', `definition: ${definition}`)).toEqual(expected);
    expect(await placesOf('/api/v1/packs/import', pack)).toEqual([`yaml_ambiguous /workflows/0${path}`]);
    const input = `# ${'x'.repeat(4_000)}\ninput: { "mode": "0755", debug: on }`;
    for (const written of [input, 'input: { debug: on }']) {
      expect(await placesOf('/api/v1/workflows/modes.one/simulate', written)).toEqual(['yaml_ambiguous /input/debug']);
    }
    const changed = definition.replace('name: a', 'name: b');
    expect(await placesOf('/api/v1/workflows/modes.one', `definition: ${changed}`, 'PUT')).toEqual(expected);
    const { body } = await harness.call('POST', '/api/v1/workflows/validate', {
      definition: { tasks: [{ name: 'a', action: 'core.transform', input: 'yes' }] },
    });
    expect(body.data.warnings).toEqual([]);
  });

  it('and JSON tell of each workflow of a pack what is wrong with its meaning, next to what is wrong with shapes', async () => {
    const definition = (task: object) => ({ tasks: [{ name: 'a', action: 'core.noop', ...task }] });
    const workflow = (ref: string, task: object) => ({
      ref,
      pack_ref: 'broken',
      label: ref,
      version: '1.0.0',
      definition: definition(task),
    });
    const workflows = [
      workflow('broken.a', { timeout: -1 }),
      workflow('broken.b', { on_success: 'zz' }),
      workflow('broken.c', { action: 'broken.a' }),
      workflow('other.d', {}),
    ];
    const actions = [{ ref: 'else.act', pack_ref: 'else', label: 'Act', task_queue: 'own' }];
    const { status, body } = await harness.call('POST', '/api/v1/packs/import', {
      pack: { ref: 'broken', lable: 'x' },
      actions,
      workflows,
    });
    expect(status).toBe(400);
    expect(body.issues.map(({ code, path }: { code: string; path: string }) => `${code} ${path}`)).toEqual([
      'required /pack/label',
      'unknown_field /pack/lable',
      'out_of_range /workflows/0/definition/tasks/0/timeout',
      'ref_mismatch /actions/0/pack_ref',
      'unknown_task /workflows/1/definition/tasks/0/on_success',
      'ref_mismatch /workflows/3/ref',
    ]);
  });

  it.each([
    ['a key that stands twice', 'label: a\nlabel: b', 'line 2'],
    ['what is no YAML', 'label: [a', 'line 1'],
    ['a number that JSON does not have', 'label: .nan', 'NaN'],
    ['a type that nobody knows', 'label: !secret x', 'secret'],
    ['a key that is no text', '{ [a]: b }', 'key'],
    ['aliases that grow without end', bomb(), 'alias'],
  ])('%s is refused', async (_, body, words) => {
    const { status, body: answer } = await send('/api/v1/workflows/validate', body);
    expect([status, answer.code]).toEqual([400, 'yaml_malformed']);
    expect(answer.error).toContain(words);
  });
});

/** Ten levels of ten aliases each. */
function bomb(): string {
  const levels = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 10; level += 1) {
    levels.push(`l${level}: &l${level} [${Array.from({ length: 10 }, () => `*l${level - 1}`).join(', ')}]`);
  }
  return levels.join('\n');
}
