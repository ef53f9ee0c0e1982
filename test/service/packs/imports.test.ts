import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { type PackImport, PackImportSchema } from '../../../model/definition-requests.ts';
import type { Principal } from '../../../model/principal.ts';
import type { PackParts } from '../../../service/packs/import-parts.ts';
import { createPackImportService, type PackImportService } from '../../../service/packs/imports.ts';

const CALLER = { tenant: 'one' } as Principal;

/** The stored pack: its label, and the contents of its parts by ref. */
interface Stored {
  label: string | null;
  actions: Map<string, { label: string }>;
  workflows: Map<string, { id: number; ref: string; label: string; revision: number }>;
}

let stored: Stored;
/** The changes that were made, in order. */
let done: string[];
let openRuns: Set<string>;
let imports: PackImportService;
beforeEach(() => {
  stored = { label: null, actions: new Map(), workflows: new Map() };
  done = [];
  openRuns = new Set();
  imports = createPackImportService({
    parts: partsOver(() => stored),
    async inTransaction(work) {
      const copy: Stored = structuredClone(stored);
      done.push('begin');
      const result = await work(partsOver(() => copy)).catch((error: unknown) => {
        done.push('rollback');
        throw error;
      });
      stored = copy;
      done.push('commit');
      return result;
    },
    deletions: {
      demandNoStarters: async () => undefined,
      async demandClosed(_, workflows) {
        const open = workflows.filter(({ ref }) => openRuns.has(ref));
        if (open.length > 0) throw new AppError('workflow_in_use', open.map(({ ref }) => ref).join());
      },
      countRuns: async (_, id) => id * 10,
      terminateRuns: async (_, { ref }) => void done.push(`terminate runs of ${ref}`),
      deleteRuns: async (_, id) => void done.push(`delete runs of ${id}`),
    },
  });
});

/** The services of an import, as far as it uses them. */
function partsOver(now: () => Stored): PackParts {
  const page = <T>(rows: T[]) => ({ rows, total: rows.length });
  return {
    packs: {
      async get(_: Principal, ref: string) {
        if (now().label === null) throw new AppError('pack_not_found', ref);
        return { ref, label: now().label, description: null, version: null, tags: [] };
      },
      async create(_: Principal, { label }: { label: string }) {
        now().label = label;
      },
      async update(_: Principal, __: string, { label }: { label: string }) {
        now().label = label;
      },
    },
    triggers: { list: async () => page([]) },
    rules: { list: async () => page([]), disableStarters: async () => undefined },
    actions: {
      find: async (_: Principal, ref: string) => now().actions.get(ref) ?? null,
      list: async () =>
        page([{ ref: 'core.noop' }, ...[...now().actions.keys()].map((ref) => ({ ref, taskQueue: 'q' }))]),
      create: async (_: Principal, { ref, label }: { ref: string; label: string }) => now().actions.set(ref, { label }),
      update: async (_: Principal, ref: string, { label }: { label: string }) => now().actions.set(ref, { label }),
      async remove(_: Principal, ref: string) {
        if (ref === 'ops.used') throw new AppError('action_in_use', ref);
        now().actions.delete(ref);
      },
    },
    definitions: {
      list: async () => page([...now().workflows.values()]),
      examineForApply: async (_: Principal, { label }: { label: string }) => ({
        hash: label,
        warnings: [],
        issues: label === 'bad' ? [{ code: 'unknown_action', path: '/definition/tasks/0/action', message: 'x' }] : [],
      }),
      async apply(_: Principal, { ref, label }: { ref: string; label: string }, { hash }: { hash: string }) {
        expect(hash).toBe(label);
        const before = now().workflows.get(ref);
        const revision = (before?.revision ?? 0) + (before?.label === label ? 0 : 1);
        now().workflows.set(ref, { id: before?.id ?? now().workflows.size + 1, ref, label, revision });
        const change = before === undefined ? 'created' : before.label === label ? 'unchanged' : 'updated';
        return { ref, change, revision, warnings: [{ code: 'doubt', path: '/definition', message: ref }] };
      },
      async forget(_: Principal, id: number) {
        for (const { ref } of [...now().workflows.values()].filter((each) => each.id === id))
          now().workflows.delete(ref);
      },
    },
  } as unknown as PackParts;
}

