import { AppError } from '../../model/app-error.ts';
import type { WorkflowCreate, WorkflowUpdate } from '../../model/definition-requests.ts';
import type { Issue } from '../../model/issue.ts';
import { refMismatch } from '../../model/pack-issues.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { DefinitionStore, RevisionContent, StoredWorkflow } from '../../store/definitions/definitions.ts';
import { contentAfter, entityTag, fieldsAfter, newContent, sameFields } from './contents.ts';
import { createUnstoredPart, type DefinitionExaminer } from './examiner.ts';
import type { UnstoredPart } from './partial-bodies.ts';
import { type DefinitionReader, demandPackId } from './reader.ts';

/** A workflow that was just stored, with warnings about it. */
export interface WrittenWorkflow {
  workflow: StoredWorkflow;
  warnings: Issue[];
}

/** The result of an examination without issues: the hash of the content, and warnings. */
export interface ExaminedContent {
  hash: string;
  warnings: Issue[];
}

/** Stores workflow definitions and their revisions. */
export interface DefinitionWriter {
  /**
   * Stores a new workflow; examines it unless `before` is the result of an examination. Throws `definition_invalid`, `request_invalid`,
   * `pack_not_found`, `workflow_exists`.
   */
  create(principal: Principal, body: WorkflowCreate, before?: ExaminedContent): Promise<WrittenWorkflow>;
  /** Examines what `apply` would store; `unstored` may be named by it although they are not stored yet. */
  examineForApply(
    principal: Principal,
    body: WorkflowCreate,
    unstored: readonly UnstoredPart[],
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

/** The dependencies of the writer. */
export interface DefinitionWriterDependencies {
  store: DefinitionStore;
  reader: Pick<DefinitionReader, 'get' | 'isAction'>;
  examiner: Pick<DefinitionExaminer, 'examine'>;
}

/** Creates the writer. */
export function createDefinitionWriter({ store, reader, examiner }: DefinitionWriterDependencies): DefinitionWriter {
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
    const { issues, warnings } = await examiner.examine(principal, content, [
      createUnstoredPart(ref, content.paramSchema),
    ]);
    if (issues.length > 0) throw refusal('definition_invalid', issues);
    return warnings;
  }

  return {
    async create(principal, body, before) {
      const mismatch = refMismatch(body);
      if (mismatch.length > 0) throw refusal('request_invalid', mismatch);
      const content = newContent(body);
      const warnings = await check(principal, body.ref, content, before);
      const pack = await demandPackId(store, principal, body.pack_ref);
      if (await reader.isAction(principal, body.ref)) {
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
      return { workflow: await reader.get(principal, body.ref), warnings };
    },

    async examineForApply(principal, body, unstored) {
      const { ref, pack_ref: _, ...fields } = body;
      const stored = await store.find(principal.tenant, ref);
      const content = stored === null ? newContent(body) : contentAfter(stored, fields).content;
      const { issues, warnings } = await examiner.examine(principal, content, unstored);
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

    async update(principal, ref, body, { tag, before } = {}) {
      for (;;) {
        const examined = contentAfter(await reader.get(principal, ref), body);
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
          return { workflow: await reader.get(principal, ref), warnings };
        } catch (error) {
          // Somebody else has stored other content meanwhile: apply the update to that.
          if (!(error instanceof ChangedMeanwhile)) throw error;
        }
      }
    },
  };
}

/** Rolls back an update whose content was not examined. */
class ChangedMeanwhile extends Error {}
