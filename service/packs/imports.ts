import { AppError } from '../../model/app-error.ts';
import type { PackImport } from '../../model/definition-requests.ts';
import type { Issue } from '../../model/issue.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
import { namedByRef } from '../../model/pack-issues.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { StoredWorkflow } from '../../store/definitions/definitions.ts';
import type { ActionService } from '../actions/custom-actions.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import type { UnstoredPart } from '../definitions/partial-bodies.ts';
import type { ExaminedContent } from '../definitions/writer.ts';
import type { DeletionService } from '../executions/deletions.ts';
import { issuesOfPack, issuesOfPartialPack } from './pack-parts.ts';
import type { PackService } from './packs.ts';

/** The most workflows, and the most actions, of an exported pack. */
const MAX_OF_EACH = 10_000;

/** The change that an import makes to one thing. */
export interface Imported {
  ref: string;
  change: 'created' | 'updated' | 'unchanged' | 'deleted';
}

/** The result of an import. */
export interface ImportResult {
  pack: Imported;
  actions: Imported[];
  /** `executions` counts the runs of a workflow that are deleted with it. */
  workflows: (Imported & { revision: number; executions?: number })[];
  warnings: Issue[];
}

/** Imports and exports whole packs. */
export interface PackImportService {
  /** Finds what is wrong with the meaning of the workflows and actions of a pack that is refused for its shape. */
  meaningIssues(principal: Principal, body: unknown): Promise<Issue[]>;
  /**
   * Makes a pack equal to the given one, in one transaction: creates what is missing and updates what differs; with `prune` also deletes
   * what is not given, workflows with their runs (`force`: even open ones). Examines everything first, so that all issues are reported.
   * `dry` reports the changes and rolls them back. Throws `request_invalid`, `definition_invalid`,
   * `workflow_in_use` and `action_in_use` for what cannot be deleted.
   */
  import(
    principal: Principal,
    body: PackImport,
    options?: { dry?: boolean | undefined; prune?: boolean | undefined; force?: boolean | undefined },
  ): Promise<ImportResult>;
  /** Exports a pack with its actions and workflows, in order of ref, in the form that an import takes. Throws `pack_not_found`. */
  export(principal: Principal, ref: string): Promise<PackImport>;
}

/** The services that an import writes through. */
export interface PackParts {
  packs: PackService;
  actions: ActionService;
  definitions: DefinitionService;
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
  deletions: Pick<DeletionService, 'demandClosed' | 'countRuns' | 'terminateRuns' | 'deleteRuns'>;
}

