import type { Command } from 'commander';
import type { Issue } from '../model/issue.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { CliError, EXIT } from './cli-error.ts';
import { readObject, readSource, writePack } from './files.ts';
import { table, textOf } from './output.ts';
import { issueLines, type Service } from './service.ts';
import type { Session } from './session.ts';

const BASE = '/api/v1/workflows';

/** The commands of definitions: apply, validate, simulate. */
export function addWorkflowCommands(program: Command, session: () => Promise<Session>): void {
  program
    .command('apply')
    .description('store workflows: from files, or a whole pack from its folder')
    .requiredOption(
      '-f, --file <path...>',
      'a workflow in JSON or YAML, or a folder with pack.yaml, actions/, workflows/',
    )
    .option('--dry-run', 'tell what would change, and change nothing')
    .option('--prune', 'of a folder: delete what its pack has beyond it, workflows with their runs')
    .action(
      async ({ file, dryRun: dry = false, prune = false }: { file: string[]; dryRun?: boolean; prune?: boolean }) => {
        const { service, output } = await session();
        const applied: JsonObject[] = [];
        for (const path of file) {
          const source = await readSource(path);
          applied.push(
            ...(source.kind === 'pack'
              ? await importPack(service, source.body, { dry, prune })
              : [await applyOne(service, source.content, dry)]),
          );
        }
        output.show(applied, () =>
          table(
            ['KIND', 'REF', 'CHANGE', 'REVISION'],
            applied.map(({ kind, ref, change, revision }) => [kind, ref, change, revision].map(textOf)),
          ),
        );
      },
    );

  program
    .command('pack')
    .description('write a pack as the folder that apply takes: pack.yaml, actions/, workflows/')
    .argument('<ref>')
    .requiredOption('-o, --output <folder>', 'a folder; files of the same names are replaced')
    .action(async (ref: string, { output: folder }: { output: string }) => {
      const { service, output } = await session();
      const { data } = await service.ask('GET', `/api/v1/packs/${encodeURIComponent(ref)}/export`);
      const written = await writePack(folder, data as JsonObject);
      output.show(written, () => written);
    });

  program
    .command('validate')
    .description('tell everything that is wrong or doubtful with a workflow; nothing is stored')
    .requiredOption('-f, --file <file>', 'a workflow, or a definition alone, in JSON or YAML')
    .action(async ({ file }: { file: string }) => {
      const { service, output } = await session();
      const { data } = await service.ask('POST', `${BASE}/validate`, { body: await readObject(file) });
      const { valid, issues, warnings } = data as unknown as { valid: boolean; issues: Issue[]; warnings: Issue[] };
      output.show(data!, () => [
        ...issueLines(issues).map((line) => `error    ${line}`),
        ...issueLines(warnings).map((line) => `warning  ${line}`),
        ...(issues.length + warnings.length === 0 ? ['nothing is wrong'] : []),
      ]);
      if (!valid) throw new CliError(EXIT.refused, `${file} is invalid`);
    });

  program
    .command('simulate')
    .description('play a stored workflow with mock outcomes: no side effect')
    .argument('<ref>')
    .option('-f, --file <file>', 'input, outcomes, items; with expect it is a test that can fail')
    .action(async (ref: string, { file }: { file?: string }) => {
      const { service, output } = await session();
      const { expect, ...body } = file === undefined ? {} : await readObject(file);
      const { data } = await service.ask('POST', `${BASE}/${encodeURIComponent(ref)}/simulate`, { body });
      const simulated = data as JsonObject;
      output.show(simulated, () => [
        `${textOf(simulated.status)}  ${textOf(messageOf(simulated.error) ?? simulated.output)}`,
        ...table(
          ['TASK', 'ACTION', 'STATUS', 'OUTPUT', 'ERROR'],
          (simulated.tasks as JsonObject[]).map(({ key, action, status, output: given, error }) =>
            [key, action, status, given, messageOf(error)].map(textOf),
          ),
        ),
      ]);
      const lines = expect === undefined ? [] : differences(simulated, expect, '');
      if (lines.length > 0) throw new CliError(EXIT.refused, `${ref} does not do what is expected`, { lines });
    });
}

async function importPack(
  service: Service,
  body: JsonObject,
  { dry, prune }: { dry: boolean; prune: boolean },
): Promise<JsonObject[]> {
  const query = { dry_run: String(dry), prune: String(prune) };
  const { data } = await service.ask('POST', '/api/v1/packs/import', { body, query });
  const { pack, actions, workflows } = data as { pack: JsonObject; actions: JsonObject[]; workflows: JsonObject[] };
  return [
    { kind: 'pack', ...pack },
    ...actions.map((action) => ({ kind: 'action', ...action })),
    ...workflows.map((workflow) => ({ kind: 'workflow', ...workflow })),
  ];
}

async function applyOne(service: Service, content: JsonObject, dry: boolean): Promise<JsonObject> {
  const { ref, pack_ref: _, ...fields } = content;
  if (typeof ref !== 'string') throw new CliError(EXIT.usage, 'the file holds no workflow: it has no ref');
  const path = `${BASE}/${encodeURIComponent(ref)}`;
  const before = await service.ask('GET', path).then(
    ({ data }) => data as JsonObject,
    (error: unknown) => {
      if (error instanceof CliError && error.message.endsWith('(workflow_not_found)')) return null;
      throw error;
    },
  );
  const described = ({ revision }: JsonObject, change: string) => ({
    kind: 'workflow',
    ref,
    change,
    revision: revision!,
  });
  if (before === null && dry) return described({ revision: 0 }, 'created');
  if (before === null)
    return described((await service.ask('POST', BASE, { body: content })).data as JsonObject, 'created');
  const same = Object.entries(fields).every(
    ([name, value]) => canonicalJson(before[name] ?? null) === canonicalJson(value),
  );
  if (same) return described(before, 'unchanged');
  if (dry) return described(before, 'updated');
  return described((await service.ask('PUT', path, { body: fields })).data as JsonObject, 'updated');
}

/** The message of a failure; undefined where there is none. */
function messageOf(error: Json | undefined): Json | undefined {
  return error !== undefined && isJsonObject(error) ? error.message : undefined;
}

/** Where something is not as expected; of objects only what is named is compared. */
function differences(actual: Json | undefined, expected: Json, path: string): string[] {
  if (isJsonObject(expected) && actual !== undefined && isJsonObject(actual)) {
    return Object.entries(expected).flatMap(([name, value]) => differences(actual[name], value, `${path}/${name}`));
  }
  if (actual !== undefined && canonicalJson(actual) === canonicalJson(expected)) return [];
  return [`${path || '/'}: ${textOf(actual)} instead of ${textOf(expected)}`];
}
