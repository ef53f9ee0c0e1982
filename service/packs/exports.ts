import type { PackImport } from '../../model/definition-requests.ts';
import type { Principal } from '../../model/principal.ts';
import type { StoredWorkflow } from '../../store/definitions/definitions.ts';
import type { StoredTrigger } from '../../store/rules/triggers.ts';
import { toRuleBody } from '../rules/rule-bodies.ts';
import type { PackParts } from './import-parts.ts';

/** The most parts of a kind that an exported pack has. */
export const ALL_PARTS = { offset: 0, limit: 10_000 };

/** Returns a pack with its parts, in order of ref, in the form that an import takes. Throws `pack_not_found`. */
export async function exportPack(
  { packs, triggers, actions, definitions, rules }: PackParts,
  principal: Principal,
  ref: string,
): Promise<PackImport> {
  const { label, description, version, tags } = await packs.get(principal, ref);
  const { rows: found } = await actions.list(principal, { packRef: ref }, ALL_PARTS);
  const own = found.filter((action) => 'taskQueue' in action).map((action) => action.ref);
  const bodies = await Promise.all(
    own.sort().map(async (each) => [each, await actions.find(principal, each)] as const),
  );
  const { rows: workflows } = await definitions.listOfPack(principal, ref, ALL_PARTS);
  return {
    pack: given({ ref, label, description, version, tags }),
    triggers: (await triggers.list(principal, { packRef: ref }, ALL_PARTS)).rows.map((each) =>
      given(triggerBody(each)),
    ),
    actions: bodies.map(([each, body]) => given({ ref: each, pack_ref: ref, ...body! })),
    workflows: workflows.sort((a, b) => (a.ref < b.ref ? -1 : 1)).map((each) => given(workflowBody(each))),
    rules: (await rules.list(principal, { packRef: ref }, ALL_PARTS)).rows.map((each) => given(toRuleBody(each))),
  };
}

function triggerBody(trigger: StoredTrigger): PackImport['triggers'][number] {
  const { ref, packRef, label, description, type, schema, examples } = trigger;
  return { ref, pack_ref: packRef, label, description, ...(type === ref ? {} : { type }), schema, examples };
}

/** Returns the body with which a workflow could be created. */
function workflowBody(workflow: StoredWorkflow): PackImport['workflows'][number] {
  const { ref, packRef, label, description, version, definition, tags, enabled } = workflow;
  return {
    ref,
    pack_ref: packRef,
    label,
    description,
    version,
    tags,
    enabled,
    param_schema: workflow.paramSchema,
    out_schema: workflow.outSchema,
    definition,
  };
}

/** The values of fields that are the same as if the field were not given. */
const BY_THEMSELVES: Record<string, string> = {
  tags: '[]',
  run_tags: '[]',
  examples: '[]',
  parameters: '{}',
  enabled: 'true',
  ordered: 'false',
  allow_loops: 'false',
};

/** Leaves out the fields that have their default values. */
function given<T extends object>(body: T): T {
  const byItself = (name: string, value: unknown) => value === null || BY_THEMSELVES[name] === JSON.stringify(value);
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !byItself(name, value))) as T;
}