/** Creates the service; `parts` read the present state. */
export function createPackImportService({
  parts,
  inTransaction,
  deletions,
}: PackImportDependencies): PackImportService {
  const { packs, actions, definitions } = parts;

  return {
    async meaningIssues(principal, body) {
      return [...issuesOfPartialPack(body), ...(await definitions.meaningIssues(principal, body))];
    },

    async import(principal, body, { dry, prune, force } = {}) {
      const examined = await checked(principal, body);
      const surplus = prune ? await surplusOf(principal, body) : { workflows: [], actions: [] };
      if (!force) await deletions.demandClosed(principal, surplus.workflows);
      const executions = new Map<number, number>();
      for (const { id } of surplus.workflows) executions.set(id, await deletions.countRuns(principal, id));
      const result = await inTransaction(async (within) => {
        const done = await write(principal, body, examined, within);
        for (const { ref, revision, id } of surplus.workflows) {
          await within.definitions.forget(principal, id);
          done.workflows.push({ ref, change: 'deleted', revision, executions: executions.get(id) ?? 0 });
        }
        for (const ref of surplus.actions) {
          await within.actions.remove(principal, ref);
          done.actions.push({ ref, change: 'deleted' });
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

    async export(principal, ref) {
      const { label, description, version, tags } = await packs.get(principal, ref);
      const everything = { offset: 0, limit: MAX_OF_EACH };
      const { rows: found } = await actions.list(principal, { packRef: ref }, everything);
      const own = found.filter((action) => 'taskQueue' in action).map((action) => action.ref);
      const bodies = await Promise.all(
        own.sort().map(async (each) => [each, await actions.find(principal, each)] as const),
      );
      const { rows: workflows } = await definitions.listOfPack(principal, ref, everything);
      return {
        pack: given({ ref, label, description, version, tags }),
        actions: bodies.map(([each, body]) => given({ ref: each, pack_ref: ref, ...body! })),
        workflows: workflows.sort((a, b) => (a.ref < b.ref ? -1 : 1)).map((each) => given(workflowBody(each))),
      };
    },
  };

  /** Checks everything. Returns the examination of each workflow, so that the import does not examine it again. */
  async function checked(principal: Principal, body: PackImport): Promise<ExaminedContent[]> {
    const { actions, workflows } = body;
    const issues = issuesOfPack(body);
    const besides = (
      all: readonly { ref: string; param_schema?: JsonObject | null | undefined }[],
      runs: UnstoredPart['runs'],
    ) => all.map(({ ref, param_schema = null }): UnstoredPart => ({ ref, paramSchema: param_schema, runs }));
    const known = [...besides(actions, 'worker'), ...besides(workflows, 'workflow')];
    const examined: ExaminedContent[] = [];
    for (const [index, workflow] of workflows.entries()) {
      const found = await definitions.examineForApply(principal, workflow, known);
      examined.push(found);
      issues.push(...found.issues.map((issue) => ({ ...issue, path: `/workflows/${index}${issue.path}` })));
    }
    if (issues.length === 0) return examined;
    const invalid = issues.some(({ path }) => path.includes('/definition'));
    const given = body as unknown as Json; // it came out of JSON
    throw refusal(invalid ? 'definition_invalid' : 'request_invalid', namedByRef(issues, given));
  }

  /** Returns what a pack has that an import does not contain. */
  async function surplusOf(principal: Principal, { pack, actions: given, workflows }: PackImport) {
    const everything = { offset: 0, limit: MAX_OF_EACH };
    const refs = new Set([...given, ...workflows].map(({ ref }) => ref));
    const own = await actions.list(principal, { packRef: pack.ref }, everything);
    const kept = await definitions.list(principal, { packRef: pack.ref }, everything);
    return {
      workflows: kept.rows.filter(({ ref }) => !refs.has(ref)),
      actions: own.rows.flatMap((action) => ('taskQueue' in action && !refs.has(action.ref) ? [action.ref] : [])),
    };
  }

  async function write(
    principal: Principal,
    { pack, actions: given, workflows }: PackImport,
    examined: readonly ExaminedContent[],
    within: PackParts,
  ): Promise<ImportResult> {
    const result: ImportResult = {
      pack: await importPack(within.packs, principal, pack),
      actions: [],
      workflows: [],
      warnings: [],
    };
    for (const action of given) result.actions.push(await importAction(within.actions, principal, action));
    for (const [index, workflow] of workflows.entries()) {
      const { warnings, ...imported } = await within.definitions.apply(principal, workflow, examined[index]!);
      result.workflows.push(imported);
      const placed = warnings.map((issue) => ({ ...issue, path: `/workflows/${index}${issue.path}` }));
      result.warnings.push(...namedByRef(placed, { workflows: workflows as unknown as Json }));
    }
    return result;
  }
}

async function importPack(packs: PackService, principal: Principal, pack: PackImport['pack']): Promise<Imported> {
  const { ref, ...fields } = pack;
  try {
    const before = await packs.get(principal, ref);
    if (isAsGiven(before as unknown as JsonObject, fields as JsonObject)) return { ref, change: 'unchanged' };
    await packs.update(principal, ref, fields);
    return { ref, change: 'updated' };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'pack_not_found') throw error;
    await packs.create(principal, pack);
    return { ref, change: 'created' };
  }
}

async function importAction(
  actions: ActionService,
  principal: Principal,
  action: PackImport['actions'][number],
): Promise<Imported> {
  const { ref, pack_ref: _, ...fields } = action;
  const before = await actions.find(principal, ref);
  if (before === null) {
    await actions.create(principal, action);
    return { ref, change: 'created' };
  }
  if (isAsGiven(before as unknown as JsonObject, fields as unknown as JsonObject)) return { ref, change: 'unchanged' };
  await actions.update(principal, ref, fields);
  return { ref, change: 'updated' };
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

/** Leaves out the fields that have their default values. */
function given<T extends object>(body: T): T {
  const byItself = (name: string, value: unknown) =>
    value === null || (name === 'tags' && (value as unknown[]).length === 0) || (name === 'enabled' && value === true);
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !byItself(name, value))) as T;
}

/** Reports whether all given fields have their values already; fields that are not given stay unchanged. */
function isAsGiven(before: JsonObject, given: JsonObject): boolean {
  return Object.entries(given).every(
    ([field, value]) => value === undefined || canonicalJson(before[field] ?? null) === canonicalJson(value),
  );
}
