import { AppError } from '../model/app-error.ts';
import type { Issue } from '../model/issue.ts';
import type { JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { PackImport } from '../model/requests.ts';
import type { ActionService } from './custom-actions.ts';
import { issuesOfAction } from './custom-actions.ts';
import type { DefinitionService } from './definitions.ts';
import { refusal } from './inputs.ts';
import type { PackService } from './packs.ts';

/** What an import has done to one thing. */
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
     * Everything is checked first, so that a refusal has changed nothing. Throws `request_invalid`, `definition_invalid`.
     */
    async import(principal: Principal, { pack, actions: given, workflows }: PackImport): Promise<ImportResult> {
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
  };

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

/** Whether everything that is given is so already; what is left out stays as it is. */
function isAsGiven(before: JsonObject, given: JsonObject): boolean {
  return Object.entries(given).every(
    ([field, value]) => value === undefined || JSON.stringify(before[field]) === JSON.stringify(value),
  );
}
