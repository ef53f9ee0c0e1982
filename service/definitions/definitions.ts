import type { KnownAction, Validation } from '../../language/validate.ts';
import { AppError } from '../../model/app-error.ts';
import type { Definition } from '../../model/definition.ts';
import { capIssues, didYouMean, type Issue } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
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
import { sha256Hex } from '../access/hash.ts';
import { KNOWN_ACTIONS } from './actions.ts';
import { examine, isSmallExamination } from './examination.ts';
import type { DefinitionJobs } from './jobs.ts';
import { createSchemaGuard } from './schema-guard.ts';
import { schemasOfRun } from './stored-schemas.ts';
import { type Reached, reachWorkflows, storedRefsOf } from './sub-workflows.ts';

/** A stored workflow, and what is doubtful about it. */
export interface WrittenWorkflow {
  workflow: StoredWorkflow;
  warnings: Issue[];
}

/** What a definition may name though it is not stored (yet). */
export interface Beside {
  ref: string;
  paramSchema: JsonObject | null;
  runs: 'workflow' | 'worker';
}

/** A content that was examined before it is stored and has no issues, with what is doubtful about it. */
export interface ExaminedContent {
  hash: string;
  warnings: Issue[];
}

/** Use cases around workflow definitions; each is scoped by the caller's tenant. */
export interface DefinitionService {
  get(
    principal: Principal,
    ref: string,
    pick?: { version?: string | undefined; revision?: number | undefined },
  ): Promise<StoredWorkflow>;
  /** A workflow by its integer id. Throws `workflow_not_found`. */
  getById(principal: Principal, id: number): Promise<StoredWorkflow>;
  /**
   * What a run of a definition can reach. Throws `sub_workflow_invalid`, and `definition_outdated` for a stored schema that can
   * no longer be used, other than the `param_schema` of the definition itself, which is found with the input.
   */
  reach(principal: Principal, definition: Definition, self: StoredWorkflow | null): Promise<Reached>;
  /** Returns the refusal of a ref that is neither a workflow nor an action. */
  unknownRef(principal: Principal, ref: string): Promise<AppError>;
  /**
   * Returns a definition that is not stored as a run of it would have it. Throws `definition_invalid` with all issues, and what `reach`
   * throws.
   */
  resolveUnsaved(
    principal: Principal,
    body: DefinitionAlone,
  ): Promise<Reached & { definition: Definition; paramSchema: JsonObject | null; outSchema: JsonObject | null }>;
  /** Whether a ref is an action, built in or stored. */
  isAction(principal: Principal, ref: string): Promise<boolean>;
  /** A page of workflows and how many there are. Throws `pack_not_found` for a pack in the path that is not there. */
  list(
    principal: Principal,
    filter: WorkflowFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /** Like `list`, of a pack that must exist. */
  listOfPack(
    principal: Principal,
    packRef: string,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredWorkflow[]; total: number }>;
  /**
   * Everything that is wrong with a body of `create`, or with a definition and its schemas alone, or doubtful. Stores
   * nothing.
   */
  validate(principal: Principal, body: unknown): Promise<Validation>;
  /** Stores a new definition, which is examined unless it was before. Throws `definition_invalid`, `pack_not_found`, `workflow_exists`. */
  create(principal: Principal, body: WorkflowCreate, before?: ExaminedContent): Promise<WrittenWorkflow>;
  /** Examines what `apply` would store, next to others which may not be there yet. */
  examineBeside(
    principal: Principal,
    body: WorkflowCreate,
    besides: readonly Beside[],
  ): Promise<ExaminedContent & { issues: Issue[] }>;
  /**
   * Brings a workflow to what it is given as, whose content was examined before: nothing waits for the pool. Throws what `create` and
   * `update` throw, and `busy` when it has been changed since then.
   */
  apply(
    principal: Principal,
    body: WorkflowCreate,
    examined: ExaminedContent,
  ): Promise<{ ref: string; change: 'created' | 'updated' | 'unchanged'; revision: number; warnings: Issue[] }>;
  /** Deletes a workflow with its revisions, and not its runs. */
  forget(principal: Principal, id: number): Promise<void>;
  /** The revisions of a workflow, newest first. Throws `workflow_not_found`. */
  revisions(principal: Principal, ref: string): Promise<RevisionInfo[]>;
  /**
   * Changes a definition; changed content is a new revision. With a tag, only what still has it. Throws
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
  pool: JobPool<DefinitionJobs>;
  deliveryWarnings?: (tenant: string, definition: Definition) => Promise<Issue[]>;
}

/**
 * Makes the service over a store; definitions that are not small are examined in the pool. `deliveryWarnings` says what a tenant has
 * not set up of what a definition tells people through.
 */
export function createDefinitionService({
  store,
  actions: actionStore,
  pool,
  deliveryWarnings = async () => [],
}: DefinitionDependencies): DefinitionService {
  const demandUsable = createSchemaGuard(pool);

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
      throw new AppError('workflow_not_found', `Workflow '${ref}' not found${hint === '' ? '' : `.${hint}`}`);
    }
    throw new AppError('workflow_not_found', `Workflow '${ref}' has no ${version ?? `revision ${revision}`}`);
  }

