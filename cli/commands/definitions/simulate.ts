import type { Command } from 'commander';
import type { Issue } from '../../../model/issue.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { Ambiguities } from '../../../model/yaml-ambiguity.ts';
import { CliError, EXIT } from '../../cli-error.ts';
import { isFile, readDefinition } from '../../definition-files.ts';
import { readObject, readPairs } from '../../files.ts';
import { formatCell, table } from '../../output.ts';
import { issueLines, type Service } from '../../service.ts';
import type { Session } from '../../session.ts';

const BASE = '/api/v1/workflows';

/** The command that plays a workflow, stored or in a file. */
export function addSimulateCommand(program: Command, session: () => Promise<Session>): void {
  program
    .command('simulate')
    .description('simulate a workflow with mock outcomes, without side effects')
    .argument(
      '<workflow>',
      'a file with a workflow, which need not be stored: one that exists, a path with a slash, or -; anything else is the ref of a stored workflow',
    )
    .option('-f, --file <file>', 'a JSON or YAML file with input, outcomes and items; with expect, it is a test')
    .option('-i, --input <name=value...>', 'input; values are parsed as JSON if possible, else taken as text')
    .option(
      '-o, --outcome <task=outcome...>',
      'how a task ends, as JSON: {"output": 1}, {"error": {"type": "x"}}, {"running": true}, or a list, one an attempt',
    )
    .action(async (workflow: string, options: SimulateOptions) => {
      const { service, output } = await session();
      const ambiguities = new Ambiguities();
      const { expect, ...scene } = await sceneOf(options, ambiguities);
      const found = (await isFile(workflow))
        ? await service.ask('POST', `${BASE}/simulate`, {
            body: { ...(await readDefinition(workflow, ambiguities)), ...scene },
          })
        : await simulateStored(service, workflow, scene);
      const played = found.data as JsonObject;
      const warnings = [...(played.warnings as unknown as Issue[]), ...ambiguities.warnings()];
      const simulated: JsonObject = { ...played, warnings: warnings as unknown as Json };
      output.show(simulated, () => [
        ...issueLines(warnings).map((line) => `warning  ${line}`),
        `${formatCell(simulated.status)}  ${formatCell(messageOf(simulated.error) ?? simulated.output)}`,
        ...table(
          ['TASK', 'ACTION', 'STATUS', 'OUTPUT', 'ERROR'],
          (simulated.tasks as JsonObject[]).map(({ key, action, status, output: given, error }) =>
            [key, action, status, given, messageOf(error)].map(formatCell),
          ),
        ),
      ]);
      const lines = expect === undefined ? [] : differences(simulated, expect, '');
      if (lines.length > 0) throw new CliError(EXIT.refused, `${workflow} does not behave as expected`, { lines });
    });
}

interface SimulateOptions {
  file?: string;
  input?: string[];
  outcome?: string[];
}

/** Returns what a simulation is given: what stands in the file, with the inputs and outcomes of the options in its place. */
async function sceneOf({ file, input, outcome }: SimulateOptions, ambiguities: Ambiguities): Promise<JsonObject> {
  const scene = file === undefined ? {} : await readObject(file, ambiguities);
  const merged = (field: string, given: string[] | undefined): JsonObject => {
    if (given === undefined) return {};
    const before = scene[field] ?? {};
    return { [field]: { ...(isJsonObject(before) ? before : {}), ...readPairs(given) } };
  };
  return { ...scene, ...merged('input', input), ...merged('outcomes', outcome) };
}

/** Simulates a stored workflow. Throws a CliError that also names the missing file for what reads like the name of one. */
async function simulateStored(service: Service, ref: string, scene: JsonObject): Promise<JsonObject> {
  try {
    return await service.ask('POST', `${BASE}/${encodeURIComponent(ref)}/simulate`, { body: scene });
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'workflow_not_found' || !/\.(ya?ml|json)$/.test(ref))
      throw error;
    throw new CliError(error.exitCode, `there is no file ${ref}, and ${error.message}`, { cause: error });
  }
}

/** Returns the message of a failure; undefined if there is none. */
function messageOf(error: Json | undefined): Json | undefined {
  return error !== undefined && isJsonObject(error) ? error.message : undefined;
}

/** Returns the differences from what is expected; of objects, only the expected fields are compared. */
function differences(actual: Json | undefined, expected: Json, path: string): string[] {
  if (isJsonObject(expected) && actual !== undefined && isJsonObject(actual)) {
    return Object.entries(expected).flatMap(([name, value]) => differences(actual[name], value, `${path}/${name}`));
  }
  if (actual !== undefined && canonicalJson(actual) === canonicalJson(expected)) return [];
  return [`${path || '/'}: ${formatCell(actual)} instead of ${formatCell(expected)}`];
}
