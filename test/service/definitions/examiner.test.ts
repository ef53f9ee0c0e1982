import { describe, expect, it } from 'vitest';
import type { Definition } from '../../../model/definition.ts';
import { WorkflowUpdateSchema } from '../../../model/definition-requests.ts';
import type { JobPool } from '../../../model/job-pool.ts';
import type { Principal } from '../../../model/principal.ts';
import { newContent } from '../../../service/definitions/contents.ts';
import { type ExaminationRequest, examineDefinition } from '../../../service/definitions/examination.ts';
import { createDefinitionExaminer } from '../../../service/definitions/examiner.ts';
import type { DefinitionJobs } from '../../../service/definitions/jobs.ts';
import { createDefinitionWriter } from '../../../service/definitions/writer.ts';
import type { DefinitionStore } from '../../../store/definitions/definitions.ts';
import { createMemoryStore } from './memory-store.ts';

const CALLER = { tenant: 'one' } as Principal;
const REF = 'ops.deploy';
const running = (action: string): Definition => ({ tasks: [{ name: 'a', action }] });
const BROKEN = { version: '1.0.0', definition: running('ops.deleted') };

/** Creates an examiner and a writer for a workflow whose sub-workflow was deleted. */
async function storeBroken() {
  const store = createMemoryStore();
  const fields = { label: 'Deploy', description: null, tags: [], enabled: true };
  await store.create('one', 1, REF, fields, newContent({ ...BROKEN, ref: REF, pack_ref: 'ops', label: 'Deploy' }));
  const get = async () => store.workflows.get(REF)!;
  const none = { findAll: async () => [] };
  const run = async (_: string, _owner: string, request: ExaminationRequest) => examineDefinition(request);
  const pool = { run } as unknown as JobPool<DefinitionJobs>;
  const examiner = createDefinitionExaminer({ store: none, actions: none, pool });
  const reader = { get, isAction: async () => false };
  const writer = createDefinitionWriter({ store: store as unknown as DefinitionStore, reader, examiner });
  return { examiner, writer, stored: await get() };
}

/** Updates that workflow: first in an examination alone, and then in the store. */
async function update(body: object) {
  const { examiner, writer, stored } = await storeBroken();
  const { issues, warnings } = await examiner.validate(CALLER, body, stored);
  const written = await writer.update(CALLER, REF, WorkflowUpdateSchema.parse(body)).then(
    () => 'stored',
    ({ code }) => code,
  );
  return { issues: issues.map(({ code }) => code), warnings: warnings.map(({ code }) => code), written };
}

const ACCEPTED = { issues: [], warnings: ['unknown_action'], written: 'stored' };
const REFUSED = { issues: ['unknown_action'], warnings: [], written: 'definition_invalid' };

describe('a workflow that names what was deleted is examined as its update is', () => {
  it.each<[what: string, body: object, expected: object]>([
    ['nothing', {}, ACCEPTED],
    ['the label', { label: 'Again' }, ACCEPTED],
    ['whether it is enabled', { enabled: false }, ACCEPTED],
    ['the label, next to the content as it is', { label: 'Again', ...BROKEN, param_schema: null }, ACCEPTED],
    ['the version', { version: '2.0.0' }, REFUSED],
    ['a schema', { param_schema: { type: 'object' } }, REFUSED],
    ['another part of the definition', { definition: { ...BROKEN.definition, output: 7 } }, REFUSED],
    ['what it names', { definition: running('core.noop') }, { issues: [], warnings: [], written: 'stored' }],
  ])('that changes %s', async (_, body, expected) => {
    expect(await update(body)).toEqual(expected);
  });

  it('by a definition alone, whose issues have the paths that it has', async () => {
    const { examiner, stored } = await storeBroken();
    const places = async (body: object) => {
      const { issues, warnings } = await examiner.validate(CALLER, body, stored);
      return [issues, warnings].map((found) => found.map(({ path, code }) => `${path} ${code}`));
    };
    expect(await places(BROKEN.definition)).toEqual([[], ['/tasks/0/action unknown_action']]);
    expect(await places({ ...BROKEN.definition, output: 7 })).toEqual([['/tasks/0/action unknown_action'], []]);
    expect(await places({ ...running('core.noop'), outputs: 7 })).toEqual([['/outputs unknown_field'], []]);
  });
});
