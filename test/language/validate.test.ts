import { describe, expect, it } from 'vitest';
import { validateDefinition } from '../../language/validate.ts';
import { type Definition, parseDefinition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import { RESERVED_NAMES } from '../../model/words.ts';
import { KNOWN_ACTIONS } from '../../service/actions/actions.ts';

const noop = (name: string, rest: object = {}) => ({ name, action: 'core.noop', ...rest });

/** Issues and warnings as `code pointer`, from the shape or from the whole. */
function check(definition: unknown, schema: JsonObject | null = null): { issues: string[]; warnings: string[] } {
  const parsed = parseDefinition(definition, '/definition');
  const short = ({ code, path }: { code: string; path: string }) => `${code} ${path.replace('/definition', '')}`;
  if ('issues' in parsed) return { issues: parsed.issues.map(short), warnings: [] };
  const { issues, warnings } = validateDefinition(parsed.definition, schema, KNOWN_ACTIONS);
  return { issues: issues.map(short), warnings: warnings.map(short) };
}

const BOSS = { approvers: ['boss'] };

const CLOSED = { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false };

describe('refused when it is written', () => {
  it.each<[string, unknown, string[]]>([
    ['no tasks', {}, ['required /tasks']],
    ['an empty list of tasks', { tasks: [] }, ['out_of_range /tasks']],
    ['tasks that are no list', { tasks: {} }, ['type_invalid /tasks']],
    ['an unknown field', { tasks: [noop('a')], taks: [] }, ['unknown_field /taks']],
    [
      'headers that the HTTP client sets, whatever their values render to',
      {
        tasks: [
          {
            name: 'a',
            action: 'core.http',
            input: {
              url: 'https://a.example',
              headers: { 'Content-Length': '{{ parameters }}', TE: 'x', 'x-own': 'x' },
            },
          },
        ],
      },
      ['input_invalid /tasks/0/input/headers/Content-Length', 'input_invalid /tasks/0/input/headers/TE'],
    ],
    ...(
      [
        [{ body: { a: 1 } }, 'body'],
        [{ form: { a: 1 } }, 'form'],
        [{ multipart: { a: '{{ parameters }}' }, method: 'HEAD' }, 'multipart'],
        [{ body: '{{ parameters }}', method: 'GET' }, 'body'],
        [{ body: 1, form: {}, method: 'POST' }, 'form'],
        [{ form: {}, multipart: {}, method: '{{ parameters }}' }, 'multipart'],
      ] as const
    ).map(([input, place]): [string, unknown, string[]] => [
      `a request of ${JSON.stringify(input)}`,
      { tasks: [{ name: 'a', action: 'core.http', input: { url: 'https://a.example', ...input } }] },
      [`input_invalid /tasks/0/input/${place}`],
    ]),
    [
      'more rows than a query may give',
      { tasks: [{ name: 'a', action: 'database.query', input: { sql: 'SELECT 1', max_rows: 10_001 } }] },
      ['input_invalid /tasks/0/input/max_rows'],
    ],
    ['items that are no template', { tasks: [noop('a', { with_items: 'xs' })] }, ['type_invalid /tasks/0/with_items']],
    [
      'what has no effect without items',
      { tasks: [noop('a', { concurrency: 2, on_item_failure: 'finish' })] },
      ['without_effect /tasks/0/concurrency', 'without_effect /tasks/0/on_item_failure'],
    ],
    [
      'a timeout of a wait, which looks like its limit',
      { tasks: [{ name: 'a', action: 'core.wait_signal', input: { name: 'go' }, timeout: 60 }] },
      ['without_effect /tasks/0/timeout'],
    ],
    [
      'a concurrency that is none',
      { tasks: [noop('a', { with_items: [], concurrency: 501 }), noop('b', { with_items: [], concurrency: 'two' })] },
      ['out_of_range /tasks/0/concurrency'],
    ],
    [
      'a concurrency in words',
      { tasks: [noop('b', { with_items: [], concurrency: 'two' })] },
      ['type_invalid /tasks/0/concurrency'],
    ],
    [
      'an item where there is none',
      {
        tasks: [
          noop('a', { input: '{{ item }}' }),
          noop('b', { with_items: '{{ [index] }}', publish: { x: '{{ item }}' } }),
        ],
      },
      ['unknown_name /tasks/0/input', 'unknown_name /tasks/1/publish/x', 'unknown_name /tasks/1/with_items'],
    ],
    ['a join that is neither all nor a count', { tasks: [noop('a', { join: 'any' })] }, ['type_invalid /tasks/0/join']],
    ['a join that no task leads to', { tasks: [noop('a', { join: 'all' })] }, ['join_unsatisfiable /tasks/0/join']],
    [
      'a join that is first',
      { start: ['a'], tasks: [noop('a', { join: 'all', next: [{ when: 'false', do: 'a' }] })] },
      ['join_unsatisfiable /tasks/0/join'],
    ],
    [
      'a join of more tasks than lead to it',
      { tasks: [noop('a', { on_success: 'b' }), noop('b', { join: 2 })] },
      ['join_unsatisfiable /tasks/1/join'],
    ],
    [
      'a join that waits for what only comes after it',
      {
        start: ['a'],
        tasks: [
          noop('a', { on_success: 'j' }),
          noop('j', { join: 'all', on_success: 'b' }),
          noop('b', { next: [{ when: 'false', do: 'j' }] }),
        ],
      },
      ['join_unsatisfiable /tasks/1/join'],
    ],
    [
      'a join of branches that exclude each other by conditions that say so',
      {
        tasks: [
          noop('a', {
            next: [
              { when: 'succeeded()', do: 'b' },
              { when: '{{ failed() }}', do: 'c' },
            ],
          }),
          noop('b', { on_success: 'j' }),
          noop('c', { on_success: 'j' }),
          noop('j', { join: 2 }),
        ],
      },
      ['join_unsatisfiable /tasks/3/join'],
    ],
    [
      'a join of a normal task and one of the cleanup',
      {
        on_cancel: 'undo',
        tasks: [noop('a', { on_success: 'j' }), noop('undo', { on_success: 'j' }), noop('j', { join: 'all' })],
      },
      ['join_unsatisfiable /tasks/2/join'],
    ],
    [
      'a loop of three that nothing leaves',
      {
        start: ['a'],
        tasks: [
          noop('a', { on_complete: ['b', 'd'] }),
          noop('b', { on_success: 'c', on_failure: 'a' }),
          noop('c', { next: [{ do: 'a' }, { when: 'true', do: 'd' }] }),
          noop('d'),
        ],
      },
      ['endless_loop /tasks/0'],
    ],
    ['a name with a dash', { tasks: [noop('a-b')] }, ['value_invalid /tasks/0/name']],
    ['a name that is too long', { tasks: [noop('a'.repeat(65))] }, ['out_of_range /tasks/0/name']],
    ['a reserved name', { tasks: [noop('error')] }, ['value_invalid /tasks/0/name']],
    ['a name of the prototype', { tasks: [noop('__proto__')] }, ['value_invalid /tasks/0/name']],
    ['a reserved variable', { tasks: [noop('a')], variables: { item: 1 } }, ['name_invalid /variables/item']],
    ['two tasks of one name', { tasks: [noop('a'), noop('a')] }, ['duplicate_task /tasks/1/name']],
    ['an action without a pack', { tasks: [{ name: 'a', action: 'noop' }] }, ['value_invalid /tasks/0/action']],
    ['an unknown action', { tasks: [{ name: 'a', action: 'core.nope' }] }, ['unknown_action /tasks/0/action']],
    [
      'a transition to nowhere',
      { tasks: [noop('a', { on_success: ['b', 'noop'] })] },
      ['unknown_task /tasks/0/on_success/0'],
    ],
    ['the word retry', { tasks: [noop('a', { on_failure: 'retry' })] }, ['unknown_word /tasks/0/on_failure']],
    [
      'one target twice',
      { tasks: [noop('a', { on_success: ['b', 'b'] }), noop('b')] },
      ['duplicate_target /tasks/0/on_success/1'],
    ],
    ['a start that is no task', { tasks: [noop('a')], start: ['b'] }, ['unknown_task /start/0']],
    ['a start named twice', { tasks: [noop('a')], start: ['a', 'a'] }, ['duplicate_target /start/1']],
    ['a negative retry count', { tasks: [noop('a', { retry: { count: -1 } })] }, ['out_of_range /tasks/0/retry/count']],
    ['a retry without a count', { tasks: [noop('a', { retry: {} })] }, ['required /tasks/0/retry/count']],
    [
      'a retry count that is no integer',
      { tasks: [noop('a', { retry: { count: 1.5 } })] },
      ['type_invalid /tasks/0/retry/count'],
    ],
    ['a timeout of zero', { tasks: [noop('a', { timeout: 0 })] }, ['out_of_range /tasks/0/timeout']],
    [
      'a circle without a start',
      { tasks: [noop('a', { on_success: 'b' }), noop('b', { on_success: 'a' })] },
      ['no_entry /tasks'],
    ],
    [
      'a task beside a graph',
      { tasks: [noop('a', { on_failure: 'c' }), noop('b'), noop('c')] },
      ['isolated_task /tasks/1'],
    ],
    [
      'a circle that no entry leads to',
      { tasks: [noop('a', { on_success: 'noop' }), noop('b', { on_success: 'c' }), noop('c', { on_success: 'b' })] },
      ['isolated_task /tasks/0', 'unreachable_task /tasks/1', 'unreachable_task /tasks/2'],
    ],
    [
      'a broken template',
      { tasks: [noop('a', { input: { 'x/y': ['{{ a b }}'] } })] },
      ['template_invalid /tasks/0/input/x~1y/0'],
    ],
    [
      'a filter that is not there',
      { tasks: [noop('a', { input: '{{ workflow.param.x | uper }}' })] },
      ['unknown_filter /tasks/0/input'],
    ],
    [
      'arguments that a filter does not take',
      { tasks: [noop('a', { input: '{{ [1] | join(1, 2, 3) }}{{ [1] | sort(revers=true) }}' })] },
      ['argument_invalid /tasks/0/input', 'argument_invalid /tasks/0/input'],
    ],
    ...[
      '{{ 1 is odd(2) }}',
      '{{ 1 is eq }}',
      '{{ x | combine({}, deep=true) }}',
      "{{ x | join(d='-', d='+') }}",
      "{{ x | replace('a') }}",
      "{{ x | map('join', wrong=1) }}",
      "{{ x | select('gt') }}",
      "{{ x.split(',', 1, 2) }}",
      '{{ x.upper(1) }}',
      '{{ range() }}',
      '{{ now(1) }}',
      '{% filter indent(1, 2, 3, 4) %}a{% endfilter %}',
      "{{ x | regex_search('(') }}",
      "{{ x | regex_replace('(?=a)', '') }}",
      "{{ x | regex_replace('a', '\\\\1') }}",
      "{{ x | strftime('%U') }}",
      "{{ x | hash('md4') }}",
      "{{ '%y' % 1 }}",
      "{{ '2026-02-30' | date }}",
      "{{ x if '[1' | from_json else 2 }}",
    ].map((template): [string, object, string[]] => [
      `what takes no such arguments, or always fails: ${template}`,
      { variables: { x: '' }, tasks: [noop('a', { input: [template] })] },
      ['argument_invalid /tasks/0/input/0'],
    ]),
    ...["{{ x | map('nope') }}", "{{ x | select('nope') }}"].map((template): [string, object, string[]] => [
      `a name that is passed on and is not there: ${template}`,
      { variables: { x: '' }, tasks: [noop('a', { input: template })] },
      [`unknown_${template.includes('map') ? 'filter' : 'test'} /tasks/0/input`],
    ]),
    ...[{}, { seconds: 1, until: '2030-01-01T00:00:00Z' }].map((input): [string, object, string[]] => [
      `a delay for ${JSON.stringify(input)}`,
      { tasks: [{ name: 'a', action: 'core.delay', input }] },
      ['input_invalid /tasks/0/input'],
    ]),
    ...['tomorrow', '2026-02-30T10:00:00Z', '2016-12-31T23:59:60Z'].map((until): [string, object, string[]] => [
      `a delay until ${until}`,
      { tasks: [{ name: 'a', action: 'core.delay', input: { until } }] },
      ['input_invalid /tasks/0/input/until'],
    ]),
    [
      'a test that is not there',
      { tasks: [noop('a', { input: '{{ workflow.param.x is nun }}' })] },
      ['unknown_test /tasks/0/input'],
    ],
    ['a function that is not there', { tasks: [noop('a', { input: '{{ nwo() }}' })] }, ['unknown_name /tasks/0/input']],
    [
      'a member that a task does not have',
      { tasks: [noop('a', { input: '{{ a.result }}' })] },
      ['unknown_name /tasks/0/input'],
    ],
    [
      'a task that is not there',
      { tasks: [noop('a', { input: '{{ task.b.output }}' })] },
      ['unknown_name /tasks/0/input'],
    ],
    ['all tasks at once', { tasks: [noop('a', { input: '{{ task }}' })] }, ['unknown_name /tasks/0/input']],
    [
      'a member of workflow that is not there',
      { tasks: [noop('a', { input: '{{ workflow.params.x }}' })] },
      ['unknown_name /tasks/0/input'],
    ],
    [
      'a variable that comes later',
      { tasks: [noop('a')], variables: { x: '{{ vars.y }}', y: 1 } },
      ['unknown_name /variables/x'],
    ],
    ...(
      [
        [
          'out of order',
          {
            escalate: [
              { after: 60, ...BOSS },
              { after: 60, ...BOSS },
            ],
          },
          '/escalate/1/after',
        ],
        ['after the time of the question', { timeout: 60, escalate: [{ after: 60, ...BOSS }] }, '/escalate/0/after'],
        ['that reaches nobody', { escalate: [{ after: 60, reason: 'late' }] }, '/escalate/0'],
        ['that adds people to everybody', { approvers: [], escalate: [{ after: 60, ...BOSS }] }, '/escalate/0'],
        ['that is one too many', { escalate: [1, 2, 3, 4, 5, 6].map((after) => ({ after, ...BOSS })) }, '/escalate'],
        ['that leaves too few for the quorum', { quorum: 3, escalate: [{ after: 60, ...BOSS }] }, '/quorum'],
      ] as const
    ).map(([what, input, path]): [string, unknown, string[]] => [
      `a step ${what}`,
      { tasks: [{ name: 'a', action: 'core.inquiry', input: { approvers: ['ann'], ...input } }] },
      [`input_invalid /tasks/0/input${path}`],
    ]),
    [
      'a field of error that is not there',
      { tasks: [noop('a', { input: '{{ error.msg }}' })] },
      ['unknown_name /tasks/0/input'],
    ],
  ])('%s', (_, definition, issues) => {
    expect(check(definition).issues.sort()).toEqual(issues.sort());
  });

  it.each<[string, string[], object, string[], string[]]>([
    ['of plain values', [], {}, ['input_invalid 100', 'more_issues and 50 more'], []],
    ['beside a template', [], { on: '{{ 1 }}' }, ['input_invalid 100', 'more_issues and 50 more'], []],
    ['of templates alone', ['{{ 1 }}'], {}, [], []],
    ['of missing values', [], { fields: undefined }, [], ['input_missing 100', 'more_issues and 50 more']],
  ])('more than 100 mismatches of an input, without losing count: %s', (_, [field = 'x'], rest, issues, warnings) => {
    const names = Array.from({ length: 150 }, (_each, at) => `f${at}`);
    const fields = Object.fromEntries(names.map((name) => [name, field]));
    const isMissing = 'fields' in rest;
    const schema = isMissing
      ? { type: 'object', required: names }
      : { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'integer' }])) };
    const actions = new Map([['my.action', { param_schema: schema, runs: 'worker' as const }]]);
    const task = { name: 'a', action: 'my.action', input: isMissing ? {} : { ...fields, ...rest } };
    const parsed = parseDefinition({ tasks: [task] }, '');
    if ('issues' in parsed) throw new Error('the shape is refused');
    const found = validateDefinition(parsed.definition, null, actions);
    const counted = (list: readonly Issue[]) => {
      const others = list.filter(({ code }) => code !== 'more_issues');
      const codes = [...new Set(others.map(({ code }) => code))].map((code) => `${code} ${others.length}`);
      return [
        ...codes,
        ...list.filter((each) => !others.includes(each)).map(({ code, message }) => `${code} ${message}`),
      ];
    };
    expect([counted(found.issues), counted(found.warnings)]).toEqual([issues, warnings]);
  });

  it('a parameter that a closed schema does not have', () => {
    for (const input of ['{{ workflow.param.m }}', '{{ parameters.m }}', '{{ m }}']) {
      expect(check({ tasks: [noop('a', { input })] }, CLOSED).issues).toEqual(['unknown_name /tasks/0/input']);
    }
    expect(check({ tasks: [noop('a', { input: '{{ n }} {{ workflow.param.n }}' })] }, CLOSED).issues).toEqual([]);
  });

  it('every reserved name', () => {
    for (const name of RESERVED_NAMES) {
      expect(check({ tasks: [noop(name)] }).issues, name).toEqual(['value_invalid /tasks/0/name']);
    }
  });

  it('what is nested too deep, without failing itself', () => {
    let input: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) input = [input];
    expect(check({ tasks: [noop('a', { input })] }).issues).toEqual(['too_deep ']);
  });
});

