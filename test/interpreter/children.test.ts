import { expect, it } from 'vitest';
import { begin } from '../../interpreter/interpreter.ts';
import { simulate } from '../../interpreter/simulate.ts';
import type { Definition } from '../../model/definition.ts';
import { isRunNumber } from '../../model/execution-id.ts';
import type { RunInput } from '../../model/run-input.ts';
import { runInput } from './rehearse.ts';

const sub = (name: string, action: string, rest: object = {}) => ({ name, action, ...rest });
const CHAIN: Record<string, Definition> = {
  'sub.one': { tasks: [sub('b', 'sub.two')] },
  'sub.two': { tasks: [sub('c', 'sub.three')] },
  'sub.three': { tasks: [{ name: 'd', action: 'core.noop' }] },
  'sub.four': { tasks: [{ name: 'd', action: 'core.noop' }] },
};

function childrenOf(run: RunInput) {
  const { commands } = begin(run, {}, 0);
  return commands.flatMap((command) => (command.type === 'child' ? [command] : []));
}

it('a sub-workflow carries what it can reach, and no more', () => {
  const [one] = childrenOf(runInput({ tasks: [sub('a', 'sub.one')] }, 1, CHAIN));
  expect(Object.keys(one!.run.workflows!)).toEqual(['sub.two', 'sub.three']);
  expect(one!.run).toMatchObject({ ref: 'sub.one', depth: 1, version: '1.0.0', hash: 'sub.one' });
  const [two] = childrenOf(one!.run);
  expect(Object.keys(two!.run.workflows!)).toEqual(['sub.three']);
  expect(two!.run.depth).toBe(2);
  expect(childrenOf(two!.run)[0]!.run).not.toHaveProperty('workflows');
});

it('its number and seed are the same whoever finds them, and others for each item, try and run', () => {
  const definition = { tasks: [sub('a', 'sub.three', { with_items: [1, 2] })] };
  const numbers = (run: RunInput) => childrenOf(run).map(({ n }) => n);
  const run = runInput(definition, 1, CHAIN);
  expect(numbers(run)).toEqual(numbers(structuredClone(run)));
  expect(numbers(run).every(isRunNumber)).toBe(true);
  const others = numbers(runInput(definition, 2, CHAIN));
  const failing = { a: { error: { type: 'E' } } };
  const again = { tasks: [sub('a', 'sub.three', { retry: { count: 1 } })] };
  const { commands } = simulate(runInput(again, 3, CHAIN), {}, failing, 0);
  const tries = commands.flatMap((command) => (command.type === 'child' ? [command.n] : []));
  expect(tries).toHaveLength(2);
  expect(new Set([...numbers(run), ...others, ...tries]).size).toBe(6);
});

it('the timeout of the task bounds the run, and so does the cleanup that it belongs to', () => {
  const run = runInput({ tasks: [sub('a', 'sub.three', { timeout: 5 })] }, 1, CHAIN);
  expect(childrenOf(run)[0]!.run.timeout).toBe(5);
  const stopped = {
    timeout: 1,
    on_cancel: 'b',
    tasks: [{ name: 'a', action: 'core.delay', input: { seconds: 60 } }, sub('b', 'sub.three')],
  };
  const { commands } = simulate(runInput(stopped, 1, CHAIN), {}, {}, 0);
  expect(commands.find(({ type }) => type === 'child')).toMatchObject({ shielded: true, run: { timeout: 300 } });
});
