import { compileDefinition } from '../../language/definition-compiler.ts';
import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import { type Definition, parseDefinition } from '../../model/definition.ts';
import { andMore, capIssues, type Issue, jsonPointer, Suggestions } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { EmbeddedWorkflow } from '../../model/run-input.ts';
import { SMALL_DEFINITION } from './examination.ts';
import type { DefinitionJobs } from './jobs.ts';

/** The number of verdicts about definitions that are remembered, by the hash of their content. */
const MAX_VERDICTS = 1_000;

/** A stored definition and the hash of its content. */
type Hashed = Pick<EmbeddedWorkflow, 'hash' | 'definition'>;

/**
 * Refuses stored definitions with a field that is no longer known, or a template that is no longer valid. `self` is the definition to
 * start (null: it is not stored, and was examined), `reached` are those that its run can reach, by ref. Throws `definition_outdated`,
 * and `busy` or `work_exceeded` as the pool does.
 */
export type DefinitionGuard = (tenant: string, self: Hashed | null, reached: Record<string, Hashed>) => Promise<void>;

/** Finds why a stored definition can no longer be read; pointers are below `/definition`. Pure. */
export function findOutdated(definition: Definition): Issue[] {
  const parsed = parseDefinition(definition, '/definition');
  if ('issues' in parsed) return capIssues(parsed.issues);
  // With warnings, templates are examined as when they are written: their arguments, and what has no variables.
  return capIssues(compileDefinition(parsed.definition, true, new Suggestions(), []).issues);
}

/** Creates the guard, which remembers its verdicts and reads large definitions in the pool. */
export function createDefinitionGuard(pool: Pick<JobPool<DefinitionJobs>, 'run'>): DefinitionGuard {
  const verdicts = new BoundedMap<string, Issue[]>(MAX_VERDICTS);

  async function verdictOn(tenant: string, { hash, definition }: Hashed): Promise<Issue[]> {
    const known = hash === null ? undefined : verdicts.get(hash);
    if (known !== undefined) return known;
    const isSmall = JSON.stringify(definition).length <= SMALL_DEFINITION;
    const found = isSmall ? findOutdated(definition) : await pool.run('find_outdated', tenant, { definition });
    if (hash !== null) verdicts.set(hash, found);
    return found;
  }

  return async (tenant, self, reached) => {
    const all: [name: string, base: string, workflow: Hashed][] = [
      ...(self === null ? [] : [['the stored definition', '', self] as [string, string, Hashed]]),
      ...Object.entries(reached).map(([ref, workflow]): [string, string, Hashed] => [
        `the stored definition of "${ref}"`,
        jsonPointer(['workflows', ref]),
        workflow,
      ]),
    ];
    for (const [name, base, workflow] of all) {
      const found = await verdictOn(tenant, workflow);
      const [first] = found;
      if (first === undefined) continue;
      const message = `${name} can no longer be run: ${first.path} ${first.message}${andMore(found)}`;
      const issues = found.map((issue) => ({ ...issue, path: base + issue.path }));
      throw new AppError('definition_outdated', message, { issues });
    }
  };
}
