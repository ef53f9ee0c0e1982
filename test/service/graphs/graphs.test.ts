import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Definition } from '../../../model/definition.ts';
import type { Principal } from '../../../model/principal.ts';
import { createGraphService, type GraphDependencies } from '../../../service/graphs/graphs.ts';
import {
  drawDefinition,
  type GraphJobs,
  graphDefinition,
  layoutDefinition,
  type PictureInput,
  writeMermaid,
} from '../../../service/graphs/jobs.ts';
import { tallyRun } from '../../../service/graphs/tallies.ts';

const principal = { tenant: 'one' } as Principal;

/** A definition of tasks with inputs of so many characters. */
const definitionOf = (tasks: number, characters: number): Definition => ({
  tasks: Array.from({ length: tasks }, (_, index) => ({
    name: `task_${index}`,
    action: 'core.noop',
    input: 'x'.repeat(characters),
  })),
});

/** A definition with a task that leads to some others, under one condition or none, by so many equal transitions. */
function fanOut(targets: number, when: string | null, transitions = 1): Definition {
  const others = Array.from({ length: targets }, (_, index) => ({ name: `t${index}`, action: 'core.noop' }));
  const transition = { do: others.map(({ name }) => name), ...(when === null ? {} : { when }) };
  const next = Array.from({ length: transitions }, () => transition);
  return { tasks: [{ name: 'first', action: 'core.noop', next }, ...others] };
}

const JOBS = { graph: graphDefinition, layout: layoutDefinition, mermaid: writeMermaid, draw: drawDefinition };

/** A service whose pool counts its jobs; `stored` are the workflows by ref. */
function serve(stored: Record<string, Definition>, more: Partial<GraphDependencies> = {}) {
  const jobs: string[] = [];
  const pool = {
    run: async (name: keyof GraphJobs, tenant: string, input: PictureInput) => {
      jobs.push(`${name} for ${tenant}`);
      return JOBS[name](input);
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
  expect(await service.svg(small)).toContain('task_19');
  expect(await service.mermaid(small)).toContain('task_19');
  expect(jobs).toEqual([]);
  expect((await service.layout(large)).nodes).toHaveLength(20);
  expect(await service.svg(large)).toContain('task_19');
  await service.graph(large);
  expect(jobs).toEqual(['layout for one', 'draw for one', 'graph for one']);
});

it('the hash is that of the definition, whatever its ref is', async () => {
  const { service } = serve({ a: definitionOf(2, 1), b: definitionOf(2, 1), c: definitionOf(2, 2) });
  const hashes = await Promise.all(
    ['a', 'b', 'c'].map(async (ref) => (await service.readWorkflow(principal, ref, {})).hash),
  );
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes.map((hash) => hash === hashes[0])).toEqual([true, true, false]);
});

it('keeps the layouts that were used last, as many as are not too heavy', async () => {
  // Each weighs a tenth of all that are kept.
  const refs = Array.from({ length: 11 }, (_, index) => `w${index}`);
  const stored = Object.fromEntries(refs.map((ref, index) => [ref, fanOut(19, 'x'.repeat(99_900 + index))]));
  const { service, jobs } = serve(stored);
  const read = async (ref: string) => service.layout(await service.readWorkflow(principal, ref, {}));
  for (const ref of refs.slice(0, 10)) await read(ref);
  await read('w0');
  expect(jobs).toHaveLength(10);
  await read('w10');
  await read('w0');
  expect(jobs).toHaveLength(11);
  await read('w1');
  expect(jobs).toHaveLength(12);
});

const FORMATS = ['graph', 'layout', 'mermaid', 'svg'] as const;
const TOO_LARGE = {
  'edges of a large definition': [fanOut(101, null, 100), 'the graph has 10100 edges; at most 10000 are allowed'],
  'conditions of a large definition': [
    fanOut(21, 'x'.repeat(100_000)),
    'the conditions of all edges of the graph have 2100000 characters; at most 2000000 are allowed',
  ],
  'conditions of a small definition': [
    fanOut(300, 'x'.repeat(7_000)),
    'the conditions of all edges of the graph have 2100000 characters; at most 2000000 are allowed',
  ],
} satisfies Record<string, [Definition, string]>;

it.each(Object.entries(TOO_LARGE))('refuses too many %s, in each format', async (_, [definition, message]) => {
  const executions = { get: async () => ({ n: 1, execution: { run: { ref: 'a.b', definition }, tasks: [] } }) };
  const { service } = serve({ a: definition }, { executions } as never);
  const sources = [
    await service.readWorkflow(principal, 'a', {}),
    await service.readUnsaved(principal, { definition }),
    await service.readRun(principal, '1'),
  ];
  const refused = { code: 'work_exceeded', message };
  for (const drawable of sources) await expect(service.graph(drawable)).rejects.toMatchObject(refused);
  for (const format of FORMATS) await expect(service[format](sources[0]!)).rejects.toMatchObject(refused);
});

it('answers with the largest graphs', async () => {
  const { service } = serve({ edges: fanOut(100, null, 100), conditions: fanOut(20, 'x'.repeat(100_000)) });
  const edges = await service.graph(await service.readWorkflow(principal, 'edges', {}));
  expect(edges.edges).toHaveLength(10_000);
  const conditions = await service.graph(await service.readWorkflow(principal, 'conditions', {}));
  expect(conditions.edges).toHaveLength(20);
});

it('short definitions with many edges are laid out and drawn in the pool', async () => {
  const back = definitionOf(110, 1);
  back.tasks[109]!.next = [{ do: back.tasks.map(({ name }) => name) }];
  for (const [index, task] of back.tasks.slice(0, 109).entries()) task.on_success = `task_${index + 1}`;
  // The pool is given them, and makes nothing of them.
  const jobs: string[] = [];
  const run = async (name: string, tenant: string) => {
    jobs.push(`${name} for ${tenant}`);
    return { nodes: [], edges: [] };
  };
  const { service } = serve({ back, words: fanOut(11, 'x'.repeat(10_000)) }, { pool: { run } } as never);
  for (const ref of ['back', 'words']) {
    const drawable = await service.readWorkflow(principal, ref, {});
    for (const format of FORMATS) await service[format](drawable);
  }
  const all = ['graph for one', 'layout for one', 'mermaid for one', 'draw for one'];
  expect(jobs).toEqual([...all, ...all]);
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
  const tasks = [
    task('a', 1, null, 'completed', 'x'),
    task('b', 1, null, 'failed', 'x'),
    task('b', 1, 0, 'failed', 'x'),
    task('b', 1, 1, 'completed', 'x'),
    task('b', 1, 2, 'completed', 'x'),
    task('b', 2, null, 'running', null),
    task('b', 2, 0, 'completed', 'x'),
    task('b', 2, 1, 'running', null),
  ];
  const tallies = tallyRun({ tasks });
  expect([...tallies]).toEqual([
    ['a', { state: 'completed', visits: 1, items: null }],
    ['b', { state: 'running', visits: 2, items: 1 }],
  ]);
});
