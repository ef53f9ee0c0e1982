import { AppError } from '../model/app-error.ts';
import type { Issue } from '../model/issue.ts';
import { canonicalJson, type JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { PackImport } from '../model/requests.ts';
import type { StoredWorkflow } from '../store/definitions.ts';
import type { ActionService } from './custom-actions.ts';
import { issuesOfAction } from './custom-actions.ts';
import type { DefinitionService } from './definitions.ts';
import { refusal } from './inputs.ts';
import type { PackService } from './packs.ts';

/** Workflows, and actions, that a pack can be written out with. */
const MAX_OF_EACH = 10_000;

/** What an import has done to one thing, or would do. */
export interface Imported {
  ref: string;
  change: 'created' | 'updated' | 'unchanged';
}

/** What an import has done. */
export interface ImportResult {
  pack: Imported;
  actions: Imported[];
  workflows: (Imported & { revision: number })[];
  warnings: Issue[];
}

/** Brings whole packs in. */
export type PackImportService = ReturnType<typeof createPackImportService>;

/** Makes the service over the others. */
export function createPackImportService(packs: PackService, actions: ActionService, definitions: DefinitionService) {
  return {
    /**
     * Brings a pack to what it is given as: what is not there is made, what differs is changed, and nothing is deleted.
     * Everything is checked first, so that a refusal has changed nothing; `dry`: nothing else is done, and what would be is
     * told. Throws `request_invalid`, `definition_invalid`.
     */
    async import(
      principal: Principal,
      { pack, actions: given, workflows }: PackImport,
      { dry = false }: { dry?: boolean } = {},
    ): Promise<ImportResult> {
      const refs = new Set<string>();
      const issues: Issue[] = [];
      const elsewhere = (path: string, ref: string, packRef: string) => {
        if (packRef !== pack.ref)
          issues.push({ code: 'ref_mismatch', path: `${path}/pack_ref`, message: `must be "${pack.ref}"` });
        if (refs.has(ref)) issues.push({ code: 'duplicate', path: `${path}/ref`, message: `"${ref}" is here twice` });
        refs.add(ref);
      };
      for (const [index, action] of given.entries()) {
        elsewhere(`/actions/${index}`, action.ref, action.pack_ref);
        issues.push(...issuesOfAction(action).map((issue) => ({ ...issue, path: `/actions/${index}${issue.path}` })));
      }
      const known = [
        ...given.map(({ ref, param_schema = null }) => ({ ref, paramSchema: param_schema, runs: 'worker' as const })),
        ...workflows.map(({ ref, param_schema = null }) => ({
          ref,
          paramSchema: param_schema,
          runs: 'workflow' as const,
        })),
      ];
      for (const [index, workflow] of workflows.entries()) {
        elsewhere(`/workflows/${index}`, workflow.ref, workflow.pack_ref);
        const found = await definitions.examineBeside(principal, workflow, known);
        issues.push(...found.issues.map((issue) => ({ ...issue, path: `/workflows/${index}${issue.path}` })));
      }
      if (issues.length > 0) {
        throw refusal(
          issues.some(({ path }) => path.includes('/definition')) ? 'definition_invalid' : 'request_invalid',
          issues,
        );
      }
      if (dry) return foresee(principal, { pack, actions: given, workflows });
      const result: ImportResult = {
        pack: await importPack(principal, pack),
        actions: [],
        workflows: [],
        warnings: [],
      };
      for (const action of given) result.actions.push(await importAction(principal, action));
      for (const [index, workflow] of workflows.entries()) {
        const { warnings, ...imported } = await definitions.apply(principal, workflow, known);
        result.workflows.push(imported);
        result.warnings.push(...warnings.map((issue) => ({ ...issue, path: `/workflows/${index}${issue.path}` })));
      }
      return result;
    },

    /** A pack as an import takes it: with its actions and workflows, in order of ref. Throws `pack_not_found`. */
    async export(principal: Principal, ref: string): Promise<PackImport> {
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

  /** What an import would do. */
  async function foresee(principal: Principal, { pack, actions: given, workflows }: PackImport): Promise<ImportResult> {
    const changeOf = (before: object | null, { ref, pack_ref: _, ...fields }: Given): Imported => {
      if (before === null) return { ref, change: 'created' };
      return { ref, change: isAsGiven(before as JsonObject, fields as JsonObject) ? 'unchanged' : 'updated' };
    };
    const orNull = (error: unknown): null => {
      if (error instanceof AppError && error.code.endsWith('_not_found')) return null;
      throw error;
    };
    const result: ImportResult = {
      pack: changeOf(await packs.get(principal, pack.ref).catch(orNull), pack),
      ...{ actions: [], workflows: [], warnings: [] },
    };
    for (const action of given) result.actions.push(changeOf(await actions.find(principal, action.ref), action));
    for (const workflow of workflows) {
      const before = await definitions.get(principal, workflow.ref).catch(orNull);
      const change = changeOf(before === null ? null : workflowBody(before), workflow);
      result.workflows.push({ ...change, revision: before?.revision ?? 0 });
    }
    return result;
  }

  async function importPack(principal: Principal, pack: PackImport['pack']): Promise<Imported> {
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

  async function importAction(principal: Principal, action: PackImport['actions'][number]): Promise<Imported> {
    const { ref, pack_ref: _, ...fields } = action;
    const before = await actions.find(principal, ref);
    if (before === null) {
      await actions.create(principal, action);
      return { ref, change: 'created' };
    }
    if (isAsGiven(before as unknown as JsonObject, fields as unknown as JsonObject))
      return { ref, change: 'unchanged' };
    await actions.update(principal, ref, fields);
    return { ref, change: 'updated' };
  }
}

type Given = { ref: string; pack_ref?: string };

/** A workflow as it was asked for. */
function workflowBody(workflow: StoredWorkflow): PackImport['workflows'][number] {
  const { ref, packRef, label, description, version, definition, tags, enabled } = workflow;
  return {
    ...{ ref, pack_ref: packRef, label, description, version, tags, enabled },
    ...{ param_schema: workflow.paramSchema, out_schema: workflow.outSchema, definition },
  };
}

/** What somebody would write: without what is so by itself. */
function given<T extends object>(body: T): T {
  const byItself = (name: string, value: unknown) =>
    value === null || (name === 'tags' && (value as unknown[]).length === 0) || (name === 'enabled' && value === true);
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !byItself(name, value))) as T;
}

/** Whether everything that is given is so already; what is left out stays as it is. */
function isAsGiven(before: JsonObject, given: JsonObject): boolean {
  return Object.entries(given).every(
    ([field, value]) => value === undefined || canonicalJson(before[field] ?? null) === canonicalJson(value),
  );
}
