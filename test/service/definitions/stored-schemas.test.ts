import { expect, it } from 'vitest';
import type { JobPool } from '../../../model/job-pool.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import type { EmbeddedWorkflow } from '../../../model/run-input.ts';
import { isSmallExamination } from '../../../service/definitions/examination.ts';
import type { DefinitionJobs } from '../../../service/definitions/jobs.ts';
import { createSchemaGuard } from '../../../service/definitions/schema-guard.ts';
import { findUnusableSchema, schemasOfRun } from '../../../service/definitions/stored-schemas.ts';

const right: JsonObject = { type: 'object' };
const wrong: JsonObject = { properties: { a: { pattern: '(?=a)' } } };
const TIMES = { timeout: 60, queue_timeout: 60, heartbeat_timeout: 60 };
const asking = (schema: Json) => ({
  tasks: [
    { name: 'first', action: 'core.noop' },
    { name: 'ask', action: 'core.inquiry', input: { response_schema: schema } },
  ],
});
const child = (rest: Partial<EmbeddedWorkflow>): EmbeddedWorkflow => ({
  version: '1.0.0',
  revision: 1,
  hash: 'x',
  definition_id: 1,
  definition: asking(right),
  actions: {},
  ...rest,
});
const none = { actions: {}, workflows: {} };

/** A pool that does its jobs at once, and counts them. */
function poolOf(): { pool: Pick<JobPool<DefinitionJobs>, 'run'>; jobs: unknown[] } {
  const jobs: unknown[] = [];
  const run = async (name: string, _: string, input: unknown) => {
    jobs.push(name);
    return findUnusableSchema((input as { schemas: Parameters<typeof findUnusableSchema>[0] }).schemas);
  };
  return { pool: { run: run as JobPool<DefinitionJobs>['run'] }, jobs };
}

it.each<[string, Parameters<typeof schemasOfRun>, name: string, path: string]>([
  ['its out_schema', [asking(right), wrong, none], 'out_schema', '/out_schema'],
  ['a form', [asking(wrong), null, none], 'response_schema of "ask"', '/definition/tasks/1/input/response_schema'],
  [
    'the input of an action or a workflow that it names',
    [asking(right), right, { ...none, actions: { 'a.b': { ...TIMES, param_schema: wrong } } }],
    ...(['param_schema of "a.b"', '/actions/a.b/param_schema'] as const),
  ],
  [
    'the output of an action',
    [asking(right), right, { ...none, actions: { 'a.b': { ...TIMES, out_schema: wrong } } }],
    ...(['out_schema of "a.b"', '/actions/a.b/out_schema'] as const),
  ],
  [
    'the output of a workflow that it reaches',
    [asking(right), null, { ...none, workflows: { 'a.b': child({ out_schema: wrong }) } }],
    ...(['out_schema of "a.b"', '/workflows/a.b/out_schema'] as const),
  ],
  [
    'a form of a workflow that it reaches',
    [asking(right), null, { ...none, workflows: { 'a.b': child({ definition: asking(wrong) }) } }],
    ...(['response_schema of "ask" of "a.b"', '/workflows/a.b/definition/tasks/1/input/response_schema'] as const),
  ],
])('a run is refused whose stored schema can no longer be used: %s', async (_, run, name, path) => {
  const guard = createSchemaGuard(poolOf().pool);
  await expect(guard('t', schemasOfRun(...run))).rejects.toMatchObject({
    code: 'definition_outdated',
    message: `the stored ${name} cannot be used: ${path}/properties/a/pattern look-ahead is not supported`,
    issues: [{ code: 'schema_invalid', path: `${path}/properties/a/pattern` }],
  });
});

it('a run is not refused for schemas that can be used, that templates make, or that are built in', async () => {
  const guard = createSchemaGuard(poolOf().pool);
  const builtIn = { 'core.http': { ...TIMES, param_schema: wrong } };
  for (const form of [right, '{{ parameters.form }}', { ...wrong, title: '{{ parameters.title }}' }]) {
    await guard('t', schemasOfRun(asking(form), right, { actions: builtIn, workflows: { 'a.b': child({}) } }));
  }
});

it('patterns are made ready in the pool, once for the same schemas; other small schemas at once', async () => {
  const { pool, jobs } = poolOf();
  const guard = createSchemaGuard(pool);
  const pattern = { pattern: 'a' };
  for (let time = 0; time < 3; time += 1) await guard('t', schemasOfRun(asking(right), pattern, none));
  await guard('t', schemasOfRun(asking(right), right, none));
  expect(jobs).toEqual(['find_unusable_schema']);
  await guard('t', schemasOfRun(asking(right), { title: 'x'.repeat(70_000) }, none));
  expect(jobs).toHaveLength(2);
});

it('a definition with patterns is not examined on the event loop, however small it is', () => {
  const request = (schema: JsonObject) => ({
    definition: asking(schema),
    paramSchema: null,
    outSchema: null,
    actions: {},
  });
  expect(isSmallExamination(request(right))).toBe(true);
  expect(isSmallExamination(request({ pattern: 'x{900}' }))).toBe(false);
  expect(isSmallExamination(request({ patternProperties: { a: {} } }))).toBe(false);
});
