import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinIssues } from '../../language/checks/joins.ts';
import { compileDefinition } from '../../language/definition-compiler.ts';
import type { Program } from '../../language/program.ts';
import { findFollowers } from '../../language/task-graph.ts';
import { reachable } from '../../language/transitions.ts';
import type { Definition } from '../../model/definition.ts';
import { draws } from '../seed.ts';

const SIZE = 70; // more than two words of bits
const names = Array.from({ length: SIZE }, (_, index) => `t${index}`);

/** Definitions of many tasks with few transitions, some of them back, and some joins. */
const definitions: fc.Arbitrary<Definition> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE), fc.nat(19)), { minLength: 60, maxLength: 120, size: 'max' }),
    fc.array(fc.nat(SIZE - 1), { maxLength: 15, size: 'max' }),
  )
  .map(([edges, joins]) => ({
    start: ['t0'],
    tasks: names.map((name, index) => {
      // Mostly forwards; the last number stands for a task that does not exist.
      const targets = edges
        .filter(([from, to, back]) => from === index && (back === 0 || to > from))
        .map(([, to]) => `t${to}`);
      return {
        name,
        action: 'core.noop',
        ...(targets.length === 0 ? {} : { on_success: [...new Set(targets)] }),
        ...(joins.includes(index) ? { join: 'all' as const } : {}),
      };
    }),
  }));

it('what follows a task is what a path leads to', () => {
  fc.assert(
    fc.property(definitions, fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: 3 }), (definition, some) => {
      const { graph } = compileDefinition(definition);
      const { follows, followingAny } = findFollowers(graph);
      const after = (name: string) => reachable(graph.following.get(name)!, graph.following);
      for (const name of names) {
        const expected = after(name);
        for (const other of names) if (follows(other, name) !== expected.has(other)) expect([name, other]).toBeNull();
      }
      const any = followingAny(some.map((index) => names[index]!));
      const expected = new Set(some.flatMap((index) => [...after(names[index]!)]));
      expect(names.filter((name) => any.has(name))).toEqual(names.filter((name) => expected.has(name)));
    }),
    { numRuns: draws(20) },
  );
});

/** The possible origins of each task's lineage, found by following every transition until nothing changes. */
function lineagesOf({ tasks, graph, entries }: Program): Map<string, Set<string>> {
  const lineages = new Map<string, Set<string>>();
  for (const { name, opensLineage } of tasks.values()) {
    lineages.set(name, new Set(opensLineage ? [name] : entries.includes(name) ? [''] : []));
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, targets] of graph.following) {
      for (const target of targets) {
        if (tasks.get(target)!.opensLineage) continue;
        const known = lineages.get(target)!;
        const before = known.size;
        for (const lineage of lineages.get(name)!) known.add(lineage);
        changed ||= known.size > before;
      }
    }
  }
  return lineages;
}

it('a join is ambiguous where the lineages of what leads to it differ', () => {
  let ambiguous = 0;
  fc.assert(
    fc.property(definitions, (given) => {
      const tasks = given.tasks.map(({ on_success: next, ...task }) => {
        const known = ((next ?? []) as string[]).filter((name) => name !== `t${SIZE}`);
        return { ...task, ...(known.length === 0 ? {} : { on_success: known }) };
      });
      const program = compileDefinition({ ...given, tasks });
      const lineages = lineagesOf(program);
      const text = (name: string) => JSON.stringify([...lineages.get(name)!].sort());
      const expected = [...program.tasks.values()].filter(({ name, join }) => {
        if (join === null || join.inbound.length === 0 || program.entries.includes(name)) return false;
        return new Set(join.inbound.map(text)).size > 1;
      });
      ambiguous += expected.length;
      const found = joinIssues(program).filter(({ code }) => code === 'ambiguous_join');
      expect(found.map(({ path }) => path)).toEqual(expected.map(({ index }) => `/definition/tasks/${index}/join`));
    }),
    { numRuns: draws(60) },
  );
  expect(ambiguous).toBeGreaterThan(10);
});
