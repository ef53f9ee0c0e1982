import { dereference, type OutputUnit, type Schema, validate } from '@cfworker/json-schema';

/** Lists what is wrong with a value, by the schema of a name. */
type DocumentCheck = (name: string, value: unknown) => OutputUnit[];

/**
 * Makes a check of values by schemas that refer to those of an OpenAPI document. All are resolved at once: most refer to many others,
 * and resolving these takes longer than a check.
 */
export function createDocumentCheck(shared: Record<string, object>, own: Record<string, object>): DocumentCheck {
  const root: { $defs: Record<string, Schema> } = JSON.parse(
    JSON.stringify({ $defs: { ...shared, ...own } }).replaceAll('#/components/schemas/', '#/$defs/'),
  );
  const lookup = dereference(root);
  return (name, value) => validate(value, root.$defs[name]!, '2020-12', lookup, false).errors;
}
