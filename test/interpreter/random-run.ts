import fc from 'fast-check';
import type { Definition } from '../../model/definition.ts';
import { type Attempt, fail, ok } from './rehearse.ts';

/** A definition with what becomes of its tasks, and the wave at which it is cancelled (none when 0). */
export interface RandomRun {
  definition: Definition;
  outcomes: Record<string, Attempt[]>;
  cancelAt: number;
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Random definitions: lists and graphs, forward edges mostly, loops that fail out, inline tasks, retries, words. */
export function randomRun(): fc.Arbitrary<RandomRun> {
  const attempt = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }).map((value) => ok({ value })) },
    { weight: 2, arbitrary: fc.constantFrom(fail('E_ONE'), fail('E_TWO')) },
  );
  return fc
    .record({
      size: fc.integer({ min: 1, max: NAMES.length }),
      graph: fc.boolean(),
      edges: fc.array(
        fc.record({
          from: fc.nat(),
          to: fc.nat(),
          on: fc.constantFrom('on_success', 'on_failure', 'on_complete'),
          word: fc.constantFrom('', '', '', '', 'noop', 'fail', 'continue'),
        }),
        { maxLength: 14 },
      ),
      kinds: fc.array(fc.constantFrom('act', 'act', 'act', 'inline', 'fail', 'read'), { minLength: 8, maxLength: 8 }),
      retries: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 8, maxLength: 8 }),
      attempts: fc.array(fc.array(attempt, { minLength: 1, maxLength: 4 }), { minLength: 8, maxLength: 8 }),
      cancelAt: fc.integer({ min: 0, max: 6 }),
    })
    .map(({ size, graph, edges, kinds, retries, attempts, cancelAt }) => {
      const names = NAMES.slice(0, size);
      const tasks: Definition['tasks'] = names.map((name, index) => {
        const retry = retries[index]! > 0 ? { retry: { count: retries[index]!, delay: 0 } } : {};
        if (kinds[index] === 'inline') return { name, action: 'core.transform', input: { data: index } };
        if (kinds[index] === 'fail') return { name, action: 'core.fail', input: { message: 'no' }, ...retry };
        const input = kinds[index] === 'read' && index > 0 ? { seen: `{{ ${names[index - 1]}.output }}` } : {};
        return { name, action: 'test.act', input, ...retry };
      });
      for (const { from, to, on, word } of graph ? edges : []) {
        const task = tasks[from % size] as unknown as Record<string, string[]>;
        // Only forward, so that what is drawn ends by itself; loops have rows of their own.
        const source = from % size;
        const target = word || names[source + 1 + (to % Math.max(1, size - source - 1))];
        if (target === undefined) continue;
        task[on] = [...new Set([...(task[on] ?? []), target])];
      }
      const edged = tasks.some((task) => task.on_success || task.on_failure || task.on_complete);
      // An outcome for what runs in the workflow would be no outcome on a server.
      const told = tasks.flatMap(({ name, action }, index) =>
        action === 'test.act' ? [[name, attempts[index]!]] : [],
      );
      const outcomes = Object.fromEntries(told);
      // Every task is an entry unless something leads to it: then no task is isolated or out of reach.
      const led = new Set(tasks.flatMap((task) => [task.on_success, task.on_failure, task.on_complete].flat()));
      const start = names.filter((name) => !led.has(name));
      return { definition: { tasks, ...(edged ? { start } : {}) }, outcomes, cancelAt };
    });
}
