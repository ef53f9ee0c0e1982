import type { KnownAction, Validation } from '../../language/validate.ts';
import { AppError } from '../../model/app-error.ts';
import type { Definition } from '../../model/definition.ts';
import { capIssues, didYouMean, type Issue } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import {
  type DefinitionAlone,
  DefinitionAloneSchema,
  MAX_ROW_ID,
  type WorkflowCreate,
  WorkflowCreateSchema,
  type WorkflowUpdate,
} from '../../model/requests.ts';
import { issuesOf } from '../../model/zod-issues.ts';
import type { ActionStore } from '../../store/definitions/actions.ts';
import type {
  DefinitionStore,
  RevisionContent,
  RevisionInfo,
  StoredWorkflow,
  WorkflowFilter,
} from '../../store/definitions/definitions.ts';
import { KNOWN_ACTIONS } from './actions.ts';
import { contentAfter, fieldsAfter, newContent, sameFields } from './contents.ts';
import { createDefinitionGuard } from './definition-guard.ts';
import { examineDefinition, isSmallExamination } from './examination.ts';
import type { DefinitionJobs } from './jobs.ts';
import { issuesOfPartialBody, type PartialContent } from './partial-bodies.ts';
import { createSchemaGuard } from './schema-guard.ts';
import { schemasOfRun } from './stored-schemas.ts';
import { type Reached, reachWorkflows, storedRefsOf } from './sub-workflows.ts';

/** Whoever asks about what belongs to a tenant. */
type Tenanted = Pick<Principal, 'tenant'>;

/** A workflow that was just stored, with warnings about it. */
export interface WrittenWorkflow {
  workflow: StoredWorkflow;
  warnings: Issue[];
}

/** A workflow or an action that a definition may name although it is not stored yet. */
export interface Beside {
  ref: string;
  paramSchema: JsonObject | null;
  runs: 'workflow' | 'worker';
}

/** The result of an examination without issues: the hash of the content, and warnings. */
export interface ExaminedContent {
  hash: string;
  warnings: Issue[];
}

