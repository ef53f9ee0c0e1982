import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Principal } from '../../../model/principal.ts';
import { createDeletionService } from '../../../service/executions/deletions.ts';

const principal = { tenant: 'acme' } as Principal;

/** Deletes a run with two sub-workflows, one of which the index does not know yet, until that succeeds; one call fails once. */
async function play(fault: string | null, status = 'completed') {
  const rows = new Map([
    ['wf_1', 1],
    ['wf_2', 2],
  ]);
  const kept = new Set(['wf_1', 'wf_2', 'wf_3']);
  const buried = new Map<string, number | null>();
  const questions = new Set(rows.keys());
  let left = fault;
  const step = (name: string) => {
    if (name !== left) return;
    left = null;
    throw new AppError('temporal_unavailable', name);
  };
  const deletions = createDeletionService({
    clock: () => 0,
    definitions: {},
    executions: {
      get: async () => {
        if (!rows.has('wf_1')) throw new AppError('execution_not_found', 'not found');
        // The index may not know yet that the run has ended.
        const isGone = !kept.has('wf_1');
        return { n: 1, execution: { workflowId: 'wf_1', status: isGone ? status : 'completed' } };
      },
    },
    temporal: {
      namespace: 'default',
      list: async function* () {
        step('list');
        yield [...kept].map((workflowId) => ({ execution: { workflowId } }));
      },
      describe: async (id: string) => (kept.has(id) ? {} : null),
      remove: async (id: string) => {
        step(`remove ${id}`);
        kept.delete(id);
      },
    },
    stores: {
      executions: {
        isBuried: async (_: string, id: string) => buried.has(id),
        descendants: async () => (rows.has('wf_2') ? [{ n: 2, workflowId: 'wf_2' }] : []),
        bury: async (_: object, runs: { workflowId: string; n: number | null }[]) => {
          step('bury');
          for (const { workflowId, n } of runs) buried.set(workflowId, n);
        },
        erase: async (_: string, ids: string[]) => {
          step('erase');
          for (const id of ids) rows.delete(id);
        },
      },
      inquiries: {
        forget: async (_: string, ids: string[]) => {
          step('forget');
          for (const id of ids) questions.delete(id);
        },
      },
    },
  } as never);
  let failures = 0;
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      await deletions.deleteExecution(principal, '1024');
      break;
    } catch (error) {
      expect([error instanceof AppError && error.code, (error as Error).message]).toEqual([
        'temporal_unavailable',
        fault,
      ]);
      failures += 1;
    }
  }
  return { failures, left: [...rows.keys(), ...kept, ...questions], buried: Object.fromEntries(buried) };
}

it.each([null, 'list', 'bury', 'remove wf_1', 'remove wf_2', 'remove wf_3', 'forget', 'erase'])(
  'a deletion that fails halfway is completed by the next request, and leaves nothing: %s',
  async (fault) => {
    expect(await play(fault)).toEqual({
      failures: fault === null ? 0 : 1,
      left: [],
      buried: { wf_1: 1, wf_2: 2, wf_3: null },
    });
  },
);

it.each(['forget', 'erase'])('so is one of a run whose end the index has missed: %s', async (fault) => {
  expect(await play(fault, 'running')).toMatchObject({ failures: 1, left: [] });
});

it.each([
  ['was never deleted', null, false],
  ['is there in Temporal', {}, true],
])('a run that is open and %s is not deleted', async (_, described, buried) => {
  const deletions = createDeletionService({
    temporal: { namespace: 'default', describe: async () => described },
    executions: { get: async () => ({ n: 1, execution: { workflowId: 'wf_1', status: 'running' } }) },
    stores: { executions: { isBuried: async () => buried } },
  } as never);
  await expect(deletions.deleteExecution(principal, '1024')).rejects.toMatchObject({ code: 'execution_open' });
});

it.each([
  ['that the index has learnt of', true, ['read wf_1', 'noted wf_1', 'terminated wf_1']],
  ['that the index cannot have', false, ['read wf_1', 'terminated wf_1']],
])('who deletes a workflow with a run %s is noted first if that can be', async (_, isTaken, expected) => {
  const done: string[] = [];
  const deletions = createDeletionService({
    temporal: {
      namespace: 'default',
      list: async function* () {},
      terminate: async (id: string) => void done.push(`terminated ${id}`),
    },
    executions: { get: async (_principal: Principal, id: string) => void done.push(`read ${id}`) },
    stores: {
      executions: {
        readOn: async () => [{ workflowId: 'wf_1' }],
        noteEnders: async (_owner: object, id: string) => {
          const has = isTaken && done.includes(`read ${id}`);
          if (has) done.push(`noted ${id}`);
          return has;
        },
      },
    },
  } as never);
  await deletions.terminateRuns({ ...principal, subject: 'ann' }, { id: 7, ref: 'p.w' });
  expect(done).toEqual(expected);
});