  /** The actions that a definition names and that are not built in: stored ones, and workflows. */
  async function actionsFor(
    principal: Principal,
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

  /** Finds what is wrong with a definition, or doubtful; `besides` may be named by it although they are not stored. */
  async function examined(
    principal: Principal,
    { definition, paramSchema, outSchema }: Omit<RevisionContent, 'version' | 'hash'>,
    besides: readonly Beside[],
  ): Promise<Validation> {
    const actions = await actionsFor(principal, definition, besides);
    const request = { definition, paramSchema, outSchema, actions };
    return isSmallExamination(request) ? examine(request) : pool.run('examine', principal.tenant, request);
  }

  /**
   * Refuses what is wrong with the definition of a workflow, all at once; returns what is doubtful. Throws `definition_invalid`, and
   * `busy` when not this content was examined before.
   */
  async function check(
    principal: Principal,
    ref: string,
    content: RevisionContent,
    before: ExaminedContent | undefined,
  ): Promise<Issue[]> {
    if (before?.hash === content.hash) return before.warnings;
    if (before !== undefined) throw new AppError('busy', `Workflow '${ref}' has been changed meanwhile; try again`);
    const { issues, warnings } = await examined(principal, content, [selfOf(ref, content.paramSchema)]);
    if (issues.length > 0) throw refusal('definition_invalid', issues);
    return warnings;
  }

  return {
    get,

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
      await demandUsable(principal.tenant, schemasOfRun(definition, self?.outSchema ?? null, reached));
      return reached;
    },

    async unknownRef(principal, ref) {
      const hint = didYouMean(ref, await store.refs(principal.tenant), KNOWN_ACTIONS.keys());
      return new AppError('workflow_not_found', `Workflow '${ref}' not found.${hint}`);
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
      const fields = typeof body === 'object' && body !== null ? Object.keys(body) : [];
      const alone = fields.every((field) => Object.hasOwn(DefinitionAloneSchema.shape, field));
      const schema = alone ? DefinitionAloneSchema : WorkflowCreateSchema;
      const parsed = schema.safeParse(body);
      if (!parsed.success) return { issues: capIssues(issuesOf(parsed.error, schema, body)), warnings: [] };
      const { definition, param_schema = null, out_schema = null } = parsed.data;
      const self = 'ref' in parsed.data ? [selfOf(String(parsed.data.ref), param_schema)] : [];
      const content = { definition, paramSchema: param_schema, outSchema: out_schema };
      const { issues, warnings } = await examined(principal, content, self);
      const mismatch = 'ref' in parsed.data ? refMismatch(parsed.data as WorkflowCreate) : [];
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
        throw new AppError('workflow_exists', `'${body.ref}' is an action`);
      }
      const { label, description = null, tags = [], enabled = true } = body;
      const created = await store.create(
        principal.tenant,
        pack,
        body.ref,
        { label, description, tags, enabled },
        content,
      );
      if (!created) throw new AppError('workflow_exists', `Workflow '${body.ref}' already exists`);
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
        // Examined before the row is locked: that takes time, and an embedded database has one connection.
        const warnings = examined.changed ? await check(principal, ref, examined.content, before) : [];
        const change = (stored: StoredWorkflow) => {
          if (tag !== undefined && tag !== entityTag(stored)) {
            throw new AppError('precondition_failed', `Workflow '${ref}' has been changed meanwhile`);
          }
          const { content, changed } = contentAfter(stored, body);
          if (changed && content.hash !== examined.content.hash) throw new ChangedMeanwhile();
          const fields = {
            label: body.label ?? stored.label,
            description: body.description === undefined ? stored.description : body.description,
            tags: body.tags ?? stored.tags,
            enabled: body.enabled ?? stored.enabled,
          };
          return { fields, content: changed ? content : null };
        };
        try {
          const updated = await store.update(principal.tenant, ref, change);
          if (!updated) throw new AppError('workflow_not_found', `Workflow '${ref}' not found`);
          return { workflow: await get(principal, ref), warnings };
        } catch (error) {
          // Somebody else has stored another content meanwhile: the change is made to that one.
          if (!(error instanceof ChangedMeanwhile)) throw error;
        }
      }
    },
  };
}

