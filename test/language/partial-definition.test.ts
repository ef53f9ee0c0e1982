import { expect, it } from 'vitest';
import { partialDefinition } from '../../language/checks/partial-definition.ts';
import { validateDefinition } from '../../language/validate.ts';
import { parseDefinition } from '../../model/definition.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { KNOWN_ACTIONS } from '../../service/actions/actions.ts';

const CLOSED: JsonObject = { type: 'object', properties: { known: {} }, additionalProperties: false };
const noop = (name: string, rest: object = {}) => ({ name, action: 'core.noop', ...rest });

/** The issues of the shape of a definition and of its meaning, each as its code and place. */
function issuesOf(definition: Json): string[] {
  const parsed = parseDefinition(definition, '/definition');
  if (!('issues' in parsed)) throw new Error('the shape of the definition is right');
  const before = structuredClone(definition);
  const partial = partialDefinition(definition);
  expect(definition).toEqual(before);
  const found =
    partial === null
      ? []
      : validateDefinition(partial.definition, CLOSED, KNOWN_ACTIONS, undefined, partial.gaps).issues;
  return [...parsed.issues, ...found].map(({ code, path }) => `${code} ${path.replace('/definition', '')}`);
}

// The issues after the first ones of shape are found in spite of those, and none of them could be caused by those.
it.each<[string, Json, string[]]>([
  [
    'a broken field next to mistakes of all kinds',
    {
      tasks: [
        noop('a', { on_success: 'zz' }),
        noop('a', { timeout: -1 }),
        { name: 'c', action: 'core.nothing_such', input: '{{ 1 + }}' },
        noop('d', { input: '{{ task.nope.output }}' }),
      ],
    },
    [
      'out_of_range /tasks/1/timeout',
      'duplicate_task /tasks/1/name',
      'template_invalid /tasks/2/input',
      'unknown_task /tasks/0/on_success',
      'unknown_action /tasks/2/action',
      'unknown_name /tasks/3/input',
    ],
  ],
  [
    'an unknown field, an undefined target and a bad template in three tasks',
    { tasks: [noop('a', { time_out: 5 }), noop('b', { on_success: 'zz' }), noop('c', { input: '{{ 1 | nope }}' })] },
    ['unknown_field /tasks/0/time_out', 'unknown_filter /tasks/2/input', 'unknown_task /tasks/1/on_success'],
  ],
  ['nothing but shape', { tasks: [noop('a', { timeout: 'x' })] }, ['type_invalid /tasks/0/timeout']],
  [
    'a name that is not written as one is known as a target of nobody',
    { tasks: [noop('roll-out'), noop('b', { on_success: 'roll-out', input: '{{ task.roll.output }}' })] },
    ['value_invalid /tasks/0/name'],
  ],
  [
    'a task without a name: any target may be that task, and a template is still read',
    { tasks: [{ nmae: 'b', action: 'core.noop' }, noop('a', { on_success: 'b', input: '{{ 1 + }}' })] },
    ['required /tasks/0/name', 'unknown_field /tasks/0/nmae', 'template_invalid /tasks/1/input'],
  ],
  [
    'a task that is text keeps the places of the others',
    { tasks: ['a', noop('b', { on_success: 'a', input: '{{ 1 + }}' })] },
    ['type_invalid /tasks/0', 'template_invalid /tasks/1/input'],
  ],
  [
    'no tasks: variables and the output are still read',
    { taks: [noop('a')], variables: { x: '{{ 1 + }}' }, output: '{{ task.a.output }}' },
    ['required /tasks', 'unknown_field /taks', 'template_invalid /variables/x'],
  ],
  [
    'an action that is misspelt says nothing about its input',
    {
      tasks: [
        { name: 'a', action: 'http', input: { url: 5 } },
        { name: 'b', input: { secs: 5 } },
      ],
    },
    ['value_invalid /tasks/0/action', 'required /tasks/1/action'],
  ],
  [
    'items in a field that nobody knows: `item` may be known, and what goes with items may have an effect',
    {
      tasks: [
        noop('a', { with_item: '{{ [1] }}', concurrency: 2, input: '{{ item }}' }),
        noop('b', { input: '{{ item }}' }),
      ],
    },
    ['unknown_field /tasks/0/with_item', 'unknown_name /tasks/1/input'],
  ],
  [
    'items of a wrong type',
    { tasks: [noop('a', { with_items: 5, on_item_failure: 'stop', input: '{{ item }}' })] },
    ['type_invalid /tasks/0/with_items'],
  ],
  [
    'variables under another name: any name may be one, and a task is no variable',
    { variable: { x: 1 }, tasks: [noop('a', { input: '{{ x }}{{ vars.x }}', on_success: 'zz' })] },
    ['unknown_field /variable', 'unknown_task /tasks/0/on_success'],
  ],
  [
    'transitions under another name, which may have published',
    {
      tasks: [noop('a', { nxt: [{ publish: { x: 1 }, do: 'b' }] }), noop('b', { input: '{{ x }}', on_failure: 'zz' })],
    },
    ['unknown_field /tasks/0/nxt', 'unknown_task /tasks/1/on_failure'],
  ],
  [
    'a variable that has a word of the language for its name',
    { variables: { item: 1, ok: '{{ 1 + }}' }, tasks: [noop('a', { input: '{{ item }}' })] },
    ['name_invalid /variables/item', 'template_invalid /variables/ok'],
  ],
  [
    'a way to wait that does not exist',
    { tasks: [noop('a', { retry: { count: 1, backoff: 'quadratic', factor: 2, when: '{{ 1 + }}' } })] },
    ['value_invalid /tasks/0/retry/backoff', 'template_invalid /tasks/0/retry/when'],
  ],
  [
    'one of several transitions',
    { tasks: [noop('a', { next: [5, { do: 'zz' }, { do: 7, when: '{{ 1 + }}' }, { wen: 'x', do: 'yy' }] })] },
    [
      'type_invalid /tasks/0/next/0',
      'type_invalid /tasks/0/next/2/do',
      'unknown_field /tasks/0/next/3/wen',
      'template_invalid /tasks/0/next/2/when',
      'unknown_task /tasks/0/next/1/do',
      'unknown_task /tasks/0/next/3/do',
    ],
  ],
  [
    'one of several targets: the list as a whole is not read',
    { start: ['a', 5, 'zz'], on_cancel: 'yy', tasks: [noop('a')] },
    ['type_invalid /start/1', 'unknown_task /on_cancel'],
  ],
  [
    'transitions that are not read lead nowhere else: no loop, no question in the cleanup',
    {
      on_cancel: 'a',
      tasks: [noop('a', { on_success: 5 }), { name: 'b', action: 'core.inquiry', input: {} }, noop('c')],
    },
    ['type_invalid /tasks/0/on_success'],
  ],
  [
    'a stand-in does not take a name that is taken',
    { tasks: [5, noop('stand_in_2'), noop('stand_in_3')] },
    ['type_invalid /tasks/0'],
  ],
  [
    'all of a retry and of a concurrency key',
    { concurrency_key: { kye: 'x' }, tasks: [noop('a', { retry: {}, input: '{{ 1 + }}' })], timeout: 'x' },
    [
      'required /tasks/0/retry/count',
      'type_invalid /timeout',
      'required /concurrency_key/key',
      'unknown_field /concurrency_key/kye',
      'template_invalid /tasks/0/input',
    ],
  ],
  ['text', 'tasks', ['type_invalid ']],
  ['a list', [], ['type_invalid ']],
  [
    'more tasks than are allowed',
    {
      tasks: Array.from({ length: 1_001 }, (_, n) => noop(`t${n}`, { on_success: 'zz' })),
      variables: { x: '{{ 1 + }}' },
    },
    ['out_of_range /tasks', 'template_invalid /variables/x'],
  ],
  [
    'keys that objects have by themselves',
    { constructor: 5, toString: {}, tasks: [noop('a', { hasOwnProperty: 1, on_success: 'zz' })] },
    [
      'unknown_field /tasks/0/hasOwnProperty',
      'unknown_field /constructor',
      'unknown_field /toString',
      'unknown_task /tasks/0/on_success',
    ],
  ],
])('%s', (_, definition, issues) => {
  expect(issuesOf(definition)).toEqual(issues);
});
