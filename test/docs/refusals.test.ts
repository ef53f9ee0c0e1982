import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KnownAction } from '../../language/checks/actions.ts';
import { validateDefinition } from '../../language/validate.ts';
import { parseDefinition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { jsonSchemaIssues } from '../../model/json-schema.ts';
import { parseYaml } from '../../model/yaml.ts';
import { Ambiguities } from '../../model/yaml-ambiguity.ts';
import { KNOWN_ACTIONS } from '../../service/actions/actions.ts';

/** Actions that the examples name and that are not built in. */
const ACTIONS: ReadonlyMap<string, KnownAction> = new Map([
  ...KNOWN_ACTIONS,
  ['team.greet', { runs: 'workflow', param_schema: null }],
]);

const page = readFileSync('docs/refusals.md', 'utf8');
const [refusals, warnings] = page.split('## Warnings').map((part) =>
  part.split('\n### ').flatMap((section) => {
    const code = /^`(\w+)`/.exec(section)?.[1];
    if (code === undefined) return [];
    return [
      {
        code,
        examples: [...section.matchAll(/```(json|yaml)\n(.*?)\n```/gs)].map(([, kind, text]) =>
          kind === 'json' ? { value: JSON.parse(text!) as Json, warnings: [] } : readYaml(text!),
        ),
      },
    ];
  }),
) as [Section[], Section[]];

interface Section {
  code: string;
  examples: Example[];
}

/** A definition, with the warnings about how it is written. */
interface Example {
  value: Json;
  warnings: Issue[];
}

function readYaml(text: string): Example {
  const ambiguities = new Ambiguities();
  return { value: parseYaml(text, undefined, ambiguities), warnings: ambiguities.warnings() };
}

/** The codes of a definition, or of a body with a definition and its schemas. */
function codesOf({ value: example, warnings: written }: Example): { issues: string[]; warnings: string[] } {
  const body = isJsonObject(example) && 'definition' in example ? example : { definition: example };
  const { definition, param_schema: schema = null } = body as { definition: Json; param_schema?: JsonObject | null };
  const codes = (issues: Issue[]) => [...new Set(issues.map(({ code }) => code))];
  const schemaIssues = schema === null ? [] : jsonSchemaIssues(schema, '/param_schema', 'object');
  const parsed = parseDefinition(definition, '/definition');
  if ('issues' in parsed) return { issues: codes([...schemaIssues, ...parsed.issues]), warnings: [] };
  const found = validateDefinition(parsed.definition, schema, ACTIONS);
  return { issues: codes([...schemaIssues, ...found.issues]), warnings: codes([...found.warnings, ...written]) };
}

/** Codes whose examples are too large, or need more than a definition, are tested elsewhere. */
const WITHOUT_EXAMPLE = ['too_deep', 'too_large', 'more_issues', 'ref_mismatch'];

describe('docs/refusals.md', () => {
  it.each(refusals)('$code is refused, and its right example is not', ({ code, examples }) => {
    const [wrong, right] = examples;
    if (wrong === undefined || right === undefined) {
      expect(WITHOUT_EXAMPLE).toContain(code);
      return;
    }
    expect(codesOf(wrong).issues).toEqual([code]);
    expect(codesOf(right).issues).toEqual([]);
  });

  it.each(warnings)('$code is a warning, and its right example earns none', ({ code, examples }) => {
    const [wrong, right] = examples;
    expect(codesOf(wrong!)).toEqual({ issues: [], warnings: [code] });
    expect(codesOf(right!)).toEqual({ issues: [], warnings: [] });
  });

  it('has every code that the checks of a definition can give', () => {
    const folder = readdirSync('language', { recursive: true, encoding: 'utf8' })
      // docs/rules.md has the codes of rules.
      .filter((file) => file.endsWith('.ts') && !file.startsWith('rules/'))
      .map((file) => `language/${file}`);
    const model = ['definition', 'http-input', 'inquiry', 'issue', 'json-schema', 'yaml-ambiguity', 'zod-issues'].map(
      (name) => `model/${name}.ts`,
    );
    const service = ['definitions/examination', 'definitions/examiner', 'actions/custom-actions'].map(
      (name) => `service/${name}.ts`,
    );
    const sources = [...folder, ...model, ...service];
    const text = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
    const used = [...text.matchAll(/(?:code: |issue\()'(\w+)'/g)].map(([, code]) => code!);
    // These codes of schemas and of zod are replaced by others before anybody sees them.
    const own = used.filter((code) => !['schema_mismatch', 'custom'].includes(code));
    const told = new Set([...refusals, ...warnings].map(({ code }) => code));
    expect(own.filter((code) => !told.has(code))).toEqual([]);
    expect(own.length).toBeGreaterThan(20);
  });
});
