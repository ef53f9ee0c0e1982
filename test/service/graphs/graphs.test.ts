import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Definition } from '../../../model/definition.ts';
import type { Principal } from '../../../model/principal.ts';
import { createGraphService, type GraphDependencies } from '../../../service/graphs/graphs.ts';
import { graphDefinition, layoutDefinition } from '../../../service/graphs/jobs.ts';
import { tallyTasks } from '../../../service/graphs/tallies.ts';

const principal = { tenant: 'one' } as Principal;

/** A definition of tasks with inputs of so many characters. */
const definitionOf = (tasks: number, characters: number): Definition => ({
  tasks: Array.from({ length: tasks }, (_, index) => ({
    name: `task_${index}`,
    action: 'core.noop',
    input: 'x'.repeat(characters),
  })),
});

/** A service whose pool counts its jobs; `stored` are the workflows by ref. */
function serve(stored: Record<string, Definition>, more: Partial<GraphDependencies> = {}) {
  const jobs: string[] = [];
  const pool = {
    run: async (name: 'graph' | 'layout', tenant: string, { definition }: { definition: Definition }) => {
      jobs.push(`${name} for ${tenant}`);
      return name === 'graph' ? graphDefinition(definition) : layoutDefinition(definition);
    },
  };
  const definitions = {
    get: async (_: Principal, ref: string) => ({ definition: stored[ref]! }),
    validate: async () => ({ issues: [], warnings: [] }),
  };
  const dependencies = { definitions, executions: { get: () => Promise.reject() }, pool, ...more };
  return { service: createGraphService(dependencies as unknown as GraphDependencies), jobs };
}

it('small definitions are drawn at once, large ones in the pool', async () => {
  const { service, jobs } = serve({ small: definitionOf(20, 10), large: definitionOf(20, 1_000) });
  const small = await service.readWorkflow(principal, 'small', {});
  const large = await service.readWorkflow(principal, 'large', {});
  await service.layout(small);
  await service.graph(small);
  expect(jobs).toEqual([]);
  expect((await service.layout(large)).nodes).toHaveLength(20);
  expect(await service.svg(large)).toContain('task_19');
  await service.graph(large);
  expect(jobs).toEqual(['layout for one', 'graph for one']);
});

it('the hash is that of the definition, whatever its ref is', async () => {
  const { service } = serve({ a: definitionOf(2, 1), b: definitionOf(2, 1), c: definitionOf(2, 2) });
  const hashes = await Promise.all(
    ['a', 'b', 'c'].map(async (ref) => (await service.readWorkflow(principal, ref, {})).hash),
  );
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes.map((hash) => hash === hashes[0])).toEqual([true, true, false]);
});

it('keeps the layouts that were used last', async () => {
  const refs = Array.from({ length: 201 }, (_, index) => `w${index}`);
  const stored = Object.fromEntries(refs.map((ref, index) => [ref, definitionOf(1, 17_000 + index)]));
  const { service, jobs } = serve(stored);
  const read = async (ref: string) => service.layout(await service.readWorkflow(principal, ref, {}));
  for (const ref of refs.slice(0, 200)) await read(ref);
  await read('w0');
  expect(jobs).toHaveLength(200);
  await read('w200');
  await read('w0');
  expect(jobs).toHaveLength(201);
  await read('w1');
  expect(jobs).toHaveLength(202);
});

it('a definition with issues is refused with all of them', async () => {
  const issues = [{ code: 'unknown_action', path: '/definition/tasks/0/action', message: 'x' }];
  const definitions = { get: () => Promise.reject(), validate: async () => ({ issues, warnings: [] }) };
  const { service } = serve({}, { definitions } as never);
  const refused = service.readUnsaved(principal, { definition: definitionOf(1, 1) });
  await expect(refused).rejects.toMatchObject({ code: 'definition_invalid', issues });
});

it('a run whose history is gone has no graph', async () => {
  const executions = { get: async () => ({ n: 1, execution: { run: null, tasks: [] } }) };
  const { service } = serve({}, { executions } as never);
  const refused = service.readRun(principal, '1');
  await expect(refused).rejects.toBeInstanceOf(AppError);
  await expect(refused).rejects.toMatchObject({ code: 'history_unusable' });
});

it('counts visits, and the items of the newest one', () => {
  const task = (name: string, visit: number, item: number | null, state: string, ended: string | null) =>
    ({ name, visit, item, state, ended }) as never;
  const tallies = tallyTasks([
    task('a', 1, null, 'completed', 'x'),
    task('b', 1, null, 'failed', 'x'),
    task('b', 1, 0, 'failed', 'x'),
    task('b', 1, 1, 'completed', 'x'),
    task('b', 1, 2, 'completed', 'x'),
    task('b', 2, null, 'running', null),
    task('b', 2, 0, 'completed', 'x'),
    task('b', 2, 1, 'running', null),
  ]);
  expect([...tallies]).toEqual([
    ['a', { state: 'completed', visits: 1, items: null }],
    ['b', { state: 'running', visits: 2, items: 1 }],
  ]);
});