/** A pack with some workflows and actions, each given as `name` or `name:label`. */
function pack(workflows: string[], actions: string[] = [], label = 'Ops'): PackImport {
  const named = (text: string) => {
    const [name, own = 'x'] = text.split(':');
    return { ref: `ops.${name}`, pack_ref: 'ops', label: own };
  };
  return PackImportSchema.parse({
    pack: { ref: 'ops', label },
    actions: actions.map((each) => ({ ...named(each), task_queue: 'q' })),
    workflows: workflows.map((each) => ({
      ...named(each),
      version: '1.0.0',
      definition: { tasks: [{ name: 'a', action: 'core.noop' }] },
    })),
  });
}

const changes = ({ pack: of, actions, workflows }: Awaited<ReturnType<PackImportService['import']>>) =>
  [of, ...actions, ...workflows].map(({ ref, change }) => `${ref} ${change}`);

describe('an import', () => {
  it('creates what is missing, updates what differs, and leaves the rest', async () => {
    expect(changes(await imports.import(CALLER, pack(['a', 'b'], ['act'])))).toEqual([
      'ops created',
      'ops.act created',
      'ops.a created',
      'ops.b created',
    ]);
    const { warnings, ...again } = await imports.import(CALLER, pack(['a', 'b:new'], ['act:new'], 'New'));
    expect(changes({ warnings, ...again })).toEqual([
      'ops updated',
      'ops.act updated',
      'ops.a unchanged',
      'ops.b updated',
    ]);
    expect(warnings.map(({ path }) => path)).toEqual(['/workflows/0/definition', '/workflows/1/definition']);
  });

  it('keeps what is not given, unless it prunes: then it deletes that with its runs, after everything else', async () => {
    await imports.import(CALLER, pack(['a', 'b'], ['act']));
    expect(changes(await imports.import(CALLER, pack(['a'])))).toEqual(['ops unchanged', 'ops.a unchanged']);
    expect(stored.workflows.size).toBe(2);
    done = [];
    const pruned = await imports.import(CALLER, pack(['a']), { prune: true });
    expect(changes(pruned)).toEqual(['ops unchanged', 'ops.act deleted', 'ops.a unchanged', 'ops.b deleted']);
    expect(pruned.workflows[1]).toMatchObject({ ref: 'ops.b', executions: 20 });
    expect(done).toEqual(['begin', 'commit', 'terminate runs of ops.b', 'delete runs of 2']);
    expect([[...stored.workflows.keys()], stored.actions.size]).toEqual([['ops.a'], 0]);
  });

  it('that prunes a workflow with open runs is refused before anything is written, unless it is forced', async () => {
    await imports.import(CALLER, pack(['a', 'b']));
    openRuns.add('ops.b');
    done = [];
    const refused = imports.import(CALLER, pack(['a:new']), { prune: true });
    await expect(refused).rejects.toMatchObject({ code: 'workflow_in_use', message: 'ops.b' });
    expect(done).toEqual([]);
    await imports.import(CALLER, pack(['a:new']), { prune: true, force: true });
    expect(done).toEqual(['begin', 'commit', 'terminate runs of ops.b', 'delete runs of 2']);
  });

  it('on trial reports the same changes, stores nothing and touches no run', async () => {
    await imports.import(CALLER, pack(['a', 'b'], ['act']));
    const before = structuredClone(stored);
    done = [];
    const dry = await imports.import(CALLER, pack(['a:new', 'c']), { prune: true, dry: true });
    expect(changes(dry)).toEqual([
      'ops unchanged',
      'ops.act deleted',
      'ops.a updated',
      'ops.c created',
      'ops.b deleted',
    ]);
    expect([stored, done]).toEqual([before, ['begin', 'rollback']]);
  });

  it('that fails half way stores nothing and deletes no run', async () => {
    await imports.import(CALLER, pack(['a'], ['used']));
    const before = structuredClone(stored);
    done = [];
    const failed = imports.import(CALLER, pack(['new']), { prune: true });
    await expect(failed).rejects.toMatchObject({ code: 'action_in_use' });
    expect([stored, done]).toEqual([before, ['begin', 'rollback']]);
  });

  it('reports all issues of all parts at once, and writes nothing', async () => {
    const given = pack(['a', 'a', 'b:bad'], ['act']);
    given.actions[0]!.pack_ref = 'dev';
    const refused = imports.import(CALLER, given);
    await expect(refused).rejects.toMatchObject({ code: 'definition_invalid' });
    const { issues } = (await refused.catch((error: unknown) => error)) as AppError;
    expect(issues!.map(({ code, path }) => [code, path])).toEqual([
      ['ref_mismatch', '/actions/0/pack_ref'],
      ['ref_mismatch', '/actions/0/ref'],
      ['duplicate', '/workflows/1/ref'],
      ['unknown_action', '/workflows/2/definition/tasks/0/action'],
    ]);
    expect(done).toEqual([]);
  });
});