describe('doubtful, and stored with a warning', () => {
  it.each<[string, Definition, string[]]>([
    [
      'a form that several people fill in',
      { tasks: [{ name: 'a', action: 'core.inquiry', input: { quorum: 2, response_schema: { type: 'object' } } }] },
      ['several_forms /tasks/0/input/response_schema'],
    ],
    ['an input that is missing', { tasks: [{ name: 'a', action: 'core.http' }] }, ['input_missing /tasks/0/input/url']],
    [
      'a name that may be a parameter',
      { tasks: [noop('a', { input: '{{ maybe }}' })] },
      ['unknown_name /tasks/0/input'],
    ],
    [
      'a task that is an entry and led to',
      { start: ['a', 'b'], tasks: [noop('a', { on_success: 'b' }), noop('b')] },
      ['several_arrivals /tasks/1'],
    ],
    [
      'a task that is read before it runs',
      { tasks: [noop('a', { input: '{{ b.output }} {{ task.b.status }} {{ b is defined }}' }), noop('b')] },
      ['read_too_early /tasks/0/input', 'read_too_early /tasks/0/input'],
    ],
    [
      'several arrivals',
      { tasks: [noop('a', { on_success: 'c' }), noop('b', { on_success: 'c' }), noop('c')] },
      ['several_arrivals /tasks/2'],
    ],
    [
      'arrivals that exclude each other: a rollback after either of two failures',
      {
        tasks: [
          noop('deploy', { on_success: 'verify', on_failure: 'rollback' }),
          noop('verify', { on_failure: 'rollback' }),
          noop('rollback'),
        ],
      },
      [],
    ],
    [
      'arrivals that exclude each other, but for one',
      {
        tasks: [
          noop('deploy', { on_success: ['verify', 'tell'], on_failure: 'rollback' }),
          noop('verify', { on_failure: 'rollback' }),
          noop('tell', { on_failure: 'rollback' }),
          noop('rollback'),
        ],
      },
      ['several_arrivals /tasks/3'],
    ],
    [
      'one arrival before another, by a detour',
      { tasks: [noop('a', { on_success: ['b', 'c'] }), noop('b', { on_success: 'c' }), noop('c')] },
      ['several_arrivals /tasks/2'],
    ],
    [
      'several transitions of one task that fire together',
      { tasks: [noop('a', { on_success: 'b', on_complete: 'b' }), noop('b')] },
      ['several_arrivals /tasks/1'],
    ],
    ['a timeout of what runs at once', { tasks: [noop('a', { timeout: 300 })] }, ['without_effect /tasks/0/timeout']],
    [
      'several transitions of one task of which one fires',
      { tasks: [noop('a', { on_success: 'b', on_failure: 'b' }), noop('b')] },
      [],
    ],
    [
      'several transitions of one task to a join',
      { tasks: [noop('a', { on_success: 'b', on_complete: 'b' }), noop('b', { join: 'all' })] },
      [],
    ],
  ])('%s', (_, definition, warnings) => {
    expect(check(definition)).toEqual({ issues: [], warnings });
  });

  it.each<[string, Definition]>([
    [
      'joins that some path satisfies',
      {
        tasks: [
          noop('a', { on_success: ['b', 'j'], on_failure: 'c' }),
          noop('b', { on_complete: 'j' }),
          noop('c', { next: [{ when: 'true', do: ['d', 'e'] }] }),
          noop('d', { on_success: 'k' }),
          noop('e', { next: [{ when: '1 > 2', do: 'k' }] }),
          noop('j', { join: 'all' }),
          noop('k', { join: 2 }),
        ],
      },
    ],
    [
      'a join of both ends of a task that is tried again by a word',
      {
        tasks: [
          noop('a', {
            next: [
              { when: 'failed()', do: 'retry' },
              { when: 'failed()', do: 'b' },
              { when: 'succeeded()', do: 'c' },
            ],
          }),
          noop('b', { on_success: 'j' }),
          noop('c', { on_success: 'j' }),
          noop('j', { join: 'all' }),
        ],
      },
    ],
    [
      'what follows a join does not race with itself',
      {
        tasks: [
          noop('a', { on_success: 'j' }),
          noop('b', { on_success: 'j' }),
          noop('j', { join: 'all', on_success: 'c', on_failure: 'd' }),
          noop('c', { publish: { x: 1 } }),
          noop('d', { publish: { x: 2 } }),
        ],
      },
    ],
    [
      'a loop that listens until it is cancelled',
      {
        start: ['a'],
        tasks: [
          { name: 'a', action: 'core.wait_signal', input: { name: 'go' }, on_success: 'b' },
          noop('b', { on_complete: 'a' }),
        ],
      },
    ],
    [
      'a variable that only some path sets, and one of an earlier round',
      {
        start: ['a'],
        tasks: [
          noop('a', {
            input: '{{ y | default(0) }}',
            next: [{ when: 'true', publish: { x: 1 }, do: 'b' }, { do: 'b' }],
          }),
          noop('b', { input: '{{ x }}', publish: { y: '{{ x }}' }, next: [{ when: 'y > 3', do: 'a' }] }),
        ],
      },
    ],
  ])('%s earns no warning', (_, definition) => {
    expect(check(definition)).toEqual({ issues: [], warnings: [] });
  });

  it('a loop earns no warning', () => {
    const tasks = [noop('a', { on_success: 'b' }), noop('b', { on_success: 'a', on_failure: 'noop' })];
    expect(check({ tasks, start: ['a'] })).toEqual({ issues: [], warnings: [] });
  });
});