/** Undoes an update of a content that has not been examined. */
class ChangedMeanwhile extends Error {}

/** The content of a stored workflow after an update, and whether that is another one. */
function contentAfter(stored: StoredWorkflow, body: WorkflowUpdate): { content: RevisionContent; changed: boolean } {
  const content = contentOf(
    body.version ?? stored.version,
    body.definition ?? stored.definition,
    body.param_schema === undefined ? stored.paramSchema : body.param_schema,
    body.out_schema === undefined ? stored.outSchema : body.out_schema,
  );
  return { content, changed: content.hash !== stored.hash || content.version !== stored.version };
}

function newContent({ version, definition, param_schema = null, out_schema = null }: WorkflowCreate): RevisionContent {
  return contentOf(version, definition, param_schema, out_schema);
}

/** What tells one state of a workflow from another: any change of it makes another (RFC 9110, ETag). */
export function entityTag({ revision, updated }: Pick<StoredWorkflow, 'revision' | 'updated'>): string {
  return `"${revision}-${updated.getTime().toString(36)}"`;
}

function selfOf(ref: string, paramSchema: JsonObject | null): Beside {
  return { ref, paramSchema, runs: 'workflow' };
}

function sameFields(a: StoredWorkflow, b: StoredWorkflow): boolean {
  const shown = ({ label, description, tags, enabled }: StoredWorkflow) =>
    JSON.stringify([label, description, tags, enabled]);
  return shown(a) === shown(b);
}

async function packId(store: DefinitionStore, principal: Principal, ref: string): Promise<number> {
  const id = await store.findPack(principal.tenant, ref);
  if (id === null) throw new AppError('pack_not_found', `Pack '${ref}' not found`);
  return id;
}

function contentOf(
  version: string,
  definition: Definition,
  paramSchema: JsonObject | null,
  outSchema: JsonObject | null,
): RevisionContent {
  // Zod's optional fields may be present as undefined in the type only: what was parsed came from JSON.
  const hashed = { definition, paramSchema, outSchema } as unknown as Json;
  return { version, definition, paramSchema, outSchema, hash: sha256Hex(canonicalJson(hashed)) };
}

function refMismatch({ ref, pack_ref }: { ref: string; pack_ref: string }): Issue[] {
  if (ref.startsWith(`${pack_ref}.`)) return [];
  const message = `must begin with "${pack_ref}.", the pack's own ref`;
  return [{ code: 'ref_mismatch', path: '/ref', message }];
}

/** Whether a body is a definition by itself, as the documentation writes one, and not a workflow that has one. */
function isBareDefinition(body: unknown): body is object {
  return typeof body === 'object' && body !== null && 'tasks' in body && !('definition' in body) && !('ref' in body);
}

/** Issues as they stand in a definition that is the whole body. */
function withoutPrefix(issues: readonly Issue[]): Issue[] {
  return issues.map((issue) => ({ ...issue, path: issue.path.replace(/^\/definition/, '') }));
}
