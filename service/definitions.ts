import { type KnownAction, type Validation, validateDefinition } from '../language/validate.ts';
import { AppError } from '../model/app-error.ts';
import type { Definition } from '../model/definition.ts';
import { didYouMean, type Issue } from '../model/issue.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { jsonSchemaIssues } from '../model/json-schema.ts';
import type { Principal } from '../model/principal.ts';
import {
  DefinitionAloneSchema,
  MAX_ROW_ID,
  type WorkflowCreate,
  WorkflowCreateSchema,
  type WorkflowUpdate,
} from '../model/requests.ts';
import { issuesOf } from '../model/zod-issues.ts';
import type { ActionStore } from '../store/actions.ts';
import type {
  DefinitionStore,
  RevisionContent,
  RevisionInfo,
  StoredWorkflow,
  WorkflowFilter,
} from '../store/definitions.ts';
import { KNOWN_ACTIONS } from './actions.ts';
import { sha256Hex } from './hash.ts';
import { refusal } from './inputs.ts';
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

/** Largest definition with its schemas, in characters of JSON. */
const MAX_DEFINITION = 1_048_576;

/** Use cases around workflow definitions; each is scoped by the caller's tenant. */
export type DefinitionService = ReturnType<typeof createDefinitionService>;

/** Makes the service over a store. */
export function createDefinitionService(store: DefinitionStore, actionStore: ActionStore) {
  async function get(
    principal: Principal,
    ref: string,
    pick: { version?: string | undefined; revision?: number | undefined } = {},
  ): Promise<StoredWorkflow> {
    const found = await store.find(principal.tenant, ref, pick);
    if (found !== null) return found;
    const { version, revision } = pick;
    if (version === undefined && revision === undefined) {
      throw new AppError('workflow_not_found', `Workflow '${ref}' not found`);
    }
    throw new AppError('workflow_not_found', `Workflow '${ref}' has no ${version ?? `revision ${revision}`}`);
  }

  /** The actions that a definition may name: those that are built in or stored, and the workflows that there are. */
  async function actionsFor(
    principal: Principal,
    definition: Definition,
    besides: readonly Beside[],
  ): Promise<ReadonlyMap<string, KnownAction>> {
    const { on_failure: hook } = definition;
    const refs = [...storedRefsOf(definition), ...(hook === undefined ? [] : [hook])];
    if (refs.length === 0) return KNOWN_ACTIONS;
    const workflows = await store.findAll(principal.tenant, refs);
    const actions = await actionStore.findAll(principal.tenant, refs);
    const known = (runs: 'workflow' | 'worker', ref: string, schema: JsonObject | null): [string, KnownAction] => [
      ref,
      { runs, param_schema: schema },
    ];
    return new Map([
      ...KNOWN_ACTIONS,
      ...workflows.map(({ ref, paramSchema }) => known('workflow', ref, paramSchema)),
      ...actions.map(({ ref, paramSchema }) => known('worker', ref, paramSchema)),
      ...besides.map(({ ref, paramSchema, runs }) => known(runs, ref, paramSchema)),
    ]);
  }

  return {
    get,

    /** A workflow by its integer id. Throws `workflow_not_found`. */
    async getById(principal: Principal, id: number): Promise<StoredWorkflow> {
      const found = id > MAX_ROW_ID ? null : await store.findById(principal.tenant, id);
      if (found === null) throw new AppError('workflow_not_found', `Workflow with ID ${id} not found`);
      return found;
    },

    /** What a run of a definition can reach. Throws `sub_workflow_invalid`. */
    async reach(principal: Principal, definition: Definition, self: StoredWorkflow | null): Promise<Reached> {
      return reachWorkflows(definition, self, async (refs) => ({
        workflows: await store.findAll(principal.tenant, refs),
        actions: await actionStore.findAll(principal.tenant, refs),
      }));
    },

    /** Whether a ref is an action, built in or stored. */
    async isAction(principal: Principal, ref: string): Promise<boolean> {
      return KNOWN_ACTIONS.has(ref) || (await actionStore.find(principal.tenant, ref)) !== null;
    },

    /** A page of workflows and how many there are. Throws `pack_not_found` for a pack in the path that is not there. */
    async list(principal: Principal, filter: WorkflowFilter, page: { offset: number; limit: number }) {
      return store.list(principal.tenant, filter, page);
    },

    /** Like `list`, of a pack that must exist. */
    async listOfPack(principal: Principal, packRef: string, page: { offset: number; limit: number }) {
      await packId(store, principal, packRef);
      return store.list(principal.tenant, { packRef }, page);
    },

    /**
     * Everything that is wrong with a body of `create`, or with a definition and its schemas alone, or doubtful. Stores
     * nothing.
     */
    async validate(principal: Principal, body: unknown): Promise<Validation> {
      const fields = typeof body === 'object' && body !== null ? Object.keys(body) : [];
      const alone = fields.every((field) => Object.hasOwn(DefinitionAloneSchema.shape, field));
      const schema = alone ? DefinitionAloneSchema : WorkflowCreateSchema;
      const parsed = schema.safeParse(body);
      if (!parsed.success) return { issues: issuesOf(parsed.error, schema, body), warnings: [] };
      const { definition, param_schema = null, out_schema = null } = parsed.data;
      const self = 'ref' in parsed.data ? [selfOf(String(parsed.data.ref), param_schema)] : [];
      const actions = await actionsFor(principal, definition, self);
      const { issues, warnings } = examine({ definition, paramSchema: param_schema, outSchema: out_schema }, actions);
      const mismatch = 'ref' in parsed.data ? refMismatch(parsed.data as WorkflowCreate) : [];
      return { issues: [...mismatch, ...issues], warnings };
    },

    /** Stores a new definition. Throws `definition_invalid`, `pack_not_found`, `workflow_exists`. */
    async create(
      principal: Principal,
      body: WorkflowCreate,
      besides: readonly Beside[] = [],
    ): Promise<WrittenWorkflow> {
      const mismatch = refMismatch(body);
      if (mismatch.length > 0) throw refusal('request_invalid', mismatch);
      const content = contentOf(body.version, body.definition, body.param_schema ?? null, body.out_schema ?? null);
      const { definition, paramSchema } = content;
      const warnings = check(
        content,
        await actionsFor(principal, definition, [...besides, selfOf(body.ref, paramSchema)]),
      );
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

    /** What is wrong with a workflow that is to be stored beside others which may not be there yet. */
    async examineBeside(principal: Principal, body: WorkflowCreate, besides: readonly Beside[]): Promise<Validation> {
      const { definition, param_schema = null, out_schema = null } = body;
      const actions = await actionsFor(principal, definition, besides);
      const { issues, warnings } = examine({ definition, paramSchema: param_schema, outSchema: out_schema }, actions);
      return { issues: [...refMismatch(body), ...issues], warnings };
    },

    /** Brings a workflow to what it is given as. Throws what `create` and `update` throw. */
    async apply(
      principal: Principal,
      body: WorkflowCreate,
      besides: readonly Beside[],
    ): Promise<{ ref: string; change: 'created' | 'updated' | 'unchanged'; revision: number; warnings: Issue[] }> {
      const { ref, pack_ref: _, ...fields } = body;
      const before = await store.find(principal.tenant, ref);
      if (before === null) {
        const { workflow, warnings } = await this.create(principal, body, besides);
        return { ref, change: 'created', revision: workflow.revision, warnings };
      }
      const { workflow, warnings } = await this.update(principal, ref, fields, { besides });
      const same = sameFields(before, workflow) && before.revision === workflow.revision;
      return { ref, change: same ? 'unchanged' : 'updated', revision: workflow.revision, warnings };
    },

    /** Deletes a workflow with its revisions, and not its runs. */
    async forget({ tenant }: Principal, id: number): Promise<void> {
      await store.remove(tenant, id);
    },

    /** The revisions of a workflow, newest first. Throws `workflow_not_found`. */
    async revisions(principal: Principal, ref: string): Promise<RevisionInfo[]> {
      const { id } = await get(principal, ref);
      return store.listRevisions(principal.tenant, id);
    },

    /**
     * Changes a definition; changed content is a new revision. With a tag, only what still has it. Throws
     * `definition_invalid`, `workflow_not_found`, `precondition_failed`.
     */
    async update(
      principal: Principal,
      ref: string,
      body: WorkflowUpdate,
      { tag, besides = [] }: { tag?: string | undefined; besides?: readonly Beside[] } = {},
    ): Promise<WrittenWorkflow> {
      let warnings: Issue[] = [];
      // Looked up before the row is locked: an embedded database has one connection.
      const before = await get(principal, ref);
      const paramSchema = body.param_schema === undefined ? before.paramSchema : body.param_schema;
      const actions = await actionsFor(principal, body.definition ?? before.definition, [
        ...besides,
        selfOf(ref, paramSchema),
      ]);
      const updated = await store.update(principal.tenant, ref, (stored) => {
        if (tag !== undefined && tag !== entityTag(stored)) {
          throw new AppError('precondition_failed', `Workflow '${ref}' has been changed meanwhile`);
        }
        const content = contentOf(
          body.version ?? stored.version,
          body.definition ?? stored.definition,
          body.param_schema === undefined ? stored.paramSchema : body.param_schema,
          body.out_schema === undefined ? stored.outSchema : body.out_schema,
        );
        const same = content.hash === stored.hash && content.version === stored.version;
        if (!same) warnings = check(content, actions);
        const fields = {
          label: body.label ?? stored.label,
          description: body.description === undefined ? stored.description : body.description,
          tags: body.tags ?? stored.tags,
          enabled: body.enabled ?? stored.enabled,
        };
        return { fields, content: same ? null : content };
      });
      if (!updated) throw new AppError('workflow_not_found', `Workflow '${ref}' not found`);
      return { workflow: await get(principal, ref), warnings };
    },
  };
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

/** Refuses what is wrong, all at once; gives what is only doubtful. */
function check(content: RevisionContent, actions: ReadonlyMap<string, KnownAction>): Issue[] {
  const { issues, warnings } = examine(content, actions);
  if (issues.length > 0) throw refusal('definition_invalid', issues);
  return warnings;
}

/** Everything that is wrong with a definition and its schemas, or doubtful. */
function examine(
  { definition, paramSchema, outSchema }: Omit<RevisionContent, 'version' | 'hash'>,
  actions: ReadonlyMap<string, KnownAction>,
): Validation {
  const size = JSON.stringify([definition, paramSchema, outSchema]).length;
  if (size > MAX_DEFINITION) {
    const message = `the definition has ${size} characters, more than ${MAX_DEFINITION}`;
    return { issues: [{ code: 'too_large', path: '/definition', message }], warnings: [] };
  }
  const schemaIssues = [
    ...(paramSchema === null ? [] : jsonSchemaIssues(paramSchema, '/param_schema', 'object')),
    ...(outSchema === null ? [] : jsonSchemaIssues(outSchema, '/out_schema', 'anything')),
    ...formSchemaIssues(definition),
  ];
  const { issues, warnings } = validateDefinition(definition, paramSchema, actions);
  return { issues: [...schemaIssues, ...issues], warnings };
}

/** The forms of questions to people, as far as no template makes them. */
function formSchemaIssues({ tasks }: Definition): Issue[] {
  return tasks.flatMap(({ action, input }, index) => {
    if (action !== 'core.inquiry' || input === undefined || !isJsonObject(input)) return [];
    const { response_schema: schema } = input;
    if (schema === undefined || !isJsonObject(schema) || JSON.stringify(schema).includes('{{')) return [];
    return jsonSchemaIssues(schema, `/definition/tasks/${index}/input/response_schema`, 'anything');
  });
}

function refMismatch({ ref, pack_ref }: { ref: string; pack_ref: string }): Issue[] {
  if (ref.startsWith(`${pack_ref}.`)) return [];
  const message = `must begin with "${pack_ref}.", the pack's own ref`;
  return [{ code: 'ref_mismatch', path: '/ref', message }];
}

/** Words for a ref that is neither a workflow nor an action. */
export function unknownRef(ref: string): AppError {
  return new AppError('workflow_not_found', `Workflow '${ref}' not found.${didYouMean(ref, KNOWN_ACTIONS.keys())}`);
}
