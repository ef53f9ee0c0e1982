import { expect, it } from 'vitest';
import { DefinitionSchema } from '../../model/definition.ts';

const task = (rest: object) => ({ tasks: [{ name: 'a', action: 'core.noop', ...rest }] });

it.each<[string, object]>([
  ['a task alone', task({})],
  ['a retry without a delay', task({ retry: { count: 2 } })],
  ['a retry with the delay that is the default', task({ retry: { count: 2, delay: 0 } })],
  ['a target as text', task({ on_success: 'a' })],
  ['targets as a list', task({ on_success: ['a'], on_failure: [] })],
  ['transitions', task({ next: [{ when: 'true', publish: { x: 1 }, do: 'a' }, { when: '{{ true }}' }] })],
  ['items', task({ with_items: '{{ xs }}', concurrency: 2 })],
  ['variables and output', { ...task({}), variables: { x: null }, output: { y: '{{ x }}' } }],
])('%s is kept as it was written', (_, definition) => {
  expect(DefinitionSchema.parse(definition)).toEqual(definition);
});
