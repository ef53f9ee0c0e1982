import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { buildFermata, type Ended, type FermataHost, forkFermata } from '../support/fermata.ts';

// Types what the README of every example says, and pages like them, and compares what comes out with what the page says.

const NAMES = readdirSync('examples', { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** Pages whose commands are typed, each in a new shell and folder. */
const PAGES = [
  ...NAMES.map((name) => join('examples', name, 'README.md')),
  ...['docs/debugging.md', 'docs/graphs.md', 'docs/packs-from-git.md'],
];

/** Ends the output of each block. */
const SEPARATOR = '\u001e';

/**
 * The command line as it behaves at a terminal: tables, unless its output goes elsewhere. The test runs it, in a process that the pages
 * share one after the other: to start one for each command would cost more than all that the commands do.
 */
const TERMINAL = `
npx() {
  shift
  local code out err
  if [ /dev/stdout -ef "$SCREEN" ]; then set -- --table "$@"; fi
  {
    printf '%s\\0' "$PWD" "$#" "$@" >&3
    IFS= read -r -d '' code <&3
    IFS= read -r -d '' out <&3
    IFS= read -r -d '' err <&3
  } 3<> "/dev/tcp/127.0.0.1/$COMMANDS"
  printf '%s' "$out"
  printf '%s' "$err" >&2
  return "$code"
}
`;

let harness: ApiHarness;
let systems: ChildProcess;
let commands: Server;
/** Processes of the command line that run nothing now, and all of them. */
const idle: FermataHost[] = [];
const hosts = new Set<FermataHost>();
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fermata-examples-'));
  systems = spawn(process.execPath, ['examples/systems.mjs'], { env: { ...process.env, PORT: '0' } });
  const [address] = await once(systems.stdout!, 'data');
  await buildFermata(folder);
  commands = await listenForCommands();
  harness = await createApiHarness('examples');
  env = {
    ...process.env,
    SYSTEMS: String(address).trim(),
    COMMANDS: String((commands.address() as AddressInfo).port),
    FERMATA_URL: harness.api.url,
    FERMATA_API_KEY: DEV_KEY,
  };
});
afterAll(async () => {
  systems.kill();
  commands.close();
  await Promise.all([...hosts].map((host) => host.close()));
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command of a shell: its folder, its arguments. */
async function runCommand(cwd: string, args: string[]) {
  const host = idle.pop() ?? (await forkFermata(folder));
  hosts.add(host);
  const settings = { FERMATA_URL: harness.api.url, FERMATA_API_KEY: DEV_KEY };
  const ended = await host.run(args, settings, undefined, cwd);
  idle.push(host);
  return ended;
}

/** Takes commands of shells on a free port: texts that each end with U+0000, as do the exit code, the output and the errors in return. */
async function listenForCommands(): Promise<Server> {
  const server = createServer((socket) => {
    let said = '';
    const answer = ({ code, out, err }: Pick<Ended, 'code' | 'out' | 'err'>) =>
      socket.end([code, out, err].map((each) => `${each}\0`).join(''));
    // A shell that has ended reads no more.
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text) => {
      said += text;
      const [cwd = '', count, ...args] = said.split('\0');
      // After the last end there is one more, empty text.
      if (args.length !== Number(count) + 1) return;
      runCommand(cwd, args.slice(0, -1)).then(answer, ({ message }: Error) =>
        answer({ code: 1, out: '', err: `${message}\n` }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The blocks of a page that are typed, each with the block that follows it, which is what comes out. */
async function blocksOf(path: string): Promise<{ command: string; output: string }[]> {
  const page = await readFile(path, 'utf8');
  const blocks = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({ kind, text: text! }));
  return blocks.flatMap(({ kind, text }, index) => {
    if (kind !== 'sh') return [];
    const next = blocks[index + 1];
    expect(next?.kind, `what comes out of ${text}`).toBe('');
    return [{ command: text, output: next!.text }];
  });
}

/** Runs commands in one shell, in a folder that looks like the repository, and returns the output of each. */
async function type(commands: readonly string[]): Promise<{ outputs: string[]; errors: string }> {
  // Stands for the terminal.
  const path = join(await mkdtemp(join(folder, 'shell-')), 'screen');
  const file = await open(path, 'w');
  const script = [TERMINAL, `cd '${dirname(path)}' && ln -s '${resolve('examples')}' examples`, ...commands];
  const shell = spawn('bash', ['-c', script.join(`\nprintf '${SEPARATOR}'\n`)], {
    env: { ...env, SCREEN: path },
    stdio: ['ignore', file.fd, 'pipe'],
    // A loop that waits for what never comes ends as well.
    timeout: 240_000,
  });
  let errors = '';
  shell.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  await once(shell, 'close');
  await file.close();
  const outputs = (await readFile(path, 'utf8')).split(SEPARATOR);
  return { outputs: outputs.slice(2), errors };
}

/** A text as a pattern in which `…` stands for anything within a line. */
function patternOf(text: string): RegExp {
  const parts = text.trim().split('…');
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
}

describe.concurrent('the examples', () => {
  it.each(PAGES)('%s says what comes out', async (path) => {
    const blocks = await blocksOf(path);
    const { outputs, errors } = await type(blocks.map(({ command }) => command));
    for (const [index, { command, output }] of blocks.entries()) {
      expect(outputs[index]?.trim(), `${command}\n${errors}`).toMatch(patternOf(output));
    }
  });
});

it('the index of the examples has each of them, with a workflow', async () => {
  const index = await readFile('examples/README.md', 'utf8');
  expect([...index.matchAll(/\]\(([a-z-]+)\/README\.md\)/g)].map(([, name]) => name!).sort()).toEqual(
    [...NAMES].sort(),
  );
  expect(NAMES.length).toBeGreaterThanOrEqual(10);
  const without = NAMES.filter(
    (name) => !['workflow.yaml', 'pack.yaml'].some((file) => existsSync(join('examples', name, file))),
  );
  expect(without).toEqual([]);
});
