import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { validateDefinition } from '../../language/validate.ts';
import { BUILTIN_ACTIONS } from '../../model/builtin-actions.ts';
import { DefinitionSchema, parseDefinition, TaskSchema } from '../../model/definition.ts';
import { KNOWN_ACTIONS } from '../../service/actions.ts';
import { rehearse } from '../interpreter/rehearse.ts';

const page = await readFile('docs/language.md', 'utf8');
const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text!));

it('every example of docs/language.md gives what the page says', () => {
  expect(blocks.length).toBeGreaterThan(2);
  for (let index = 0; index < blocks.length; index += 2) {
    const parsed = parseDefinition(blocks[index], '/definition');
    if (!('definition' in parsed)) throw new Error(JSON.stringify(parsed.issues));
    expect(validateDefinition(parsed.definition, null, KNOWN_ACTIONS)).toEqual({ issues: [], warnings: [] });
    expect(rehearse({ definition: parsed.definition }).close?.output).toEqual(blocks[index + 1]);
  }
});

it('names every field of the language, and every action that is made', () => {
  for (const field of [...Object.keys(DefinitionSchema.shape), ...Object.keys(TaskSchema.shape)]) {
    expect(page).toContain(`\`${field}\``);
  }
  for (const { ref, runs } of BUILTIN_ACTIONS) if (runs !== 'worker') expect(page).toContain(`\`${ref}\``);
});
