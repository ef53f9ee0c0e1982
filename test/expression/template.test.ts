import { describe, expect, it } from 'vitest';
import { compileTemplate, renderTemplate, type Scope, TemplateError, type Value } from '../../expression/template.ts';

const data: Record<string, Value> = {
  a: { b: [10, { 'c-d': 'deep' }], n: null, t: true, items: 'key', '0': 'zero' },
  text: 'plain',
};
const scope: Scope = {
  lookup: (root) => (Object.hasOwn(data, root) ? data[root] : undefined),
  names: () => Object.keys(data),
};
const render = (text: string): Value => renderTemplate(compileTemplate(text), scope);
const failure = (text: string): TemplateError => {
  try {
    render(text);
  } catch (error) {
    if (error instanceof TemplateError) return error;
  }
  throw new Error(`${text} did not fail`);
};

it.each<[string, Value]>([
  ['{{ a.b[0] }}', 10],
  ['{{a.b[-1]["c-d"]}}', 'deep'],
  ["{{ a['b'].0 }}", 10],
  ['{{ a.items }}', 'key'],
  ["{{ a['0'] }}", 'zero'],
  ['{{ a.n }}', null],
  ['{{ a.t }}', true],
  ['{{ a.b }}', [10, { 'c-d': 'deep' }]],
  ['x{{ text }}y{{ a.b[0] }}', 'xplainy10'],
  ['{{ text }} ', 'plain '],
  ['{{ a.n }}|{{ a.t }}|{{ a.b }}', "None|True|[10, {'c-d': 'deep'}]"],
  ['no template { here } }}', 'no template { here } }}'],
])('%s gives %j', (text, expected) => {
  expect(render(text)).toEqual(expected);
});

describe('errors tell the kind and the place', () => {
  it.each([
    ['{{ gone }}', 'undefined', 1, 4, "'gone' is not defined; there are: a, text"],
    ['line\n  {{ a.x }}', 'undefined', 2, 6, "no key 'x'; there are: 0, b, n, t, items"],
    ['{{ a.b[9] }}', 'undefined', 1, 4, 'no element 9 in a list of 2'],
    ['{{ text.x }}', 'undefined', 1, 4, "no key 'x' in a string"],
    ['{{ a.n.x }}', 'undefined', 1, 4, "no key 'x' in null"],
    ['{{ a.toString }}', 'undefined', 1, 4, "no key 'toString'; there are: 0, b, n, t, items"],
    ['{{ constructor }}', 'undefined', 1, 4, "'constructor' is not defined; there are: a, text"],
    ['{{ a', 'syntax', 1, 1, 'this {{ is never closed by }}'],
    ['{{ }}', 'syntax', 1, 4, 'a name is expected here, as in {{ task.output.field }}'],
    ['{{ a | upper }}', 'syntax', 1, 6, 'only a path is supported here, as in {{ task.output.field }}'],
    ['{{ a.__proto__ }}', 'syntax', 1, 15, "'__proto__' is not a key that data can have"],
    ['{{ __proto__ }}', 'syntax', 1, 14, "'__proto__' is not a name that data can have"],
    ['é{% if a %}', 'syntax', 1, 2, 'statements and comments are not supported'],
    ['{# no #}', 'syntax', 1, 1, 'statements and comments are not supported'],
    ['{{ a[b] }}', 'syntax', 1, 6, 'a key is expected here'],
    ['{{ a. }}', 'syntax', 1, 6, 'a key is expected here'],
    ['{{ a[0 }}', 'syntax', 1, 7, 'a ] is expected here'],
  ])('%j', (text, kind, line, column, message) => {
    const error = failure(text);
    expect({ kind: error.kind, line: error.line, column: error.column, message: error.message }).toEqual({
      ...{ kind, line, column, message },
    });
  });
});

it('is linear in hostile text', () => {
  for (const text of [
    '{{'.repeat(50_000),
    '{'.repeat(100_000),
    `{{ a${'.b'.repeat(50_000)} }}`,
    `{{ a${'['.repeat(50_000)}`,
  ]) {
    expect(() => render(text)).toThrow(TemplateError);
  }
});
