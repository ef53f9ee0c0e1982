import { describe, expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import { reachWorkflows } from '../../../service/definitions/sub-workflows.ts';
import type { StoredAction } from '../../../store/definitions/actions.ts';
import type { StoredWorkflow } from '../../../store/definitions/definitions.ts';

const running = (...actions: string[]): Definition => ({
  tasks: actions.map((action, index) => ({ name: `t${index}`, action })),
});

function workflow(ref: string, definition: Definition, rest: Partial<StoredWorkflow> = {}): StoredWorkflow {
  const paramSchema = { type: 'object', title: ref };
  const named = { id: 7, ref, hash: `hash of ${ref}`, version: '1.0.0', revision: 3, enabled: true };
  return { ...named, definition, paramSchema, outSchema: null, ...rest } as StoredWorkflow;
}

const RESIZE = {
  ref: 'media.resize',
  taskQueue: 'media',
  timeout: 60,
  queueTimeout: 10,
  heartbeatTimeout: 5,
  idempotent: false,
  paramSchema: { type: 'object' },
  outSchema: null,
} as unknown as StoredAction;

/** Resolves a definition among stored workflows, and records which refs were looked up together. */
async function reach(definition: Definition, stored: StoredWorkflow[], self: StoredWorkflow | null = null) {
  const asked: string[][] = [];
  const reached = await reachWorkflows(definition, self, async (refs) => {
    asked.push([...refs]);
    return {
      workflows: stored.filter(({ ref }) => refs.includes(ref)),
      actions: refs.includes(RESIZE.ref) ? [RESIZE] : [],
    };
  });
  return { ...reached, asked };
}

describe('a definition reaches', () => {
  it('nothing but its built-in actions when it names no other, and looks nothing up', async () => {
    const { actions, workflows, asked } = await reach(running('core.http', 'core.noop', 'core.http'), []);
    expect([Object.keys(actions), workflows, asked]).toEqual([['core.http', 'core.noop'], {}, []]);
  });

  it('workflows of workflows, each level with one look-up and each workflow once', async () => {
    const stored = [
      workflow('p.a', running('p.b', 'p.c')),
      workflow('p.b', running('p.c', 'media.resize')),
      workflow('p.c', running('core.noop')),
    ];
    const { actions, workflows, asked } = await reach(running('p.a', 'core.log'), stored);
    expect(asked).toEqual([['p.a'], ['p.b', 'p.c'], ['media.resize']]);
    expect(Object.keys(workflows)).toEqual(['p.a', 'p.b', 'p.c']);
    expect(actions['p.a']).toMatchObject({ workflow: true, param_schema: { title: 'p.a' } });
    expect(workflows['p.b']).toMatchObject({ hash: 'hash of p.b', revision: 3, definition_id: 7 });
    expect(workflows['p.b']!.actions['media.resize']).toMatchObject({ task_queue: 'media', timeout: 60 });
  });

  it('itself, without a look-up and in the state in which it starts', async () => {
    const self = workflow('p.a', running('p.a'), { revision: 9 });
    const { workflows, asked } = await reach(self.definition, [workflow('p.a', running('core.noop'))], self);
    expect([workflows['p.a']!.revision, asked]).toEqual([9, []]);
  });

  it('two workflows that start each other', async () => {
    const stored = [workflow('p.a', running('p.b')), workflow('p.b', running('p.a'))];
    expect(Object.keys((await reach(running('p.a'), stored)).workflows)).toEqual(['p.a', 'p.b']);
  });
});

describe('a definition is refused that reaches', () => {
  const refused = (definition: Definition, stored: StoredWorkflow[], self: StoredWorkflow | null = null) =>
    expect(reach(definition, stored, self)).rejects;

  it('nothing under a name', async () => {
    const stored = [workflow('p.a', running('p.lost'))];
    await refused(running('p.a'), stored).toMatchObject({
      code: 'sub_workflow_invalid',
      message: '"p.lost", which a run can reach, is neither an action nor a workflow',
    });
  });

  it('a disabled workflow', async () => {
    const stored = [workflow('p.a', running('core.noop'), { enabled: false })];
    await refused(running('p.a'), stored).toMatchObject({
      code: 'sub_workflow_invalid',
      message: 'the workflow "p.a", which a run can reach, is disabled',
    });
  });

  it('a workflow below itself that shares its concurrency key', async () => {
    const locked = { ...running('p.b'), concurrency_key: { key: 'x' } };
    const stored = [workflow('p.a', locked), workflow('p.b', running('p.a'))];
    const code = 'sub_workflow_invalid';
    await refused(running('p.a'), stored).toMatchObject({ code, message: expect.stringContaining('"p.a"') });
    await refused(locked, stored, stored[0]).toMatchObject({ code });
  });

  it('more than fits into the payload of a start', async () => {
    const long = running('core.noop');
    long.tasks[0]!.input = { text: 'x'.repeat(2_000_000) };
    await refused(running('p.a'), [workflow('p.a', long)]).toMatchObject({
      code: 'sub_workflow_invalid',
      message: expect.stringMatching(/^the workflows that a run can reach have 2\d{6} bytes/),
    });
  });
});