/** Manages workflow definitions; a caller sees only those of their own tenant. */
export interface DefinitionService {
  get(
    principal: Principal,
    ref: string,
    pick?: { version?: string | undefined; revision?: number | undefined },
  ): Promise<StoredWorkflow>;
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
    principal: Tenanted,
    filter: WorkflowFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /** Lists a page of the workflows of a pack. Throws `pack_not_found`. */
  listOfPack(
    principal: Principal,
    packRef: string,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /** Finds all issues and warnings of a body of `create`, of a definition with its schemas, or of a definition alone. Stores nothing. */
  validate(principal: Tenanted, body: unknown): Promise<Validation>;
  /**
   * Finds what is wrong with the meaning of a workflow, or of each workflow of a pack, in a body that is refused for its shape: what
   * holds whatever the parts without the right shape were meant to be.
   */
  meaningIssues(principal: Tenanted, body: unknown): Promise<Issue[]>;
  /**
   * Stores a new workflow; examines it unless `before` is the result of an examination. Throws `definition_invalid`, `request_invalid`,
   * `pack_not_found`, `workflow_exists`.
   */
  create(principal: Principal, body: WorkflowCreate, before?: ExaminedContent): Promise<WrittenWorkflow>;
  /** Examines what `apply` would store; `besides` may be named by it although they are not stored yet. */
  examineBeside(
    principal: Principal,
    body: WorkflowCreate,
    besides: readonly Beside[],
  ): Promise<ExaminedContent & { issues: Issue[] }>;
  /**
   * Creates or updates a workflow whose content was examined before, without any wait for the pool. Throws what `create` and `update`
   * throw, and `busy` when the workflow was changed since the examination.
   */
  apply(
    principal: Principal,
    body: WorkflowCreate,
    examined: ExaminedContent,
  ): Promise<{ ref: string; change: 'created' | 'updated' | 'unchanged'; revision: number; warnings: Issue[] }>;
  /** Deletes a workflow with its revisions, but not its runs. */
  forget(principal: Principal, id: number): Promise<void>;
  /** Lists the revisions of a workflow, newest first. Throws `workflow_not_found`. */
  revisions(principal: Principal, ref: string): Promise<RevisionInfo[]>;
  /**
   * Updates a workflow; other content becomes a new revision. With a tag, only if the workflow still has it. Throws
   * `definition_invalid`, `workflow_not_found`, `precondition_failed`.
   */
  update(
    principal: Principal,
    ref: string,
    body: WorkflowUpdate,
    options?: { tag?: string | undefined; before?: ExaminedContent },
  ): Promise<WrittenWorkflow>;
}

/** The dependencies of the service. */
export interface DefinitionDependencies {
  store: DefinitionStore;
  actions: ActionStore;
  /** Examines definitions that are not small. */
  pool: JobPool<DefinitionJobs>;
  /** Returns warnings about channels that a definition tells people through and that the tenant has not set up. */
  deliveryWarnings?: (tenant: string, definition: Definition) => Promise<Issue[]>;
}

/** Creates the service. */
export function createDefinitionService({
  store,
  actions: actionStore,
  pool,
  deliveryWarnings = async () => [],
}: DefinitionDependencies): DefinitionService {
  const demandUsable = createSchemaGuard(pool);
  const demandReadable = createDefinitionGuard(pool);

  async function get(
    principal: Principal,
    ref: string,
    pick: { version?: string | undefined; revision?: number | undefined } = {},
  ): Promise<StoredWorkflow> {
    const found = await store.find(principal.tenant, ref, pick);
    if (found !== null) return found;
    const { version, revision } = pick;
    if (version === undefined && revision === undefined) {
      const hint = didYouMean(ref, await store.refs(principal.tenant));
      throw new AppError('workflow_not_found', `workflow "${ref}" not found${hint === '' ? '' : `.${hint}`}`);
    }
    throw new AppError(
      'workflow_not_found',
      `workflow "${ref}" has no ${version === undefined ? `revision ${revision}` : `version ${version}`}`,
    );
  }

  /** Finds the stored actions and the workflows that a definition names. */
  async function actionsFor(
    principal: Tenanted,
    definition: Definition,
    besides: readonly Beside[],
  ): Promise<Record<string, KnownAction>> {
    const { on_failure: hook } = definition;
    const refs = [...storedRefsOf(definition), ...(hook === undefined ? [] : [hook])];
    if (refs.length === 0) return {};
    const workflows = await store.findAll(principal.tenant, refs);
    const actions = await actionStore.findAll(principal.tenant, refs);
    const named = new Set(refs);
    const known = (runs: 'workflow' | 'worker', ref: string, schema: JsonObject | null): [string, KnownAction] => [
      ref,
      { runs, param_schema: named.has(ref) ? schema : null },
    ];
    const candidates = [
      ...workflows.map(({ ref, paramSchema }) => known('workflow', ref, paramSchema)),
      ...actions.map(({ ref, paramSchema }) => known('worker', ref, paramSchema)),
      ...besides.map(({ ref, paramSchema, runs }) => known(runs, ref, paramSchema)),
    ];
    return Object.fromEntries(candidates);
  }

  /** Finds the issues and warnings of a definition; `besides` may be named by it although they are not stored. */
  async function examined(
    principal: Tenanted,
    { definition, paramSchema, outSchema, gaps = null }: ExaminedParts,
    besides: readonly Beside[],
  ): Promise<Validation> {
    const actions = await actionsFor(principal, definition, besides);
    const request = { definition, paramSchema, outSchema, actions, gaps };
    return isSmallExamination(request) ? examineDefinition(request) : pool.run('examine', principal.tenant, request);
  }

  function meaningIssues(principal: Tenanted, body: unknown): Promise<Issue[]> {
    return issuesOfPartialBody(body, async (content, besides) => (await examined(principal, content, besides)).issues);
  }

  /**
   * Returns the warnings about the content of a workflow. Throws `definition_invalid` with all issues, and `busy` when another content
   * was examined before.
   */
  async function check(
    principal: Principal,
    ref: string,
    content: RevisionContent,
    before: ExaminedContent | undefined,
  ): Promise<Issue[]> {
    if (before?.hash === content.hash) return before.warnings;
    if (before !== undefined) throw new AppError('busy', `workflow "${ref}" was changed by another request: try again`);
    const { issues, warnings } = await examined(principal, content, [selfOf(ref, content.paramSchema)]);
    if (issues.length > 0) throw refusal('definition_invalid', issues);
    return warnings;
  }

  return {
    get,
    meaningIssues,

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
      const { issues } = await examined(principal, { definition, paramSchema, outSchema }, []);
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
      await packId(store, principal, packRef);
      return store.list(principal.tenant, { packRef }, page);
    },

    async validate(principal, body) {
      if (isBareDefinition(body)) {
        const { issues, warnings } = await this.validate(principal, { definition: body });
        return { issues: withoutPrefix(issues), warnings: withoutPrefix(warnings) };
      }
      const schema = isDefinitionAlone(body) ? DefinitionAloneSchema : WorkflowCreateSchema;
      const parsed = schema.safeParse(body);
      if (!parsed.success) {
        const issues = [...issuesOf(parsed.error, schema, body), ...(await meaningIssues(principal, body))];
        return { issues: capIssues(issues), warnings: [] };
      }
      const { definition, param_schema = null, out_schema = null } = parsed.data;
      const workflow = 'ref' in parsed.data ? (parsed.data as WorkflowCreate) : null;
      const self = workflow === null ? [] : [selfOf(workflow.ref, param_schema)];
      const content = { definition, paramSchema: param_schema, outSchema: out_schema };
      const { issues, warnings } = await examined(principal, content, self);
      const mismatch = workflow === null ? [] : refMismatch(workflow);
      const unset = await deliveryWarnings(principal.tenant, definition);
      return { issues: [...mismatch, ...issues], warnings: [...warnings, ...unset] };
    },

    async create(principal, body, before) {
      const mismatch = refMismatch(body);
      if (mismatch.length > 0) throw refusal('request_invalid', mismatch);
      const content = newContent(body);
      const warnings = await check(principal, body.ref, content, before);
      const pack = await packId(store, principal, body.pack_ref);
      if (await this.isAction(principal, body.ref)) {
        throw new AppError('workflow_exists', `"${body.ref}" is already the ref of an action`);
      }
      const { label, description = null, tags = [], enabled = true } = body;
      const created = await store.create(
        principal.tenant,
        pack,
        body.ref,
        { label, description, tags, enabled },
        content,
      );
      if (!created) throw new AppError('workflow_exists', `workflow "${body.ref}" already exists`);
      return { workflow: await get(principal, body.ref), warnings };
    },

    async examineBeside(principal, body, besides) {
      const { ref, pack_ref: _, ...fields } = body;
      const stored = await store.find(principal.tenant, ref);
      const content = stored === null ? newContent(body) : contentAfter(stored, fields).content;
      const { issues, warnings } = await examined(principal, content, besides);
      return { issues: [...refMismatch(body), ...issues], warnings, hash: content.hash };
    },

    async apply(principal, body, examined) {
      const { ref, pack_ref: _, ...fields } = body;
      const before = await store.find(principal.tenant, ref);
      if (before === null) {
        const { workflow, warnings } = await this.create(principal, body, examined);
        return { ref, change: 'created', revision: workflow.revision, warnings };
      }
      const { workflow, warnings } = await this.update(principal, ref, fields, { before: examined });
      const same = sameFields(before, workflow) && before.revision === workflow.revision;
      return { ref, change: same ? 'unchanged' : 'updated', revision: workflow.revision, warnings };
    },

    async forget({ tenant }, id) {
      await store.remove(tenant, id);
    },

    async revisions(principal, ref) {
      const { id } = await get(principal, ref);
      return store.listRevisions(principal.tenant, id);
    },

    async update(principal, ref, body, { tag, before } = {}) {
      for (;;) {
        const examined = contentAfter(await get(principal, ref), body);
        // The examination takes time, so it precedes the lock of the row: an embedded database has one connection.
        const warnings = examined.changed ? await check(principal, ref, examined.content, before) : [];
        const change = (stored: StoredWorkflow) => {
          if (tag !== undefined && tag !== entityTag(stored)) {
            throw new AppError(
              'precondition_failed',
              `workflow "${ref}" was changed by another request: read it again, and send its current ETag as If-Match`,
            );
          }
          const { content, changed } = contentAfter(stored, body);
          if (changed && content.hash !== examined.content.hash) throw new ChangedMeanwhile();
          return { fields: fieldsAfter(stored, body), content: changed ? content : null };
        };
        try {
          const updated = await store.update(principal.tenant, ref, change);
          if (!updated) throw new AppError('workflow_not_found', `workflow "${ref}" not found`);
          return { workflow: await get(principal, ref), warnings };
        } catch (error) {
          // Somebody else has stored other content meanwhile: apply the update to that.
          if (!(error instanceof ChangedMeanwhile)) throw error;
        }
      }
    },
  };
}