it('a template in an input is not held against the schema before it is rendered', () => {
  const input = {
    url: '{{ workflow.param.u }}',
    query: { q: '{{ workflow.param.list }}' },
    method: '{{ workflow.param.m }}',
  };
  expect(check({ tasks: [{ name: 'a', action: 'core.http', input }] })).toEqual({ issues: [], warnings: [] });
});

it('secret is a name as any other where it has no key: a parameter may be called so', () => {
  const tasks = [{ name: 'a', action: 'core.log', input: { message: '{{ secret }} {{ secret["A" ~ "B"] }}' } }];
  const schema = { type: 'object', properties: { secret: { type: 'string' } }, additionalProperties: false };
  expect(check({ tasks }, schema)).toEqual({ issues: [], warnings: [] });
  expect(check({ tasks }, { ...schema, properties: {} }).issues).toEqual(
    Array(2).fill('unknown_name /tasks/0/input/message'),
  );
});

describe('a secret', () => {
  const http = (input: JsonObject, rest: JsonObject = {}) => ({ name: 'a', action: 'core.http', input, ...rest });
  const codes = (definition: JsonObject) => {
    const parsed = parseDefinition(definition, '/definition');
    if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
    const actions = new Map([...KNOWN_ACTIONS, ['media.resize', { runs: 'worker' as const, param_schema: null }]]);
    return validateDefinition(parsed.definition, null, actions).issues.map(({ code, path }) => `${code} ${path}`);
  };

  it.each<[string, JsonObject]>([
    ['bare', http({ url: 'https://x.org', auth: { bearer: '{{ secret.TOKEN }}' } })],
    ['in a text', http({ url: 'https://x.org/{{ secret.A }}/{{ now() }}{{secret.B}}' })],
    ['in a list of an object', http({ url: 'https://x.org', method: 'POST', body: [{ a: ['-{{ secret.A }}'] }] })],
    ['beside an item', http({ url: 'https://x.org/{{ item }}{{ secret.A }}' }, { with_items: '{{ [1] }}' })],
  ])('may stand %s in an input of a worker of ours', (_, task) => {
    expect(codes({ tasks: [task] })).toEqual([]);
  });

  const input = '/definition/tasks/0/input';
  it.each<[string, JsonObject, string]>([
    ['filtered', http({ url: '{{ secret.A | lower }}' }), `${input}/url`],
    ['compared', http({ url: 'x{{ "a" if secret.A == "b" else "c" }}' }), `${input}/url`],
    ['under a condition', http({ url: '{% if true %}{{ secret.A }}{% endif %}' }), `${input}/url`],
    ['kept in a name', http({ url: '{% set a = secret.A %}{{ a }}' }), `${input}/url`],
    ['below its name', http({ url: '{{ secret.A.b }}' }), `${input}/url`],
    ['guarded', http({ url: '{{ secret.A | default("x") }}' }), `${input}/url`],
    ['in a delay', http({ url: 'https://x.org' }, { delay: '{{ secret.A }}' }), '/definition/tasks/0/delay'],
    ['in items', http({ url: 'https://x.org' }, { with_items: '{{ secret.A }}' }), '/definition/tasks/0/with_items'],
    [
      'published',
      http({ url: 'https://x.org' }, { publish: { a: '{{ secret.A }}' } }),
      '/definition/tasks/0/publish/a',
    ],
    ['of what runs in the workflow', { name: 'a', action: 'core.log', input: { message: '{{ secret.A }}' } }, input],
    ['of another worker', { name: 'a', action: 'media.resize', input: { key: '{{ secret.A }}' } }, input],
  ])('may not stand %s', (_, task, path) => {
    expect(codes({ tasks: [task] })).toContain(`secret_misplaced ${path}`);
  });
});
