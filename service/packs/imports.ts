import type { PackImport } from '../../model/definition-requests.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { namedByRef } from '../../model/pack-issues.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { UnstoredPart } from '../definitions/partial-bodies.ts';
import type { ExaminedContent } from '../definitions/writer.ts';
import type { DeletionService } from '../executions/deletions.ts';
import type { UnstoredParts } from '../rules/rule-examiner.ts';
import { ALL_PARTS, exportPack } from './exports.ts';
import { type Imported, importAction, importPack, importTrigger, type PackParts } from './import-parts.ts';
import { issuesOfPack, issuesOfPartialPack } from './pack-parts.ts';

/** The result of an import. */
export interface ImportResult {
  pack: Imported;
  triggers: Imported[];
  actions: Imported[];
  /** `executions` counts the runs of a workflow that are deleted with it. */
  workflows: (Imported & { revision: number; executions?: number })[];
  rules: (Imported & { revision: number })[];
  warnings: Issue[];
}

/** Imports and exports whole packs. */
export interface PackImportService {
  /** Finds what is wrong with the meaning of the parts of a pack that is refused for its shape. */
  meaningIssues(principal: Principal, body: unknown): Promise<Issue[]>;
  /**
   * Makes a pack equal to the given one, in one transaction: creates what is missing and updates what differs; with `prune` also deletes
   * what is not given, workflows with their runs (`force`: even open ones, and those that rules of other packs start). Examines everything
   * first, so that all issues are reported. `dry` reports the changes and rolls them back. Throws `request_invalid`, `definition_invalid`,
   * `rule_invalid`, `permission_missing`, and `workflow_in_use`, `action_in_use` and `trigger_in_use` for what cannot be deleted.
   */
  import(
    principal: Principal,
    body: PackImport,
    options?: { dry?: boolean | undefined; prune?: boolean | undefined; force?: boolean | undefined },
  ): Promise<ImportResult>;
  /** Exports a pack with its parts, in order of ref, in the form that an import takes. Throws `pack_not_found`. */
  export(principal: Principal, ref: string): Promise<PackImport>;
}

/** Runs work with services in one transaction, which is rolled back when the work throws. */
export type InTransaction = <T>(work: (parts: PackParts) => Promise<T>) => Promise<T>;

/** Rolls back a dry run. */
class DryRun extends Error {
  readonly result: ImportResult;

  constructor(result: ImportResult) {
    super('nothing is to change');
    this.result = result;
  }
}

/** The dependencies of the service. */
export interface PackImportDependencies {
  parts: PackParts;
  inTransaction: InTransaction;
  deletions: Pick<DeletionService, 'demandNoStarters' | 'demandClosed' | 'countRuns' | 'terminateRuns' | 'deleteRuns'>;
}