/** What is examined of a workflow; with gaps, what is certain in spite of them. */
type ExaminedParts = Pick<RevisionContent, 'definition' | 'paramSchema' | 'outSchema'> &
  Partial<Pick<PartialContent, 'gaps'>>;

/** Rolls back an update whose content was not examined. */
class ChangedMeanwhile extends Error {}

/** Returns the entity tag of a workflow, which any change of it changes (RFC 9110, ETag). */
export function entityTag({ revision, updated }: Pick<StoredWorkflow, 'revision' | 'updated'>): string {
  return `"${revision}-${updated.getTime().toString(36)}"`;
}

async function packId(store: DefinitionStore, principal: Principal, ref: string): Promise<number> {
  const id = await store.findPack(principal.tenant, ref);
  if (id === null) throw new AppError('pack_not_found', `pack "${ref}" not found`);
  return id;
}

function refMismatch({ ref, pack_ref }: { ref: string; pack_ref: string }): Issue[] {
  if (ref.startsWith(`${pack_ref}.`)) return [];
  const message = `must begin with "${pack_ref}.", the ref of the pack`;
  return [{ code: 'ref_mismatch', path: '/ref', message }];
}

/** Reports whether a body is a definition alone, as the documentation writes one, and not a workflow that has one. */
function isBareDefinition(body: unknown): body is object {
  return typeof body === 'object' && body !== null && 'tasks' in body && !('definition' in body) && !('ref' in body);
}

/** Reports whether a body has no fields but a definition and its schemas. */
function isDefinitionAlone(body: unknown): boolean {
  const fields = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  return fields.every((field) => Object.hasOwn(DefinitionAloneSchema.shape, field));
}

/** Makes the paths of issues relative to the definition. */
function withoutPrefix(issues: readonly Issue[]): Issue[] {
  return issues.map((issue) => ({ ...issue, path: issue.path.replace(/^\/definition/, '') }));
}

function selfOf(ref: string, paramSchema: JsonObject | null): Beside {
  return { ref, paramSchema, runs: 'workflow' };
}
