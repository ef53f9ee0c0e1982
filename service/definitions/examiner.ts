import type { KnownAction } from '../../language/checks/actions.ts';
import type { Validation } from '../../language/validate.ts';
import type { Definition } from '../../model/definition.ts';
import {
  type DefinitionAlone,
  DefinitionAloneSchema,
  type WorkflowCreate,
  WorkflowCreateSchema,
  type WorkflowUpdate,
  WorkflowUpdateSchema,
} from '../../model/definition-requests.ts';
import { capIssues, fillsAnswer, type Issue } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { JsonObject } from '../../model/json.ts';
import { refMismatch } from '../../model/pack-issues.ts';
import type { Principal } from '../../model/principal.ts';
import { convertIssues } from '../../model/zod-issues.ts';
import type { ActionStore } from '../../store/definitions/actions.ts';
import type { DefinitionStore, RevisionContent, StoredWorkflow } from '../../store/definitions/definitions.ts';
import { contentAfter } from './contents.ts';
import { examineDefinition, isSmallExamination, SMALL_DEFINITION } from './examination.ts';
import type { DefinitionJobs } from './jobs.ts';
import { completedDefinition, issuesOfPartialBody, type PartialContent, type UnstoredPart } from './partial-bodies.ts';
import { listStoredRefs } from './sub-workflows.ts';

/** A caller, of whom only the tenant matters. */
type Tenanted = Pick<Principal, 'tenant'>;

/** The parts of a workflow that are examined; with gaps, only what is certain in spite of them. */
type ExaminedParts = Pick<RevisionContent, 'definition' | 'paramSchema' | 'outSchema'> &
  Partial<Pick<PartialContent, 'gaps'>>;

/** Finds what is wrong with definitions. Stores nothing. */
export interface DefinitionExaminer {
  /** Finds all issues and warnings of a definition with its schemas; it may name `unstored` parts. */
  examine(principal: Tenanted, content: ExaminedParts, unstored: readonly UnstoredPart[]): Promise<Validation>;
  /**
   * Finds all issues and warnings of a body of `create`, of a definition with its schemas, or of a definition alone: `new` has a body of
   * `create` alone. With a stored workflow the body is one of `update`, or the definition alone, and issues of a content that it leaves as
   * it is are warnings: `update` does not examine it.
   */
  validate(principal: Tenanted, body: unknown, target?: StoredWorkflow | 'new'): Promise<Validation>;
  /**
   * Finds what is wrong with the meaning of a workflow, or of each workflow of a pack, in a body whose shape is wrong: only
   * issues that hold whatever the malformed parts were meant to be. `isNew`: a workflow that is not stored yet, which its own
   * definition may name.
   */
  meaningIssues(principal: Tenanted, body: unknown, options?: { isNew?: boolean }): Promise<Issue[]>;
}

/** The dependencies of the examiner. */
export interface ExaminerDependencies {
  store: Pick<DefinitionStore, 'findAll'>;
  actions: Pick<ActionStore, 'findAll'>;
  /** Examines definitions that are not small. */
  pool: JobPool<DefinitionJobs>;
  /** Returns warnings about channels that inquiries of a definition use and that the tenant has not set up. */
  deliveryWarnings?: (tenant: string, definition: Definition) => Promise<Issue[]>;
}

/** Creates the examiner. */
export function createDefinitionExaminer({
  store,
  actions: actionStore,
  pool,
  deliveryWarnings = async () => [],
}: ExaminerDependencies): DefinitionExaminer {
  /** Finds the stored actions and the workflows that a definition names. */
  async function actionsFor(
    principal: Tenanted,
    definition: Definition,
    unstored: readonly UnstoredPart[],
  ): Promise<Record<string, KnownAction>> {
    const { on_failure: hook } = definition;
    const refs = [...listStoredRefs(definition), ...(hook === undefined ? [] : [hook])];
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
      ...unstored.map(({ ref, paramSchema, runs }) => known(runs, ref, paramSchema)),
    ];
    return Object.fromEntries(candidates);
  }

  async function examine(
    principal: Tenanted,
    { definition, paramSchema, outSchema, gaps = null }: ExaminedParts,
    unstored: readonly UnstoredPart[],
  ): Promise<Validation> {
    const actions = await actionsFor(principal, definition, unstored);
    const request = { definition, paramSchema, outSchema, actions, gaps };
    return isSmallExamination(request) ? examineDefinition(request) : pool.run('examine', principal.tenant, request);
  }

  function meaningIssues(principal: Tenanted, body: unknown, { isNew = false } = {}): Promise<Issue[]> {
    return issuesOfPartialBody(body, {
      isNew,
      async complete(value) {
        if (JSON.stringify(value).length <= SMALL_DEFINITION) return completedDefinition(value);
        return pool.run('complete', principal.tenant, { value });
      },
      examine: async (content, unstored) => (await examine(principal, content, unstored)).issues,
    });
  }

  async function validate(principal: Tenanted, body: unknown, target?: StoredWorkflow | 'new'): Promise<Validation> {
    if (target !== 'new' && isBareDefinition(body)) {
      const { issues, warnings } = await validate(principal, { definition: body }, target);
      return { issues: withoutPrefix(issues), warnings: withoutPrefix(warnings) };
    }
    const { stored, isNew, schema } = expectationOf(body, target);
    const parsed = schema.safeParse(body);
    if (!parsed.success) {
      const issues = convertIssues(parsed.error, schema, body);
      const more = fillsAnswer(issues) ? [] : await meaningIssues(principal, body, { isNew });
      return { issues: capIssues([...issues, ...more]), warnings: [] };
    }
    const { content, changed, ref, mismatch } =
      stored === undefined
        ? partsOf(parsed.data as WorkflowCreate | DefinitionAlone)
        : { ...contentAfter(stored, parsed.data as WorkflowUpdate), ref: stored.ref, mismatch: [] };
    const self = ref === null ? [] : [createUnstoredPart(ref, content.paramSchema)];
    const { issues, warnings } = await examine(principal, content, self);
    const unset = await deliveryWarnings(principal.tenant, content.definition);
    if (!changed) return { issues: [], warnings: capIssues([...issues, ...warnings, ...unset]) };
    return { issues: capIssues([...mismatch, ...issues]), warnings: capIssues([...warnings, ...unset]) };
  }

  return { examine, meaningIssues, validate };
}

/** Returns the shape that a body should have, and the workflow that it changes. */
function expectationOf(body: unknown, target: StoredWorkflow | 'new' | undefined) {
  if (target !== undefined && target !== 'new') return { stored: target, isNew: false, schema: WorkflowUpdateSchema };
  const isNew = target === 'new' || !isDefinitionAlone(body);
  return { stored: undefined, isNew, schema: isNew ? WorkflowCreateSchema : DefinitionAloneSchema };
}

/** Returns what is examined of a workflow, or of a definition with its schemas, which has no ref. */
function partsOf(body: WorkflowCreate | DefinitionAlone): {
  content: ExaminedParts;
  changed: boolean;
  ref: string | null;
  mismatch: Issue[];
} {
  const { definition, param_schema: paramSchema = null, out_schema: outSchema = null } = body;
  const parts = { content: { definition, paramSchema, outSchema }, changed: true };
  return 'ref' in body
    ? { ...parts, ref: body.ref, mismatch: refMismatch(body) }
    : { ...parts, ref: null, mismatch: [] };
}

/** Returns a workflow as one that its own definition may name before it is stored. */
export function createUnstoredPart(ref: string, paramSchema: JsonObject | null): UnstoredPart {
  return { ref, paramSchema, runs: 'workflow' };
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
