import { AppError } from '../../model/app-error.ts';
import type { Definition } from '../../model/definition.ts';
import type { DefinitionAlone } from '../../model/definition-requests.ts';
import { didYouMean } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import type { ActionStore } from '../../store/definitions/actions.ts';
import type {
  DefinitionStore,
  RevisionInfo,
  StoredWorkflow,
  WorkflowFilter,
} from '../../store/definitions/definitions.ts';
import { KNOWN_ACTIONS } from '../actions/actions.ts';
import { createDefinitionGuard } from './definition-guard.ts';
import type { DefinitionExaminer } from './examiner.ts';
import type { DefinitionJobs } from './jobs.ts';
import { createSchemaGuard } from './schema-guard.ts';
import { schemasOfRun } from './stored-schemas.ts';
import { type Reached, reachWorkflows } from './sub-workflows.ts';

/** Selects a revision of a workflow; empty: the newest one. */
export interface RevisionPick {
  version?: string | undefined;
  revision?: number | undefined;
}

/** Reads workflow definitions, and resolves what runs of them can reach. */
export interface DefinitionReader {
  /** Returns a workflow at one of its revisions. Throws `workflow_not_found`. */
  get(principal: Principal, ref: string, pick?: RevisionPick): Promise<StoredWorkflow>;
  /** Finds a workflow at one of its revisions; null when there is none. */
  find(principal: Principal, ref: string, pick?: RevisionPick): Promise<StoredWorkflow | null>;
  /** Returns a workflow by its integer id. Throws `workflow_not_found`. */
  getById(principal: Principal, id: number): Promise<StoredWorkflow>;
  /**
   * Resolves everything that a run of a definition can reach. Throws `sub_workflow_invalid`, and `definition_outdated` for a stored
   * definition that can no longer be run or a stored schema that can no longer be used; the `param_schema` of the definition itself is
   * checked with the input.
   */
  reach(principal: Principal, definition: Definition, self: StoredWorkflow | null): Promise<Reached>;
  /** Returns the refusal of a ref that is neither a workflow nor an action. */
  unknownRef(principal: Principal, ref: string): Promise<AppError>;
  /** Resolves a definition that is not stored as for a run. Throws `definition_invalid` with all issues, and what `reach` throws. */
  resolveUnsaved(
    principal: Principal,
    body: DefinitionAlone,
  ): Promise<Reached & { definition: Definition; paramSchema: JsonObject | null; outSchema: JsonObject | null }>;
  /** Reports whether a ref is an action, built-in or stored. */
  isAction(principal: Principal, ref: string): Promise<boolean>;
  /** Lists a page of workflows; `total` counts all that match. */
  list(
    principal: Pick<Principal, 'tenant'>,
    filter: WorkflowFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /** Lists a page of the workflows of a pack. Throws `pack_not_found`. */
  listOfPack(
    principal: Principal,
    packRef: string,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /** Lists the revisions of a workflow, newest first. Throws `workflow_not_found`. */
  revisions(principal: Principal, ref: string): Promise<RevisionInfo[]>;
}

/** The dependencies of the reader. */
export interface DefinitionReaderDependencies {
  store: DefinitionStore;
  actions: Pick<ActionStore, 'find' | 'findAll'>;
  examiner: Pick<DefinitionExaminer, 'examine'>;
  /** Checks stored definitions and schemas that are not small. */
  pool: JobPool<DefinitionJobs>;
}

/** Creates the reader. */
export function createDefinitionReader({
  store,
  actions: actionStore,
  examiner,
  pool,
}: DefinitionReaderDependencies): DefinitionReader {
  const demandUsable = createSchemaGuard(pool);
  const demandReadable = createDefinitionGuard(pool);

  async function get(principal: Principal, ref: string, pick: RevisionPick = {}): Promise<StoredWorkflow> {
    const found = await store.find(principal.tenant, ref, pick);
    if (found !== null) return found;
    if (pick.version !== undefined || pick.revision !== undefined) throw unknownRevision(ref, pick);
    const hint = didYouMean(ref, await store.refs(principal.tenant));
    throw new AppError('workflow_not_found', `workflow "${ref}" not found${hint === '' ? '' : `.${hint}`}`);
  }

  return {
    get,

    find: (principal, ref, pick) => store.find(principal.tenant, ref, pick),

    async getById(principal, id) {
      const found = id > MAX_ROW_ID ? null : await store.findById(principal.tenant, id);
      if (found === null) throw new AppError('workflow_not_found', `Workflow with ID ${id} not found`);
      return found;
    },

    async reach(principal, definition, self) {
      const reached = await reachWorkflows(definition, self, async (refs) => ({
        workflows: await store.findAll(principal.tenant, refs),
        actions: await actionStore.findAll(principal.tenant, refs),
      }));
      await demandReadable(principal.tenant, self, reached.workflows);
      await demandUsable(principal.tenant, schemasOfRun(definition, self?.outSchema ?? null, reached));
      return reached;
    },

    async unknownRef(principal, ref) {
      const hint = didYouMean(ref, await store.refs(principal.tenant), KNOWN_ACTIONS.keys());
      return new AppError('workflow_not_found', `workflow "${ref}" not found.${hint}`);
    },

    async resolveUnsaved(principal, body) {
      const { definition, param_schema: paramSchema = null, out_schema: outSchema = null } = body;
      const { issues } = await examiner.examine(principal, { definition, paramSchema, outSchema }, []);
      if (issues.length > 0) throw refusal('definition_invalid', issues);
      return { definition, paramSchema, outSchema, ...(await this.reach(principal, definition, null)) };
    },

    async isAction(principal, ref) {
      return KNOWN_ACTIONS.has(ref) || (await actionStore.find(principal.tenant, ref)) !== null;
    },

    async list(principal, filter, page) {
      return store.list(principal.tenant, filter, page);
    },

    async listOfPack(principal, packRef, page) {
      await demandPackId(store, principal, packRef);
      return store.list(principal.tenant, { packRef }, page);
    },

    async revisions(principal, ref) {
      const { id } = await get(principal, ref);
      return store.listRevisions(principal.tenant, id);
    },
  };
}

/** Returns the refusal of a revision that is not stored. */
export function unknownRevision(ref: string, { version, revision }: RevisionPick): AppError {
  const which = version === undefined ? `revision ${revision}` : `version ${version}`;
  return new AppError('workflow_not_found', `workflow "${ref}" has no ${which}`);
}

/** Returns the id of a pack. Throws `pack_not_found`. */
export async function demandPackId(
  store: Pick<DefinitionStore, 'findPack'>,
  principal: Principal,
  ref: string,
): Promise<number> {
  const id = await store.findPack(principal.tenant, ref);
  if (id === null) throw new AppError('pack_not_found', `pack "${ref}" not found`);
  return id;
}