/** Creates the service; `parts` read the present state. */
export function createPackImportService({
  parts,
  inTransaction,
  deletions,
}: PackImportDependencies): PackImportService {
  const { triggers, actions, definitions, rules } = parts;

  return {
    async meaningIssues(principal, body) {
      return [...issuesOfPartialPack(body), ...(await definitions.meaningIssues(principal, body))];
    },

    async import(principal, body, { dry, prune, force } = {}) {
      const surplus = prune ? await surplusOf(principal, body) : NO_SURPLUS;
      const examined = await checked(principal, body, surplus);
      if (!force) {
        await deletions.demandNoStarters(principal, surplus.workflows, new Set(surplus.rules.map(({ ref }) => ref)));
        await deletions.demandClosed(principal, surplus.workflows);
      }
      const executions = new Map<number, number>();
      for (const { id } of surplus.workflows) executions.set(id, await deletions.countRuns(principal, id));
      const result = await inTransaction(async (within) => {
        const done = await write(principal, body, examined, within);
        await prunePack(principal, surplus, within, done);
        for (const workflow of done.workflows) {
          const id = surplus.workflows.find(({ ref }) => ref === workflow.ref)?.id;
          if (id !== undefined) workflow.executions = executions.get(id) ?? 0;
        }
        if (dry) throw new DryRun(done);
        return done;
      }).catch((error: unknown) => {
        if (error instanceof DryRun) return error.result;
        throw error;
      });
      for (const workflow of dry ? [] : surplus.workflows) {
        await deletions.terminateRuns(principal, workflow);
        await deletions.deleteRuns(principal, workflow.id);
      }
      return result;
    },

    export: (principal, ref) => exportPack(parts, principal, ref),
  };

  /** Checks everything. Returns the examination of each workflow, so that the import does not examine it again. */
  async function checked(principal: Principal, body: PackImport, surplus: Surplus): Promise<ExaminedContent[]> {
    const { actions, workflows } = body;
    const issues = issuesOfPack(body);
    const besides = (
      all: readonly { ref: string; param_schema?: JsonObject | null | undefined }[],
      runs: UnstoredPart['runs'],
    ) => all.map(({ ref, param_schema = null }): UnstoredPart => ({ ref, paramSchema: param_schema, runs }));
    const known = [...besides(actions, 'worker'), ...besides(workflows, 'workflow')];
    const examined: ExaminedContent[] = [];
    for (const [index, trigger] of body.triggers.entries()) {
      const before = await triggers.find(principal, trigger.ref);
      if (before === null || before.type === (trigger.type ?? trigger.ref)) continue;
      const message = `must be "${before.type}", which never changes`;
      issues.push({ code: 'value_invalid', path: `/triggers/${index}/type`, message });
    }
    for (const [index, workflow] of workflows.entries()) {
      const found = await definitions.examineForApply(principal, workflow, known);
      examined.push(found);
      issues.push(...placed(found.issues, 'workflows', index));
    }
    const unstored = toUnstoredParts(body, surplus);
    for (const [index, rule] of body.rules.entries()) {
      const found = await rules.examineForApply(principal, rule, unstored);
      issues.push(...placed(found.issues, 'rules', index));
    }
    if (issues.length === 0) return examined;
    const codes = { definition_invalid: '/definition', rule_invalid: '/rules/', request_invalid: '' } as const;
    const codeOf = Object.entries(codes).find(([, part]) => issues.some(({ path }) => path.includes(part)))![0];
    const given = body as unknown as Json; // it came out of JSON
    throw refusal(codeOf as keyof typeof codes, namedByRef(issues, given));
  }

  /** Returns what a pack has that an import does not contain. */
  async function surplusOf(principal: Principal, { pack, ...given }: PackImport): Promise<Surplus> {
    const filter = { packRef: pack.ref };
    const lacks =
      (...kinds: (keyof typeof given)[]) =>
      ({ ref }: { ref: string }) =>
        !kinds.some((kind) => given[kind].some((each) => each.ref === ref));
    const own = (await actions.list(principal, filter, ALL_PARTS)).rows.filter((action) => 'taskQueue' in action);
    return {
      triggers: (await triggers.list(principal, filter, ALL_PARTS)).rows.filter(lacks('triggers')),
      actions: own.filter(lacks('actions', 'workflows')),
      workflows: (await definitions.list(principal, filter, ALL_PARTS)).rows.filter(lacks('actions', 'workflows')),
      rules: (await rules.list(principal, filter, ALL_PARTS)).rows.filter(lacks('rules')),
    };
  }

  async function write(
    principal: Principal,
    body: PackImport,
    examined: readonly ExaminedContent[],
    within: PackParts,
  ): Promise<ImportResult> {
    const { pack, workflows } = body;
    const result: ImportResult = {
      pack: await importPack(within.packs, principal, pack),
      triggers: [],
      actions: [],
      workflows: [],
      rules: [],
      warnings: [],
    };
    for (const trigger of body.triggers) {
      result.triggers.push(await importTrigger(within.triggers, principal, trigger));
    }
    for (const action of body.actions) result.actions.push(await importAction(within.actions, principal, action));
    for (const [index, workflow] of workflows.entries()) {
      const { warnings, ...imported } = await within.definitions.apply(principal, workflow, examined[index]!);
      result.workflows.push(imported);
      result.warnings.push(...placed(warnings, 'workflows', index));
    }
    for (const [index, rule] of body.rules.entries()) {
      const { warnings, ...imported } = await within.rules.apply(principal, rule);
      result.rules.push(imported);
      result.warnings.push(...placed(warnings, 'rules', index));
    }
    return { ...result, warnings: namedByRef(result.warnings, body as unknown as Json) };
  }
}

/** The parts of a pack that an import does not contain. */
interface Surplus {
  triggers: readonly { ref: string }[];
  actions: readonly { ref: string }[];
  workflows: readonly { ref: string; id: number; revision: number }[];
  rules: readonly { ref: string; revision: number }[];
}

const NO_SURPLUS: Surplus = { triggers: [], actions: [], workflows: [], rules: [] };

/** Deletes surplus parts, those first that name others. */
async function prunePack(principal: Principal, surplus: Surplus, within: PackParts, done: ImportResult): Promise<void> {
  for (const { ref, revision } of surplus.rules) {
    await within.rules.remove(principal, ref);
    done.rules.push({ ref, change: 'deleted', revision });
  }
  for (const { ref, revision, id } of surplus.workflows) {
    await within.rules.disableStarters(principal, ref);
    await within.definitions.forget(principal, id);
    done.workflows.push({ ref, change: 'deleted', revision });
  }
  for (const { ref } of surplus.actions) {
    await within.actions.remove(principal, ref);
    done.actions.push({ ref, change: 'deleted' });
  }
  for (const { ref } of surplus.triggers) {
    await within.triggers.remove(principal, ref);
    done.triggers.push({ ref, change: 'deleted' });
  }
}

/** Returns what rules of an import may name although it is not stored, and what they may no longer name. */
function toUnstoredParts({ pack, triggers, actions, workflows }: PackImport, surplus: Surplus): UnstoredParts {
  return {
    packs: [pack.ref],
    triggers: new Map(triggers.map(({ ref, type = ref, schema = null }) => [ref, { type, schema }])),
    workflows: new Map(
      workflows.map(({ ref, param_schema: paramSchema = null, enabled = true, version }) => [
        ref,
        { paramSchema, enabled, version },
      ]),
    ),
    actions: new Map(actions.map(({ ref, param_schema: paramSchema = null }) => [ref, { paramSchema }])),
    deleted: new Set([...surplus.triggers, ...surplus.actions, ...surplus.workflows].map(({ ref }) => ref)),
  };
}

function placed(issues: readonly Issue[], kind: 'workflows' | 'rules', index: number): Issue[] {
  return issues.map((issue) => ({ ...issue, path: `/${kind}/${index}${issue.path}` }));
}
