import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Ambiguities } from '../../../model/yaml-ambiguity.ts';
import { isFile, readDefinition } from '../../definition-files.ts';
import type { RequestOptions } from '../../service.ts';
import type { Session } from '../../session.ts';

/** The ref of a workflow: ids of executions have no dot. */
const WORKFLOW_REF = /^[a-z0-9_-]+\./;

/** Adds the command that draws graphs. */
export function addGraphCommand(program: Command, session: () => Promise<Session>): void {
  program
    .command('graph')
    .description('draw the graph of a workflow, stored or in a file, or of an execution')
    .argument(
      '<what>',
      'a file with a workflow: one that exists, a path with a slash, or -; or the ref of a stored workflow; or the id of an execution',
    )
    .option('--svg <file>', 'write an SVG picture; - for standard output. By default a Mermaid flowchart is printed')
    .action(async (what: string, { svg }: { svg?: string }) => {
      const { service, output } = await session();
      const ambiguities = new Ambiguities();
      const { method, path, body } = await requestFor(what, ambiguities);
      const format = svg !== undefined ? 'svg' : output.json ? 'json' : 'mermaid';
      const query = { format, ...(format === 'json' && { layout: '1' }) };
      const answer = await service.send(method, path, { query, ...(body !== undefined && { body }) });
      const text = await answer.text();
      for (const { path: at, message } of ambiguities.warnings()) output.warn(`${at}: ${message}`);
      if (svg === undefined || svg === '-') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      else {
        await writeFile(svg, text);
        output.note(`wrote ${svg}`);
      }
    });
}

/** Returns the request for the graph of a file, a workflow or an execution. */
async function requestFor(
  what: string,
  ambiguities: Ambiguities,
): Promise<{ method: string; path: string } & Pick<RequestOptions, 'body'>> {
  if (await isFile(what)) {
    return { method: 'POST', path: '/api/v1/workflows/graph', body: await readDefinition(what, ambiguities) };
  }
  const of = WORKFLOW_REF.test(what) ? 'workflows' : 'executions';
  return { method: 'GET', path: `/api/v1/${of}/${encodeURIComponent(what)}/graph` };
}
