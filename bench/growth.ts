import { NEWEST_DIALECT } from '../expression/dialect.ts';
import { compileTemplate, renderTemplate } from '../expression/template.ts';
import type { Command } from '../interpreter/events.ts';
import { askedCount } from '../interpreter/inquiries.ts';
import { begin, step } from '../interpreter/interpreter.ts';
import { openStatusOf } from '../interpreter/waits.ts';
import type { Definition } from '../model/definition.ts';
import { buildShapeInput } from './comparison/shapes.ts';
import { median } from './statistics.ts';

/** Something that grows, and the microseconds that one event, or one kilobyte, takes at each size. */
export interface Grown {
  what: string;
  /** The work that a time measures. */
  each: string;
  at: { size: number; microseconds: number }[];
}

const SIZES = [10, 100, 1_000, 10_000, 100_000];
/** Tasks that a definition may have. */
const TASK_SIZES = SIZES.filter((size) => size <= 1_000);
const ROUNDS = 3;

/** Steps through a run as the shell does until the run has closed or continues as a new one; returns the microseconds of an event. */
function perEvent(definition: Definition, input: Record<string, never> | { list: number[] }): number {
  const run = buildShapeInput({ name: 'grown', label: '', definition, runs: 1 }, 1);
  const times = Array.from({ length: ROUNDS }, () => {
    const queue: string[] = [];
    const take = (commands: Command[]) => {
      for (const command of commands) if (command.type === 'activity') queue.push(command.key);
    };
    let events = 0;
    const { state, commands } = begin(run, input, 0);
    take(commands);
    const begun = performance.now();
    for (; events < queue.length; events += 1) {
      take(step(state, [{ type: 'completed', key: queue[events]!, output: 1 }], events));
      openStatusOf(state);
      askedCount(state);
    }
    return ((performance.now() - begun) * 1000) / events;
  });
  return median(times);
}

const act = (name: string, rest: object = {}) => ({ name, action: 'bench.act', ...rest });
const listOf = (size: number) => Array.from({ length: size }, (_, index) => index);

/** Measures the cost of an event as runs grow, up to the most visits that a run may make. */
function interpreting(): Grown[] {
  const grown = (what: string, sizes: readonly number[], one: (size: number) => number): Grown => ({
    what,
    each: 'µs an event',
    at: sizes.map((size) => ({ size, microseconds: one(size) })),
  });
  const loop = (size: number, variables: object, publish: object) => ({
    variables: { n: 0, ...variables },
    start: ['a'],
    tasks: [
      act('a', {
        publish: { n: '{{ n + 1 }}', ...publish },
        next: [{ when: `n < ${size}`, do: 'a' }, { when: `n >= ${size}` }],
      }),
    ],
  });
  return [
    grown('tasks of a sequence', TASK_SIZES, (size) =>
      perEvent({ tasks: listOf(size).map((index) => act(`t${index}`)) } as Definition, {}),
    ),
    grown('tasks of a fan-out with a join', TASK_SIZES, (size) =>
      perEvent(
        {
          tasks: [
            act('a', { on_success: listOf(size - 2).map((index) => `t${index}`) }),
            ...listOf(size - 2).map((index) => act(`t${index}`, { on_success: 'end' })),
            act('end', { join: 'all' }),
          ],
        } as Definition,
        {},
      ),
    ),
    grown('rounds of a loop', SIZES, (size) => perEvent(loop(Math.min(size, 99_999), {}, {}) as Definition, {})),
    grown('items, 50 at once', SIZES, (size) =>
      perEvent({ tasks: [act('a', { with_items: '{{ list }}', concurrency: 50 })] } as Definition, {
        list: listOf(size),
      }),
    ),
    grown('variables other than the one that changes', SIZES.slice(0, -1), (size) =>
      perEvent(
        loop(100, Object.fromEntries(listOf(size).map((index) => [`v${index}`, index])), {
          v1: '{{ n }}',
        }) as Definition,
        {},
      ),
    ),
  ];
}

/** Measures the cost of templates over data of several sizes, in kilobytes. */
function rendering(): Grown[] {
  const rows = (kilobytes: number) =>
    listOf(kilobytes * 4).map((index) => ({ id: index, price: index % 97, text: `row ${index % 1000} `.repeat(24) }));
  return [
    ['select, map, sum', "{{ rows | selectattr('price', 'gt', 50) | map(attribute='price') | sum }}"],
    ['a loop with a condition', '{% for row in rows %}{% if row.price > 50 %}{{ row.id }},{% endif %}{% endfor %}'],
    ['to JSON', '{{ rows | tojson }}'],
    ['passed on as it is', '{{ rows }}'],
  ].map(([what, text]) => ({
    what: what!,
    each: 'µs a kB',
    at: [10, 100, 1_000, 1_400].map((size) => {
      const data = rows(size);
      const kilobytes = JSON.stringify(data).length / 1000;
      const template = compileTemplate(text!);
      const scope = {
        lookup: (name: string) => (name === 'rows' ? data : undefined),
        names: () => ['rows'],
        dialect: NEWEST_DIALECT,
      };
      const times = Array.from({ length: 5 }, () => {
        const begun = performance.now();
        renderTemplate(template, scope as unknown as Parameters<typeof renderTemplate>[1]);
        return ((performance.now() - begun) * 1000) / kilobytes;
      });
      return { size, microseconds: median(times) };
    }),
  }));
}

/** How what is pure grows. */
export const measureGrowth = (): Grown[] => [...interpreting(), ...rendering()];
