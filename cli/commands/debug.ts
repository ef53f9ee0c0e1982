import { basename } from 'node:path';
import type { Command } from 'commander';
import { openInBrowser, openPrivatelyInBrowser } from '../browser.ts';
import { isFile } from '../definition-files.ts';
import { readTextFile } from '../files.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';

interface DebugOptions {
  event?: string;
  open: boolean;
}

/** Adds the command that opens the debugger: for an execution that of the console, for a file a page that this machine alone serves. */
export function addDebugCommand(program: Command, session: () => Promise<Session>, output: () => Output): void {
  program
    .command('debug')
    .description('step through an execution in the browser, or through the file of its history without a server')
    .argument(
      '<what>',
      'the id of an execution; or a file with a history, exported or by temporal workflow show: one that exists, a path with a slash, or -',
    )
    .option('--event <number>', 'the event to stop at')
    .option('--no-open', 'print the address, and open no browser')
    .action(async (what: string, options: DebugOptions) => {
      if (await isFile(what)) await debugFile(what, options, output());
      else await debugExecution(what, options, await session());
    });
}

async function debugExecution(id: string, options: DebugOptions, { service, output }: Session): Promise<void> {
  const path = encodeURIComponent(id);
  // An execution that is not there is better refused here than on a page.
  await service.ask('GET', `/api/v1/executions/${path}`, { query: { view: 'lean' } });
  const url = new URL(`${service.target.url}/console/runs/${path}/debugger`);
  show(url, options, output, openInBrowser);
}

async function debugFile(path: string, options: DebugOptions, output: Output): Promise<void> {
  const text = await readTextFile(path);
  // The modules of a server, which no other command needs.
  const { serveHistory } = await import('../../dev/history-page.ts');
  const name = path === '-' ? 'history.json' : basename(path);
  // Who knows the address can read the file.
  show(new URL(await serveHistory({ name, text })), options, output, openPrivatelyInBrowser);
  output.note('Nothing leaves this machine. Press Ctrl+C to end.');
}

function show(url: URL, { event, open }: DebugOptions, output: Output, openAddress: (url: string) => void): void {
  if (event !== undefined) url.searchParams.set('event', event);
  output.show({ url: url.href }, () => [url.href]);
  if (open) openAddress(url.href);
}
