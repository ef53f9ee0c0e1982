import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KnownAction } from '../../language/checks/actions.ts';
import { validateDefinition } from '../../language/validate.ts';
import { BUILTIN_ACTIONS } from '../../model/builtin-actions.ts';
import { DefinitionSchema, parseDefinition, TaskSchema } from '../../model/definition.ts';
import type { Json } from '../../model/json.ts';
import { KNOWN_ACTIONS } from '../../service/actions/actions.ts';
import { rehearse } from '../interpreter/rehearse.ts';

/** Workflows that the examples name; here each gives null. */
const WORKFLOWS = { 'team.greet': { tasks: [{ name: 'a', action: 'core.noop' }] } };
const ACTIONS: ReadonlyMap<string, KnownAction> = new Map([
  ...KNOWN_ACTIONS,
  ...Object.keys(WORKFLOWS).map((ref): [string, KnownAction] => [ref, { runs: 'workflow', param_schema: null }]),
]);

/** The definitions of a page, each with what it gives: the JSON that follows it. */
function examplesOf(page: string): { name: string; definition: Json; output: Json }[] {
  const text = readFileSync(page, 'utf8');
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block]) => JSON.parse(block!) as Json);
  expect(blocks.length).toBeGreaterThan(10);
  return Array.from({ length: blocks.length / 2 }, (_, index) => ({
    name: `${page}, example ${index + 1}`,
    definition: blocks[index * 2]!,
    output: blocks[index * 2 + 1]!,
  }));
}

const examples = ['docs/language.md', 'docs/coming-from.md'].flatMap(examplesOf);

describe('the examples of the pages', () => {
  it.each(examples)('$name gives what the page says', ({ definition, output }) => {
    const parsed = parseDefinition(definition, '/definition');
    if (!('definition' in parsed)) throw new Error(JSON.stringify(parsed.issues));
    expect(validateDefinition(parsed.definition, null, ACTIONS)).toEqual({ issues: [], warnings: [] });
    expect(rehearse({ definition: parsed.definition, workflows: WORKFLOWS }).close?.output).toEqual(output);
  });
});

it('docs/language.md names every field of the language, and every action that is made', () => {
  const page = readFileSync('docs/language.md', 'utf8');
  for (const field of [...Object.keys(DefinitionSchema.shape), ...Object.keys(TaskSchema.shape)]) {
    expect(page).toContain(`\`${field}\``);
  }
  for (const { ref, runs } of BUILTIN_ACTIONS) if (runs !== 'worker') expect(page).toContain(`\`${ref}\``);
});
