import type { ShownWorkflow } from '../../client/shapes.ts';

/** The schemas of a workflow: what it takes and gives. */
type Schemas = Pick<ShownWorkflow, 'param_schema' | 'out_schema'>;

/** Returns a workflow as a text that can be checked: its schemas, if it has them, and its definition, which is YAML. */
export function writeWorkflow(schemas: Schemas, definition: string): string {
  const written = writeSchemas(schemas).map((schema) => `${indent(schema)}\n`);
  return `${written.join('')}definition:\n  ${indent(definition)}\n`;
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

function indent(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n  ');
}
