import type { Definition } from '../../model/definition.ts';
import type { WorkflowCreate, WorkflowUpdate } from '../../model/definition-requests.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
import type { RevisionContent, StoredWorkflow, WorkflowFields } from '../../store/definitions/definitions.ts';
import { sha256Hex } from '../access/hash.ts';

/** Returns the content of a stored workflow after an update, and whether it differs: only then may issues of it refuse the update. */
export function contentAfter(
  stored: StoredWorkflow,
  body: WorkflowUpdate,
): { content: RevisionContent; changed: boolean } {
  const content = contentOf(
    body.version ?? stored.version,
    body.definition ?? stored.definition,
    body.param_schema === undefined ? stored.paramSchema : body.param_schema,
    body.out_schema === undefined ? stored.outSchema : body.out_schema,
  );
  return { content, changed: content.hash !== stored.hash || content.version !== stored.version };
}

/** Returns the fields of a stored workflow after an update. */
export function fieldsAfter(
  stored: StoredWorkflow,
  { label, description, tags, enabled }: WorkflowUpdate,
): WorkflowFields {
  return {
    label: label ?? stored.label,
    description: description === undefined ? stored.description : description,
    tags: tags ?? stored.tags,
    enabled: enabled ?? stored.enabled,
  };
}

/** Returns the content of a new workflow. */
export function newContent({
  version,
  definition,
  param_schema = null,
  out_schema = null,
}: WorkflowCreate): RevisionContent {
  return contentOf(version, definition, param_schema, out_schema);
}

/** Reports whether two states of a workflow have the same fields. */
export function sameFields(a: StoredWorkflow, b: StoredWorkflow): boolean {
  const shown = ({ label, description, tags, enabled }: StoredWorkflow) =>
    JSON.stringify([label, description, tags, enabled]);
  return shown(a) === shown(b);
}

function contentOf(
  version: string,
  definition: Definition,
  paramSchema: JsonObject | null,
  outSchema: JsonObject | null,
): RevisionContent {
  // Only the type allows undefined fields: the content was parsed from JSON.
  const hashed = { definition, paramSchema, outSchema } as unknown as Json;
  return { version, definition, paramSchema, outSchema, hash: sha256Hex(canonicalJson(hashed)) };
}

/** Returns the entity tag of a workflow, which any change of it changes (RFC 9110, ETag). */
export function entityTag({ revision, updated }: Pick<StoredWorkflow, 'revision' | 'updated'>): string {
  return `"${revision}-${updated.getTime().toString(36)}"`;
}
