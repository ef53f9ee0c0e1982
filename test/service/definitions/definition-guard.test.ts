import { expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import { createDefinitionGuard, findOutdated } from '../../../service/definitions/definition-guard.ts';

const GOOD: Definition = { tasks: [{ name: 'a', action: 'core.noop' }] };

/** A definition as another version has stored it. */
const stored = (definition: object): Definition => definition as Definition;
const task = (rest: object): Definition => stored({ tasks: [{ name: 'a', action: 'core.noop', ...rest }] });

it.each<[string, Definition, string[]]>([
  ['one that is valid', GOOD, []],
  ['one with an action that is gone', task({ action: 'team.gone' }), []],
  [
    'an argument that a filter does not take',
    task({ input: '{{ [1] | join(by=1) }}' }),
    ['argument_invalid /definition/tasks/0/input'],
  ],
  [
    'a pattern that looks around',
    task({ input: "{{ 'x' | regex_search('(?=x)') }}" }),
    ['argument_invalid /definition/tasks/0/input'],
  ],
  [
    'a template that is none',
    task({ publish: { x: '{{ 1 + }}' } }),
    ['template_invalid /definition/tasks/0/publish/x'],
  ],
  ['a field that is no longer known', task({ on_error: 'noop' }), ['unknown_field /definition/tasks/0/on_error']],
  [
    'several, all at once',
    stored({ tasks: GOOD.tasks, variables: { x: '{{ 1 + }}' }, output: '{{ 1 | nope }}' }),
    ['template_invalid /definition/variables/x', 'unknown_filter /definition/output'],
  ],
])('finds of %s what this version cannot run', (_, definition, issues) => {
  expect(findOutdated(definition).map(({ code, path }) => `${code} ${path}`)).toEqual(issues);
});

it('refuses a start of an outdated definition, and of one that reaches an outdated one, and reads large ones in the pool once', async () => {
  const asked: string[] = [];
  const demandReadable = createDefinitionGuard({
    run: async (name: string, _tenant: string, input: unknown) => {
      asked.push(name);
      return findOutdated((input as { definition: Definition }).definition) as never;
    },
  });
  const good = { hash: 'good', definition: GOOD };
  const bad = { hash: 'bad', definition: task({ input: '{{ 1 + }}' }) };
  const large = { hash: 'large', definition: task({ input: `${'x'.repeat(20_000)}{{ 1 + }}` }) };
  await demandReadable('t', good, { 'p.good': good });
  await demandReadable('t', null, {});
  expect(asked).toEqual([]);
  await expect(demandReadable('t', bad, {})).rejects.toMatchObject({
    code: 'definition_outdated',
    message: expect.stringContaining('the stored definition can no longer be run: /definition/tasks/0/input '),
    issues: [{ code: 'template_invalid', path: '/definition/tasks/0/input' }],
  });
  for (let time = 0; time < 2; time += 1) {
    await expect(demandReadable('t', null, { 'p.good': good, 'p/large': large })).rejects.toMatchObject({
      code: 'definition_outdated',
      message: expect.stringContaining('the stored definition of "p/large" can no longer be run'),
      issues: [{ path: '/workflows/p~1large/definition/tasks/0/input' }],
    });
  }
  expect(asked).toEqual(['find_outdated']);
});
