import type { ShownWorkflow } from '../../../client/shapes.ts';

/** The schemas of a workflow: what it takes and gives. */
type Schemas = Pick<ShownWorkflow, 'param_schema' | 'out_schema'>;

/** The parts of a workflow that an update may change. */
type Written = Schemas & Pick<ShownWorkflow, 'label' | 'description' | 'version' | 'tags' | 'enabled'>;

/**
 * Returns a workflow as a text that can be checked and stored again: everything that an update may change, if it is there, and the definition,
 * which is YAML.
 */
export function writeWorkflow(workflow: Written, definition: string): string {
  const { label, description, version, tags, enabled } = workflow;
  const fields = {
    label,
    version,
    ...(description === null ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(enabled ? {} : { enabled }),
  };
  // JSON in one line is YAML.
  const written = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  const schemas = writeSchemas(workflow).map((schema) => `${indent(schema)}\n`);
  return `${[...written, ...schemas].join('')}definition:\n  ${indent(definition)}\n`;
}

/** Returns a text that was checked as the body of an update: a definition alone becomes the only field of one. */
export function writeUpdate(text: string): string {
  return isDefinitionAlone(text) ? `definition:\n  ${indent(text.replace(DOCUMENT_START, '$1'))}\n` : text;
}

/** The marker with which a document of YAML may begin, and the comments before it: within a value it would be a part of that. */
const DOCUMENT_START = /^((?:[ \t]*(?:#.*)?\r?\n)*)---(?=[ \t]*(?:#.*)?\r?\n)/;

/** Reports whether a text, which is YAML or JSON, is a definition and not a workflow that has one. */
function isDefinitionAlone(text: string): boolean {
  const json = readJson(text);
  const has = (field: string) =>
    json === undefined ? new RegExp(`^(["']?)${field}\\1[ \\t]*:`, 'm').test(text) : Object.hasOwn(Object(json), field);
  return has('tasks') && !has('definition');
}

/** Returns what a text says as JSON; undefined for any other text. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the text of a workflow that does something, to begin a new one with. */
export function writeNewWorkflow(pack: string): string {
  return `ref: ${pack}.new_workflow
pack_ref: ${pack}
label: New workflow
version: 1.0.0
param_schema:
  type: object
  properties:
    name: { type: string, default: world }
definition:
  tasks:
    - name: greet
      action: core.log
      input:
        message: 'Hello, {{ name }}'
`;
}

/** Returns a revision as a text that can be compared with another one: its definition, which is YAML, and its schemas, if it has them. */
export function writeRevision(schemas: Schemas, definition: string): string {
  return [definition, ...writeSchemas(schemas).map((schema) => `${schema}\n`)].join('');
}

function writeSchemas({ param_schema, out_schema }: Schemas): string[] {
  return Object.entries({ param_schema, out_schema })
    .filter(([, schema]) => schema !== null)
    .map(([name, schema]) => `${name}: ${JSON.stringify(schema, null, 2)}`);
}

/**
 * Indents the lines of a text after the first one, without its last line end. Nothing else is taken away, and empty lines stay empty: at the end
 * of a block of YAML they belong to its value.
 */
function indent(text: string): string {
  return text.replace(/\n$/, '').replaceAll(/\n(?!\n|$)/g, '\n  ');
}
