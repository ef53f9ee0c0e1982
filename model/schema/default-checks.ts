import { WorkExceeded, WorkMeter } from '../work.ts';
import { DefaultsTooLarge, Filler } from './defaults.ts';
import type { SchemaNode } from './node.ts';
import { ValuePlace } from './place.ts';
import { Walk } from './walk.ts';

/** The limit of the work of checking all defaults of a schema, in units. */
const DEFAULTS_WORK = 200_000;

/** Finds the defaults that do not match the schema that they stand in, once the defaults inside them are filled in. */
export function defaultProblems(
  compiled: readonly { node: SchemaNode; path: string }[],
  tracks: boolean,
): { path: string; message: string }[] {
  const meter = new WorkMeter(DEFAULTS_WORK);
  return compiled.flatMap(({ node, path }) => {
    const found = node.parts?.default;
    if (found === undefined) return [];
    const problem = (message: string) => [{ path: `${path}/default`, message }];
    try {
      const walk = new Walk(meter, tracks);
      if (walk.visit(node, new Filler(meter).fill(node, found.value), ValuePlace.root(''), null)) return [];
      const [issue] = walk.issues;
      const { path: at, message } = issue!;
      return problem(`does not match its own schema${at === '' ? '' : ` at ${at}`}: ${message}`);
    } catch (error) {
      if (error instanceof DefaultsTooLarge) return problem(error.message);
      if (!(error instanceof WorkExceeded)) throw error;
      return problem('takes more work to fill in than is allowed: it may be filled in inside itself');
    }
  });
}

/** Finds the schemas whose defaults can be filled in: those of properties that a value may lack. */
export function usedDefaults(root: SchemaNode): ReadonlySet<SchemaNode> {
  const used = new Set<SchemaNode>();
  const seen = new Set<SchemaNode>();
  const visit = (node: SchemaNode, mayLack: boolean): void => {
    if (node.parts === null || (mayLack ? used : seen).has(node)) return;
    (mayLack ? used : seen).add(node);
    const { reference, schemas } = node.parts;
    const { list, map, one, patterns } = schemas;
    if (reference?.target) visit(reference.target.node, mayLack);
    for (const part of list('allOf')) visit(part, mayLack);
    for (const part of map('properties').values()) visit(part, true);
    const others = [...map('dependentSchemas').values(), ...patterns.map(([, part]) => part), ...list('prefixItems')];
    for (const part of [...others, one('items'), one('additionalProperties')]) if (part !== null) visit(part, false);
  };
  visit(root, false);
  return used;
}
