import { AppError } from '../../model/app-error.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { StoredWorkflow } from '../../store/definitions/definitions.ts';
import type { DefinitionService } from './definitions.ts';

/** The issues and warnings that this version of Fermata finds in the newest revision of a stored workflow. */
export interface StoredExamination {
  ref: string;
  version: string;
  revision: number;
  issues: Issue[];
  warnings: Issue[];
}

/** Stored workflows that another version has accepted, by ref. */
export interface OutdatedWorkflows {
  /** Those that this version would refuse. */
  refused: string[];
  /** Those of which it reads a part differently. */
  otherwise: string[];
}

/** Examines stored workflows again. */
export interface StoredExaminations {
  /**
   * Examines a page of a tenant's workflows in order of ref, as if each were written now, and counts them all. A workflow that takes too
   * much work has the issue `work_exceeded`. Stores nothing. Throws `busy` as the pool does.
   */
  examine(
    principal: Pick<Principal, 'tenant'>,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredExamination[]; total: number }>;
  /** Finds the outdated ones among the first workflows of a tenant, at most so many. Stops when the signal is aborted. */
  findOutdated(tenant: string, limit: number, signal: AbortSignal): Promise<OutdatedWorkflows>;
}

/** Workflows that are read from the store at a time. */
const PAGE = 20;

/** Codes of warnings about parts that an earlier version has read differently. */
const READ_OTHERWISE = new Set(['attr_finds_nothing', 'default_unused', 'template_in_default']);

/** Creates the service. */
export function createStoredExaminations(
  definitions: Pick<DefinitionService, 'list' | 'validate'>,
): StoredExaminations {
  return {
    async examine(principal, page) {
      const { rows: stored, total } = await definitions.list(principal, {}, page);
      const rows: StoredExamination[] = [];
      for (const workflow of stored) {
        const { ref, version, revision } = workflow;
        const { issues, warnings } = await definitions.validate(principal, bodyOf(workflow)).catch(tooMuch);
        rows.push({ ref, version, revision, issues, warnings });
      }
      return { rows, total };
    },

    async findOutdated(tenant, limit, signal) {
      const found: OutdatedWorkflows = { refused: [], otherwise: [] };
      for (let offset = 0; offset < limit && !signal.aborted; offset += PAGE) {
        const { rows } = await this.examine({ tenant }, { offset, limit: Math.min(PAGE, limit - offset) });
        for (const { ref, issues, warnings } of rows) {
          if (issues.length > 0) found.refused.push(ref);
          else if (warnings.some(({ code }) => READ_OTHERWISE.has(code))) found.otherwise.push(ref);
        }
        if (rows.length < PAGE) break;
      }
      return found;
    },
  };
}

/** Returns the issue of a workflow that takes too much work to be examined, so that it hides no other. Throws any other error. */
function tooMuch(error: unknown): { issues: Issue[]; warnings: Issue[] } {
  if (!(error instanceof AppError) || error.code !== 'work_exceeded') throw error;
  return { issues: [{ code: 'work_exceeded', path: '/definition', message: error.message }], warnings: [] };
}

/** A stored workflow as its author would write it now. */
function bodyOf({ ref, packRef, label, version, definition, paramSchema, outSchema }: StoredWorkflow): Json {
  const written = definition as unknown as Json; // what was parsed came from JSON
  return {
    ref,
    pack_ref: packRef,
    label,
    version,
    definition: written,
    param_schema: paramSchema,
    out_schema: outSchema,
  };
}
