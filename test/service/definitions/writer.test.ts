import { beforeEach, describe, expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import type { WorkflowCreate } from '../../../model/definition-requests.ts';
import type { Issue } from '../../../model/issue.ts';
import type { Principal } from '../../../model/principal.ts';
import { entityTag } from '../../../service/definitions/contents.ts';
import { createDefinitionWriter, type DefinitionWriter } from '../../../service/definitions/writer.ts';
import type { DefinitionStore } from '../../../store/definitions/definitions.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

const CALLER = { tenant: 'one' } as Principal;
const issue = (code: string): Issue => ({ code, path: '/definition', message: 'x' });
const running = (action: string): Definition => ({ tasks: [{ name: 'a', action }] });

let store: MemoryStore;
let writer: DefinitionWriter;
/** The actions of the examined definitions, in order. */
let examined: string[];
let found: Record<string, Issue[]>;
beforeEach(() => {
  store = createMemoryStore();
  examined = [];
  found = {};
  writer = createDefinitionWriter({
    store: store as unknown as DefinitionStore,
    reader: {
      get: async (_, ref) => (await store.find('one', ref))!,
      isAction: async (_, ref) => ref === 'ops.resize',
    },
    examiner: {
      examine: async (_, { definition }) => {
        const { action } = definition.tasks[0]!;
        examined.push(action);
        return { issues: found[action] ?? [], warnings: [issue(`of ${action}`)] };
      },
    },
  });
});

const body = (rest: Partial<WorkflowCreate> = {}): WorkflowCreate => ({
  ref: 'ops.deploy',
  pack_ref: 'ops',
  label: 'Deploy',
  version: '1.0.0',
  definition: running('core.noop'),
  ...rest,
});
const stored = () => store.workflows.get('ops.deploy')!;

describe('create', () => {
  it('stores revision 1, and gives the warnings of its examination', async () => {
    const { workflow, warnings } = await writer.create(CALLER, body({ tags: ['x'] }));
    expect([workflow.revision, workflow.enabled, workflow.tags, warnings]).toEqual([
      1,
      true,
      ['x'],
      [issue('of core.noop')],
    ]);
  });

  it.each<[string, Partial<WorkflowCreate>, string]>([
    ['a ref outside of its pack', { ref: 'dev.deploy' }, 'request_invalid'],
    ['an unknown pack', { ref: 'dev.deploy', pack_ref: 'dev' }, 'pack_not_found'],
    ['the ref of an action', { ref: 'ops.resize' }, 'workflow_exists'],
    ['an invalid definition', { definition: running('core.none') }, 'definition_invalid'],
  ])('refuses %s, and stores nothing', async (_, rest, code) => {
    found['core.none'] = [issue('unknown_action')];
    await expect(writer.create(CALLER, body(rest))).rejects.toMatchObject({ code });
    expect(store.workflows.size).toBe(0);
  });

  it('refuses a ref that is taken', async () => {
    await writer.create(CALLER, body());
    await expect(writer.create(CALLER, body())).rejects.toMatchObject({ code: 'workflow_exists' });
  });
});

describe('update', () => {
  beforeEach(async () => {
    await writer.create(CALLER, body());
    examined = [];
  });

  it('makes other content a new revision, and examines it', async () => {
    const { workflow, warnings } = await writer.update(CALLER, 'ops.deploy', { definition: running('core.log') });
    expect([workflow.revision, warnings, examined]).toEqual([2, [issue('of core.log')], ['core.log']]);
  });

  it('changes other fields without a revision and without an examination', async () => {
    const { workflow, warnings } = await writer.update(CALLER, 'ops.deploy', { label: 'New', enabled: false });
    expect([workflow.revision, workflow.label, workflow.enabled]).toEqual([1, 'New', false]);
    expect([warnings, examined]).toEqual([[], []]);
  });

  it('with the tag of another state changes nothing', async () => {
    const tag = entityTag(stored());
    await writer.update(CALLER, 'ops.deploy', { label: 'New' }, { tag });
    const late = writer.update(CALLER, 'ops.deploy', { label: 'Newer' }, { tag });
    await expect(late).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(stored().label).toBe('New');
  });

  it('is applied to what somebody else has stored in between, and examined again', async () => {
    store.interrupt = () => {
      const other = running('core.fail');
      store.workflows.set('ops.deploy', { ...stored(), definition: other, hash: 'other', revision: 2 });
    };
    const { workflow } = await writer.update(CALLER, 'ops.deploy', { param_schema: { type: 'object' } });
    expect([workflow.revision, workflow.definition, workflow.paramSchema]).toEqual([
      3,
      running('core.fail'),
      { type: 'object' },
    ]);
    expect(examined).toEqual(['core.noop', 'core.fail']);
  });

  it('of a workflow that is deleted in between is refused', async () => {
    store.interrupt = () => void store.workflows.delete('ops.deploy');
    const late = writer.update(CALLER, 'ops.deploy', { label: 'New' });
    await expect(late).rejects.toMatchObject({ code: 'workflow_not_found' });
  });
});

describe('apply', () => {
  const apply = async (given: WorkflowCreate) => {
    const { issues: _, ...before } = await writer.examineForApply(CALLER, given, []);
    return writer.apply(CALLER, given, before);
  };

  it('creates, updates, or leaves a workflow as it is, and says which', async () => {
    const changes = [];
    for (const given of [body(), body(), body({ label: 'New' }), body({ definition: running('core.log') })]) {
      const { change, revision } = await apply(given);
      changes.push([change, revision]);
    }
    expect(changes).toEqual([
      ['created', 1],
      ['unchanged', 1],
      ['updated', 1],
      ['updated', 2],
    ]);
  });

  it('examines nothing again', async () => {
    const before = await writer.examineForApply(CALLER, body(), []);
    await writer.apply(CALLER, body(), before);
    expect(examined).toEqual(['core.noop']);
  });

  it('refuses content that is not what was examined', async () => {
    await writer.create(CALLER, body());
    const given = body({ definition: running('core.log') });
    const { hash: _, ...rest } = await writer.examineForApply(CALLER, given, []);
    const applied = writer.apply(CALLER, given, { ...rest, hash: 'of another' });
    await expect(applied).rejects.toMatchObject({ code: 'busy' });
    expect(stored().revision).toBe(1);
  });
});
