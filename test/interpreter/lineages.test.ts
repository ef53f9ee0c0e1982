import { expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import { simulate } from '../../interpreter/simulate.ts';
import { validateDefinition } from '../../language/validate.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Definition, Task } from '../../model/definition.ts';
import { type Attempt, act, fail, ok, runInput, STARTED, TEST_ACTIONS } from './rehearse.ts';

const twice = (name: string, to: string, rest: object = {}): Task => ({
  name,
  action: 'core.noop',
  next: [{ do: to }, { when: 'succeeded()', do: to }],
  ...rest,
});
const fork = (name: string, to: string[]): Task => ({ name, action: 'core.noop', on_success: to });
const join = (rest: object = {}): Task => ({ name: 'j', action: 'core.noop', join: 'all', ...rest });

/** How often the join "j" runs, and how the run ends. */
function joinsOf(definition: Definition, interpreter: number, outcomes: Record<string, Attempt[]> = {}) {
  const { state, close } = simulate({ ...runInput(definition), interpreter }, {}, outcomes, STARTED);
  return [state.visitsOf.get('j')?.length ?? 0, close?.failure?.type ?? close?.outcome];
}

const branches: Task[] = [act('l', { on_success: 'j' }), act('r', { on_success: 'j' })];

it.each<[what: string, tasks: Task[], then: unknown[], now: unknown[], start?: string[]]>([
  [
    'to a task with a join behind it',
    [twice('a', 'b'), fork('b', ['l', 'r']), ...branches, join()],
    [1, 'completed'],
    [2, 'completed'],
  ],
  [
    'straight to the join',
    [twice('a', 'j'), act('l', { on_success: 'j' }), join()],
    [1, 'completed'],
    [1, 'completed'],
  ],
  [
    'to tasks twice over',
    [twice('a', 'b'), twice('b', 'c'), fork('c', ['l', 'r']), ...branches, join()],
    [1, 'completed'],
    [4, 'completed'],
  ],
  [
    'to a task whose branch is joined with one that runs once',
    [{ name: 'a', action: 'core.noop', next: [{ do: ['l', 'r'] }, { when: 'true', do: 'l' }] }, ...branches, join()],
    [1, 'completed'],
    [0, 'unreachable_join'],
  ],
  [
    'within a loop, where rounds tell arrivals apart',
    [twice('a', 'b'), fork('b', ['l', 'r']), ...branches, join({ next: [{ when: 'false', do: 'a' }] })],
    [2, 'completed'],
    [2, 'completed'],
    ['a'],
  ],
])('two transitions of one visit %s', (_, tasks, then, now, start) => {
  const definition = { tasks, ...(start === undefined ? {} : { start }) };
  expect(validateDefinition(definition, null, TEST_ACTIONS).issues).toEqual([]);
  expect([joinsOf(definition, 9), joinsOf(definition, 10)]).toEqual([then, now]);
});

const REFUSED = 'ambiguous_join /definition/tasks/3/join';
const WARNED = 'several_arrivals /definition/tasks/1';
const both = (first: string | null, second: string): Partial<Task> => ({
  next: [
    { ...(first === null ? {} : { when: first }), do: ['l', 'r'] },
    { when: second, do: 'l' },
  ],
});
it.each<[transitions: string, a: Partial<Task>, found: string[]]>([
  ['on_success and on_complete', { on_success: ['l', 'r'], on_complete: 'l' }, [REFUSED]],
  ['one without a condition, one of success', both(null, 'succeeded()'), [REFUSED]],
  ['one without a condition, one of failure', both(null, '{{ failed() }}'), [REFUSED]],
  ['the same end twice', both('succeeded()', 'succeeded( )'), [REFUSED]],
  ['one without a condition, one with any', both(null, 'x == 1'), [WARNED]],
  ['one without a condition, one of timeouts', both(null, 'timed_out()'), [WARNED]],
  ['one of success, one with any', both('succeeded()', 'x == 1'), [WARNED]],
  ['the same condition twice', both('x == 1', 'x==1'), [WARNED]],
  ['two conditions', both('x == 1', 'x == 2'), []],
  ['of different ends', both('succeeded()', 'failed()'), []],
  ['on_success and on_failure', { on_success: ['l', 'r'], on_failure: 'l' }, []],
])('a join of what runs twice with what runs once is refused or warned of when it is written: %s', (_, a, found) => {
  const tasks = [{ name: 'a', action: 'core.noop', ...a }, ...branches, join()];
  const { issues, warnings } = validateDefinition({ variables: { x: 1 }, tasks }, null, TEST_ACTIONS);
  expect([...issues, ...warnings].map(({ code, path }) => `${code} ${path}`)).toEqual(found);
});

it('a retry repeats what failed in one lineage, and joins it there', () => {
  const definition = { tasks: [twice('a', 'b'), fork('b', ['l', 'r']), ...branches, join()] };
  const first = simulate(runInput(definition), {}, { l: [ok(1), fail('E')] }, STARTED);
  expect([first.close?.outcome, first.state.visitsOf.get('j')?.length]).toEqual(['failed', 1]);
  const carried = carry(first.state, null)!;
  const input = { ...first.state.run, carried: JSON.parse(JSON.stringify(carried.state)) as CarriedState };
  const again = simulate(input, {}, {}, STARTED);
  expect([again.close?.outcome, again.state.visitsOf.get('j')?.length]).toEqual(['completed', 2]);
  const lineages = again.state.visitsOf.get('j')!.map((index) => again.state.visits[index]!.lineage);
  expect(new Set(lineages).size).toBe(2);
});
