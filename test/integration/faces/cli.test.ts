import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Ledger, LedgerFinding } from '../../../model/ledger.ts';
import { VERSION } from '../../../model/product.ts';
import { showHistory } from '../runs/shown-history.ts';
import { APPROVER_KEY, type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { type Ended, type FermataHost, PROGRAM, runFermata, startFermataHost } from '../support/fermata.ts';
import { until } from '../support/until.ts';

let harness: ApiHarness;
let folder: string;
let host: FermataHost;
beforeAll(async () => {
  harness = await createApiHarness('cli');
  folder = await mkdtemp(join(tmpdir(), 'fermata-cli-'));
  host = await startFermataHost(folder);
});
afterAll(async () => {
  await host.close();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const settings = (env: Record<string, string>) => ({
  FERMATA_URL: harness.api.url,
  FERMATA_API_KEY: DEV_KEY,
  ...env,
});

/** Runs the command line in a new folder, where it finds nothing by itself. */
const fermata = (args: string[], env: Record<string, string> = {}, input?: string): Promise<Ended> =>
  host.run(args, settings(env), input);

/** The same in a separate process. */
const fermataProcess = (args: string[], env: Record<string, string> = {}, input?: string): Promise<Ended> =>
  runFermata(folder, args, settings(env), input);

const write = async (name: string, text: string) => {
  await writeFile(join(folder, name), text);
  return name;
};

/** Returns the status of the answer to a request that names another host than it is sent to. */
function statusFor(url: URL, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

const GREET = `
ref: examples.greet
pack_ref: examples
label: Greet
version: 1.0.0
param_schema: { type: object, properties: { name: { type: string } }, required: [name] }
definition:
  tasks:
    - { name: pause, action: core.delay, input: { seconds: 0.5 } }
    - { name: greet, action: core.transform, input: { data: "Hello, {{ name }}" } }
`;

/** The subjects of the findings about an execution in which one person has answered one question. */
const SUBJECTS = ['start', 'course', 'statement', 'question'];

it('prints the version where no command is given, with any other options', async () => {
  for (const args of [['--version'], ['-V'], ['--json', '--version'], ['--version', '--json']]) {
    expect(await fermata(args)).toMatchObject({ code: 0, out: `${VERSION}\n` });
  }
  expect((await fermata(['--help'])).out).toContain('-V, --version');
  expect(await fermata(['run', 'core.noop', '-V'])).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining("unknown option '-V'"),
  });
});

describe('apply', () => {
  it('creates, leaves alone and updates a workflow from a file', async () => {
    const file = await write('greet.yaml', GREET);
    const changes: unknown[] = [];
    for (const text of [GREET, GREET, GREET.replace('Hello', 'Good day')]) {
      await write('greet.yaml', text);
      const { code, json } = await fermata(['apply', '-f', file]);
      changes.push([code, json()]);
    }
    const one = (change: string, revision: number) => [
      0,
      [{ kind: 'workflow', ref: 'examples.greet', change, revision }],
    ];
    expect(changes).toEqual([one('created', 1), one('unchanged', 1), one('updated', 2)]);
  });

  it('brings in a pack from its folder', async () => {
    await mkdir(join(folder, 'pack/workflows'), { recursive: true });
    await write('pack/pack.yaml', 'ref: shop\nlabel: Shop\n');
    await write('pack/workflows/greet.yaml', GREET.replaceAll('examples', 'shop'));
    const { code, out } = await fermata(['apply', '-f', 'pack', '--table']);
    expect([code, out.split('\n').map((line) => line.split(/\s+/))]).toEqual([
      0,
      [
        ['KIND', 'REF', 'CHANGE', 'REVISION'],
        ['pack', 'shop', 'created', '-'],
        ['workflow', 'shop.greet', 'created', '1'],
        [''],
      ],
    ]);
  });

  it('tells what would change before it does, and a pack that is written out is the same again', async () => {
    await mkdir(join(folder, 'tool/workflows'), { recursive: true });
    await mkdir(join(folder, 'tool/actions'), { recursive: true });
    await write('tool/pack.yaml', 'ref: tool\nlabel: Tool\ntags: [a, b]\n');
    await write('tool/actions/fit.yaml', 'ref: tool.fit\npack_ref: tool\nlabel: Fit\ntask_queue: tools\n');
    await write('tool/workflows/greet.yaml', GREET.replaceAll('examples', 'tool'));
    const changes = async (args: string[]) =>
      (await fermata(['apply', '-f', ...args])).json().map(({ change }: { change: string }) => change);
    expect(await changes(['tool', '--dry-run'])).toEqual(['created', 'created', 'created']);
    expect((await fermata(['pack', 'tool', '-o', 'out'])).code).toBe(1);
    expect(await changes(['tool'])).toEqual(['created', 'created', 'created']);
    expect(await changes(['tool', '--dry-run'])).toEqual(['unchanged', 'unchanged', 'unchanged']);
    await write('tool/workflows/greet.yaml', GREET.replaceAll('examples', 'tool').replace('Hello', 'Bye'));
    expect(await changes(['tool', '--dry-run'])).toEqual(['unchanged', 'unchanged', 'updated']);
    expect(await changes(['tool/workflows/greet.yaml', '--dry-run'])).toEqual(['updated']);
    const written = await fermata(['pack', 'tool', '-o', 'out']);
    expect(written.json()).toEqual(['pack.yaml', 'actions/fit.yaml', 'workflows/greet.yaml']);
    expect(await readFile(join(folder, 'out/pack.yaml'), 'utf8')).toBe('ref: tool\nlabel: Tool\ntags:\n  - a\n  - b\n');
    expect(await readFile(join(folder, 'out/workflows/greet.yaml'), 'utf8')).toContain('Hello, {{ name }}');
    expect(await changes(['out'])).toEqual(['unchanged', 'unchanged', 'unchanged']);
    await rm(join(folder, 'out/actions/fit.yaml'));
    expect(await changes(['out', '--prune'])).toEqual(['unchanged', 'deleted', 'unchanged']);
  });

  it('a dry run takes what an apply takes: what earlier files add, and updates that leave fields out', async () => {
    const below = await write('inner.yaml', GREET.replaceAll('greet', 'inner'));
    const task = (ref: string) => `{ name: a, action: ${ref}, input: { name: Ada } }`;
    const above = (ref: string) =>
      write('outer.yaml', `ref: examples.outer\nlabel: A\nversion: 1.0.0\ndefinition: { tasks: [${task(ref)}] }\n`);
    const stored = GREET.replaceAll('greet', 'outer');
    await fermata(['apply', '-f', await write('stored.yaml', stored)]);
    const dry = async (...files: string[]) => {
      const { code, err } = await fermata(['apply', '--dry-run', '-f', ...files]);
      return [code, err.includes('unknown action')];
    };
    expect(await dry(below, await above('examples.inner'))).toEqual([0, false]);
    expect(await dry(await above('examples.inner'))).toEqual([1, true]);
    expect(await dry(below, await above('examples.nobody'))).toEqual([1, true]);
  });

  it('takes standard input, and says which file is wrong', async () => {
    const { code, json } = await fermata(['apply', '-f', '-'], {}, GREET.replaceAll('greet', 'piped'));
    expect([code, json()[0]]).toMatchObject([0, { ref: 'examples.piped', change: 'created' }]);
    await mkdir(join(folder, 'faulty/workflows'), { recursive: true });
    await write('faulty/pack.yaml', 'ref: faulty\nlabel: Faulty\n');
    const definition = (next: string) =>
      `label: x\nversion: 1.0.0\ndefinition: { tasks: [{ name: a, action: core.noop, on_success: ${next} }] }\n`;
    await write('faulty/workflows/first.yaml', `ref: faulty.first\n${definition('noop')}`);
    await write('faulty/workflows/second.yaml', `ref: faulty.second\n${definition('zz')}`);
    const refused = await fermata(['apply', '-f', 'faulty']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('workflows/second.yaml /definition/')]);
    expect(refused.err).not.toContain('/workflows/1/');
    await write('faulty/workflows/second.yaml', `ref: faulty.second\n${definition('noop')}`);
    expect((await fermata(['apply', '-f', 'faulty'])).code).toBe(0);
    const lost = await write('lost.yaml', GREET.replaceAll('examples', 'nowhere'));
    const unknown = await fermata(['apply', '-f', lost]);
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('lost.yaml: ')]);
    expect(unknown.err).toContain('fermata packs create nowhere');
    await mkdir(join(folder, 'faulty/workflows/sub'));
    const deep = await fermata(['apply', '-f', 'faulty']);
    expect([deep.code, deep.err]).toEqual([2, expect.stringContaining('unexpected folder faulty/workflows/sub: ')]);
    await rm(join(folder, 'faulty/workflows/sub'), { recursive: true });
    await mkdir(join(folder, 'faulty/workflow'));
    const near = await fermata(['apply', '-f', 'faulty']);
    expect([near.code, near.err]).toEqual([2, expect.stringContaining('Did you mean "workflows"?')]);
    const taken = await fermata(['pack', 'faulty', '-o', 'lost.yaml']);
    expect([taken.code, taken.err.trim().split('\n')]).toEqual([2, [expect.stringContaining('cannot be written')]]);
  });

  it('prunes what has open executions only by force', async () => {
    await mkdir(join(folder, 'pruned/workflows'), { recursive: true });
    await write('pruned/pack.yaml', 'ref: pruned\nlabel: Pruned\n');
    const workflow = await write(
      'pruned/workflows/long.yaml',
      'ref: pruned.long\nlabel: x\nversion: 1.0.0\ndefinition: { tasks: [{ name: a, action: core.delay, input: { seconds: 600 } }] }\n',
    );
    expect((await fermata(['apply', '-f', 'pruned'])).code).toBe(0);
    expect((await fermata(['run', 'pruned.long'])).code).toBe(0);
    await rm(join(folder, workflow));
    const refused = await fermata(['apply', '-f', 'pruned', '--prune']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('use --force to terminate them')]);
    const done = await fermata(['apply', '-f', 'pruned', '--prune', '--force']);
    expect([done.code, done.json()[1]]).toMatchObject([0, { ref: 'pruned.long', change: 'deleted' }]);
  });

  it.each([
    ['a file that is not there', 'nothing.yaml', 2, 'nothing.yaml does not exist'],
    ['a folder without a pack', '.', 2, '. does not contain pack.yaml'],
  ])('refuses %s', async (_, path, code, message) => {
    const ended = await fermata(['apply', '-f', path]);
    expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(message)]);
  });
});

describe('validate and simulate', () => {
  it('tell what is wrong, with its place, and fail then', async () => {
    const file = await write('wrong.yaml', GREET.replace('core.transform', 'core.transfrom'));
    const wrong = await fermata(['validate', '-f', file, '--table']);
    expect([wrong.code, wrong.err.trim()]).toEqual([1, 'fermata: wrong.yaml is invalid']);
    expect(wrong.out).toBe(
      'error    /definition/tasks/1/action: unknown action "core.transfrom". Did you mean "core.transform"? [unknown_action]\n',
    );
    const right = await fermataProcess(['validate', '-f', '-', '--table'], {}, GREET);
    expect([right.code, right.out]).toEqual([0, 'no issues found\n']);
    const doubtful = await write('doubtful.yaml', `${GREET}\ntags: [no]\n`);
    const warning = 'is the text "no"; write false or "no" [yaml_ambiguous]\n';
    const told = await fermata(['validate', '-f', doubtful, '--table']);
    expect([told.code, told.out]).toEqual([0, `warning  /tags/0: ${warning}`]);
    const dry = await fermata(['apply', '-f', doubtful, '--dry-run', '--table']);
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining(`warning  doubtful.yaml /tags/0: ${warning}`)]);
    const stored = await fermata(['validate', '--stored', '--table']);
    expect([stored.code, stored.out]).toEqual([0, expect.not.stringMatching(/^error/m)]);
    const both = await fermata(['validate', '--stored', '-f', file]);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('give either --file or --stored')]);
    const refused = await fermata(['apply', '-f', file, '--dry-run']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('[unknown_action]')]);
  });

  it('draw a workflow that is stored or in a file, and an execution', async () => {
    const file = await write('drawn.yaml', GREET);
    expect((await fermata(['graph', file, '--table'])).out).toBe(
      'flowchart TD\n  start((start))\n  t0["pause<br/>core.delay"]\n  t1["greet<br/>core.transform"]\n  start --> t0\n  t0 -->|"success"| t1\n',
    );
    await fermata(['apply', '-f', file]);
    const written = await fermata(['graph', 'examples.greet', '--svg', join(folder, 'drawn.svg'), '--table']);
    expect([written.code, written.out]).toEqual([0, `wrote ${join(folder, 'drawn.svg')}\n`]);
    expect(await readFile(join(folder, 'drawn.svg'), 'utf8')).toMatch(/^<svg .*examples\.greet<.*<\/svg>\n$/s);
    expect((await fermata(['graph', 'examples.greet'])).json().data.nodes).toHaveLength(2);
    const { id } = (await fermata(['run', 'examples.greet', '-i', 'name=Ada', '--wait'])).json();
    expect((await fermata(['graph', String(id), '--svg', '-'])).out).toMatch(/class="state">completed<.*greet/s);
    const missing = await fermata(['graph', 'examples.nothing']);
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('workflow_not_found')]);
  });

  it('open the debugger: for an execution that of the console, for a file a page of this machine', async () => {
    await fermata(['apply', '-f', await write('debugged.yaml', GREET)]);
    const { id } = (await fermata(['run', 'examples.greet', '-i', 'name=Ada', '--wait'])).json();
    // The opener of this platform, as a browser would be opened.
    const opener = join(folder, process.platform === 'darwin' ? 'open' : 'xdg-open');
    await writeFile(
      opener,
      `#!/bin/sh\nprintf %s "$1" > ${join(folder, 'opened.part')}\nmv ${join(folder, 'opened.part')} ${join(folder, 'opened')}\n`,
      { mode: 0o755 },
    );
    const url = `${harness.api.url}/console/runs/${id}/debugger?event=3`;
    const there = await fermata(['debug', String(id), '--event', '3'], { PATH: `${folder}:${process.env.PATH}` });
    expect([there.code, there.json()]).toEqual([0, { url }]);
    const takeOpened = async () => {
      const opened = await until(
        () => readFile(join(folder, 'opened'), 'utf8').catch(() => ''),
        (text) => text !== '',
      );
      await rm(join(folder, 'opened'));
      return opened;
    };
    expect(await takeOpened()).toBe(url);
    const missing = await fermata(['debug', '999999999', '--no-open']);
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('execution_not_found')]);

    const exported = await fetch(`${harness.api.url}/api/v1/executions/${id}/history/export`, {
      headers: { 'x-api-key': DEV_KEY },
    });
    const text = await exported.text();
    const file = await write('a history.json', text);
    const served = new URL((await fermata(['debug', file, '--event', '2', '--no-open'])).json().url);
    expect([served.hostname, served.pathname, served.searchParams.get('event')]).toEqual([
      ...['127.0.0.1', '/console/history'],
      '2',
    ]);
    // The address of a file is a secret, which no other user of the machine sees among the arguments of the browser.
    const shown = (await fermata(['debug', file], { PATH: `${folder}:${process.env.PATH}` })).json().url;
    const leading = new URL(await takeOpened());
    expect([
      leading.protocol,
      (await stat(leading)).mode & 0o777,
      (await stat(dirname(leading.pathname))).mode & 0o777,
    ]).toEqual([...['file:', 0o600], 0o700]);
    expect(await readFile(leading, 'utf8')).toContain(`content="0;url=${shown}"`);
    const page = await fetch(served);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('/console/assets/main-')]);
    const path = `/console/files/${served.searchParams.get('file')}`;
    expect(await (await fetch(new URL(path, served))).text()).toBe(text);
    // Neither who guesses, nor a page whose name leads here.
    expect((await fetch(new URL('/console/files/x/history.json', served))).status).toBe(404);
    expect(await statusFor(new URL(path, served), 'attacker.example')).toBe(403);
    const nowhere = await fermata(['debug', './nothing.json', '--no-open']);
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('./nothing.json cannot be read')]);
  });

  it('test a workflow: what is not as expected fails, and is told', async () => {
    await fermata(['apply', '-f', await write('greet.yaml', GREET)]);
    const test = (greeting: string) =>
      write(
        'test.yaml',
        `input: { name: Ada }\nexpect: { status: completed, order: [pause, greet], output: { greet: "${greeting}" } }\n`,
      );
    const passed = await fermata(['simulate', 'examples.greet', '-f', await test('x')]);
    expect(passed.json().output).toBe('Hello, Ada');
    expect([passed.code, passed.err]).toEqual([
      1,
      'fermata: examples.greet does not behave as expected\n  /output: Hello, Ada instead of {"greet":"x"}\n',
    ]);
    await write('test.yaml', 'input: { name: Ada }\nexpect: { status: completed, output: "Hello, Ada" }\n');
    expect((await fermata(['simulate', 'examples.greet', '-f', 'test.yaml'])).code).toBe(0);
    await write('test.yaml', 'input: { name: Ada }\noutcomes: { greet: { error: { type: e, message: no luck } } }\n');
    const failing = await fermata(['simulate', 'examples.greet', '-f', 'test.yaml', '--table']);
    expect(failing.out).toMatch(/^failed {2}no luck\n[\s\S]*greet +core\.transform +failed +- +no luck\n/);
  });

  it.each<[string, string[], number, string]>([
    ['a workflow', ['greet.yaml', '-i', 'name=Ada'], 0, 'completed Hello, Ada'],
    ['a definition by itself', ['bare.json', '-i', 'name=Ada'], 0, 'completed Hello, Ada'],
    ['one at standard input', ['-', '-i', 'name=Ada'], 0, 'completed Hello, Ada'],
    ['one with the input of a test', ['greet.yaml', '-f', 'scene.yaml'], 0, 'completed Hello, Bo'],
    ['one with an input in its place', ['greet.yaml', '-f', 'scene.yaml', '-i', 'name=Cy'], 1, 'completed Hello, Cy'],
    [
      'one with a mock outcome',
      ['greet.yaml', '-i', 'name=Ada', '-o', 'greet={"error":{"type":"e","message":"no luck"}}'],
      ...([0, 'failed no luck'] as const),
    ],
    ['one that is invalid', ['wrong.yaml'], 1, 'unknown action "core.transfrom"'],
    ['no workflow', ['scene.yaml'], 2, 'scene.yaml holds no workflow: it has no definition'],
    ['one in a file without an extension', ['greeting', '-i', 'name=Ada'], 0, 'completed Hello, Ada'],
    ['no file', ['nothing.yaml'], 1, 'there is no file nothing.yaml, and workflow "nothing.yaml" not found'],
    ['no file at a path', ['./nothing'], 2, './nothing cannot be read'],
    ['a folder', ['.folder'], 1, 'workflow ".folder" not found'],
    ['a wrong outcome', ['greet.yaml', '-i', 'name=Ada', '-o', 'greet=1'], 1, '/outcomes/greet'],
  ])('a file is simulated, and nothing is stored: %s', async (_, args, code, told) => {
    const { definition, param_schema } = parse(GREET.replaceAll('examples.greet', 'examples.unsaved'));
    await write('greet.yaml', GREET.replaceAll('examples.greet', 'examples.unsaved'));
    await write('greeting', GREET.replaceAll('examples.greet', 'examples.unsaved'));
    await write('bare.json', JSON.stringify(definition));
    await mkdir(join(folder, '.folder'), { recursive: true });
    await write('wrong.yaml', GREET.replace('core.transform', 'core.transfrom'));
    await write('scene.yaml', 'input: { name: Bo }\nexpect: { output: "Hello, Bo" }\n');
    const ended =
      args[0] === '-'
        ? await fermata(['simulate', ...args], {}, JSON.stringify({ definition, param_schema }))
        : await fermata(['simulate', ...args]);
    const { status, output, error } = ended.out === '' ? { status: ended.err } : JSON.parse(ended.out);
    expect([ended.code, `${status} ${error?.message ?? output}`]).toEqual([code, expect.stringContaining(told)]);
    expect((await fermata(['workflows', 'get', 'examples.unsaved'])).err).toContain('workflow_not_found');
  });

  it('a ref that reads like the name of a file is that of a stored workflow, unless there is such a file', async () => {
    const stored = GREET.replaceAll('examples.greet', 'examples.json');
    await fermata(['apply', '-f', await write('stored.yaml', stored)]);
    const simulate = async (name: string) => (await fermata(['simulate', name, '-i', 'name=Ada'])).json().output;
    expect(await simulate('examples.json')).toBe('Hello, Ada');
    await write('examples.json', JSON.stringify(parse(stored.replace('Hello', 'Bye'))));
    expect(await simulate('examples.json')).toBe('Bye, Ada');
    await rm(join(folder, 'examples.json'));
  });

  it('warn about YAML that other readers take for something else, in the workflow and in the test', async () => {
    const file = await write('doubtful.yaml', `${GREET}  variables: { polite: no }\n`);
    await write('scene.yaml', 'input: { name: yes }\n');
    const { out } = await fermata(['simulate', file, '-f', 'scene.yaml']);
    const places = JSON.parse(out).warnings.map(({ code, path }: { code: string; path: string }) => `${code} ${path}`);
    expect(places).toEqual(
      expect.arrayContaining(['yaml_ambiguous /definition/variables/polite', 'yaml_ambiguous /input/name']),
    );
    const shown = await fermata(['simulate', 'examples.greet', '-f', 'scene.yaml', '--table']);
    expect(shown.out).toMatch(/^warning {2}\/input\/name: is the text "yes".*\n(.*\n)*completed {2}Hello, yes\n/);
    const applied = await fermata(['apply', '-f', file, '--dry-run']);
    expect([applied.code, applied.json().length]).toEqual([0, 1]);
    expect(applied.err).toContain('warning  doubtful.yaml /definition/variables/polite: is the text "no"');
  });

  it('a key that cannot be one is refused before anything is asked', async () => {
    for (const key of ['', 'with a blank', 'é', 'x'.repeat(201)]) {
      const { code, err } = await fermata(['run', 'core.noop', '--key-once', key]);
      expect([code, err]).toEqual([2, 'fermata: --key-once must be 1 to 200 visible ASCII characters\n']);
    }
  });
});

describe('executions', () => {
  it('are run, awaited, listed, read and exported', async () => {
    await fermata(['apply', '-f', await write('greet.yaml', GREET)]);
    const run = await fermata(['run', 'examples.greet', '--input', 'name=Ada', '--wait']);
    expect([run.code, run.json().status, run.json().result, run.json().mode]).toEqual([
      0,
      'completed',
      'Hello, Ada',
      'cli',
    ]);
    const { id } = run.json();
    const listed = await fermata(['list', '--action', 'examples.greet', '-n', '1', '--table']);
    expect(listed.out.split('\n')[1]).toMatch(new RegExp(`^${id}  examples.greet  completed  `));
    const got = await fermata(['get', String(id), '--table']);
    expect(got.out).toMatch(/^greet +core.transform +completed +1 /m);
    const file = join(folder, 'all.csv');
    expect((await fermata(['export', '--action', 'examples.greet', '-o', file])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toContain(`${id},`);
    const labelled = await fermata(['run', 'examples.greet', '-i', 'name=Bo', '--version', '9.9.9']);
    expect([labelled.code, labelled.err]).toEqual([1, expect.stringContaining('9.9.9')]);
    const refused = await fermata(['run', 'examples.greet', '-i', 'name=3']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('/parameters/name: ')]);
  });

  it('are followed until they end; the exit code tells how', async () => {
    const started = await fermata(['run', 'examples.greet', '-i', 'name=Bo']);
    const watched = await fermata(['watch', String(started.json().id), '--table']);
    expect([watched.code, watched.out]).toEqual([
      0,
      expect.stringMatching(/"greet" ended as completed[\s\S]*is completed/),
    ]);
    const failing = await fermataProcess(['run', 'core.fail', '-i', 'message=no', '--wait', '--table']);
    expect([failing.code, failing.err]).toEqual([1, expect.stringContaining('ended as failed')]);
    const followed = await fermata(['watch', failing.out.split(/\s+/)[1]!]);
    expect([
      followed.code,
      followed.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    ]).toEqual([1, ['log', 'execution', 'task', 'log', 'log', 'execution', 'log', 'end']]);
  });

  it('are signalled, cancelled and terminated', async () => {
    const start = async () => String((await fermata(['run', 'core.wait_signal', '-i', 'name=go'])).json().id);
    const [signalled, cancelled, terminated] = [await start(), await start(), await start()];
    expect((await fermata(['signal', signalled, 'go', '-p', '{"a":1}'])).code).toBe(0);
    expect((await fermata(['cancel', cancelled, '--reason', 'enough'])).code).toBe(0);
    expect((await fermata(['terminate', terminated])).code).toBe(0);
    const ends = await Promise.all([signalled, cancelled, terminated].map((id) => fermata(['watch', id])));
    expect(ends.map(({ code }) => code)).toEqual([0, 1, 1]);
    const again = await fermata(['cancel', cancelled]);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('(execution_closed)')]);
  });

  it('are retried as it was planned, and not twice', async () => {
    const id = String((await fermata(['run', 'core.fail', '-i', 'message=no', '--wait'])).json().id);
    const shown = await fermata(['retry', id, '--plan', '--table']);
    expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(/^plan +[0-9a-f]{64}$/m)]);
    expect(shown.out).toMatch(/^RUNS AGAIN \(1\)\nKEY +ACTION REF +WAS +WHY\nrun_fail +core.fail +failed +failed$/m);
    const hash = String((await fermata(['retry', id, '--plan'])).json().hash);
    const started = await fermata(['retry', id, '--plan-hash', hash, '--reason', 'once more']);
    expect([started.code, started.json().retry_of]).toEqual([0, Number(id)]);
    const again = await fermata(['retry', id, '--plan-hash', hash]);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('(plan_stale)')]);
  });
});

it('what people are asked is listed, shown and decided about, as it was shown', async () => {
  const made = await harness.call('POST', '/api/v1/keys', { subject: 'ann', roles: ['operator'] });
  const ann = { FERMATA_API_KEY: made.body.data.key };
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.asks',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: { prompt: 'Deploy?', approvers: ['ann'] }, on_success: 'go' },
        { name: 'go', action: 'core.log', input: { message: 'gone' } },
      ],
    },
  });
  await harness.call('POST', '/api/v1/executions', { workflow: 'examples.asks' });
  const list = () =>
    harness.call('GET', '/api/v1/inquiries?assigned=me', undefined, { 'x-api-key': made.body.data.key });
  await until(list, ({ body }) => body.data.length === 1);
  const [{ id, bound_to: bound }] = (await fermata(['inquiries'], ann)).json();
  const shown = await fermata(['inquiries', 'get', id, '--table'], ann);
  expect(shown.out).toMatch(/^Deploy\?\n[\s\S]*approval runs go \(core\.log\) \{"message":"gone"\}/);
  expect(shown.out).toContain(bound);
  for (const [args, env, code, message] of [
    [['approve', id], ann, 2, 'pass --yes or --bound-to'],
    [['approve', id, '--yes', '--option', 'deny'], ann, 2, '"deny" does not approve; options that approve: approve'],
    [['approve', id, '--bound-to', '0'.repeat(64)], ann, 1, '(binding_changed)'],
    [['approve', id, '--yes'], {}, 1, '(not_an_approver)'],
    [['delegate', id, '--to', 'approver'], ann, 1, '(not_delegable)'],
    [['delegate', id], ann, 2, '--to'],
    [['delegate', id, '--to', 'approver', '--withdraw'], ann, 2, '--withdraw'],
    [['delegate', id, '--withdraw'], ann, 1, '(not_an_approver)'],
  ] as const) {
    const refused = await fermata([...args], env);
    expect([refused.code, refused.err]).toEqual([code, expect.stringContaining(message)]);
  }
  const denied = await fermata(['deny', id, '--bound-to', bound, '--comment', 'not today'], ann);
  expect([denied.code, denied.json()]).toMatchObject([
    0,
    { result: 'decided', data: { status: 'denied', votes: [{ by: 'ann', comment: 'not today', bound_to: bound }] } },
  ]);
});

it('what one is asked is delegated, and taken back', async () => {
  const made = await harness.call('POST', '/api/v1/keys', { subject: 'amy', roles: ['operator'] });
  const amy = { FERMATA_API_KEY: made.body.data.key };
  const input = { prompt: 'Deploy?', approvers: ['amy'], delegable: true };
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.delegable',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: { tasks: [{ name: 'ask', action: 'core.inquiry', input }] },
  });
  await harness.call('POST', '/api/v1/executions', { workflow: 'examples.delegable' });
  const list = () =>
    harness.call('GET', '/api/v1/inquiries?assigned=me', undefined, { 'x-api-key': made.body.data.key });
  const { body } = await until(list, (answer) => answer.body.data.length === 1);
  const [{ id }] = body.data;
  const given = await fermata(['delegate', id, '--to', 'approver', '--reason', 'away', '--table'], amy);
  expect([given.code, given.out]).toEqual([0, expect.stringContaining('approver decides on behalf of amy')]);
  expect((await fermata(['approve', id, '--yes'], amy)).err).toContain('(not_an_approver)');
  const back = await fermata(['delegate', id, '--withdraw', '--json'], amy);
  expect([back.code, back.json()]).toMatchObject([0, { result: 'delegated', data: { delegations: [] } }]);
  expect((await fermata(['approve', id, '--yes'], amy)).code).toBe(0);
});

it('keys are made, listed and revoked', async () => {
  const made = (await fermata(['keys', 'create', 'ci', '--role', 'viewer', '--expires-in', '3600'])).json();
  const env = { FERMATA_API_KEY: made.key };
  expect((await fermata(['list'], env)).code).toBe(0);
  expect((await fermata(['run', 'core.noop'], env)).err).toContain('(forbidden)');
  expect((await fermata(['keys', 'list', '--table'])).out).toMatch(new RegExp(`^${made.id} +${made.prefix} +ci `, 'm'));
  expect((await fermata(['keys', 'revoke', String(made.id)])).code).toBe(0);
  expect((await fermata(['list'], env)).err).toContain('(unauthenticated)');
});

it('decisions are exported, and verified without a server', async () => {
  const ask = { name: 'ask', action: 'core.inquiry', input: { prompt: 'Deploy?', approvers: ['approver'] } };
  const definition = { tasks: [ask, { name: 'sub', action: 'examples.below' }] };
  for (const [ref, tasks] of [
    ['below', { tasks: [ask] }],
    ['above', definition],
  ] as const) {
    const body = { ref: `examples.${ref}`, pack_ref: 'examples', label: 'x', version: '1.0.0', definition: tasks };
    expect((await harness.call('POST', '/api/v1/workflows', body)).status).toBe(201);
  }
  const started = await harness.call('POST', '/api/v1/executions', { workflow: 'examples.above' });
  const open = () => harness.call('GET', '/api/v1/inquiries?status=pending');
  for (const _ of ['above', 'below']) {
    const { body } = await until(open, (answer) => answer.body.data.length > 0);
    const { id, bound_to } = body.data[0];
    const headers = { 'x-api-key': APPROVER_KEY };
    await harness.call(
      'POST',
      `/api/v1/inquiries/${id}/respond`,
      { option: 'approve', bound_to, comment: 'ok' },
      headers,
    );
    await until(open, (answer) => answer.body.data[0]?.id !== id);
  }
  const url = `${harness.api.url}/api/v1/executions/${started.body.data.id}/decisions/export`;
  const answer = await fetch(url, { headers: { 'x-api-key': DEV_KEY } });
  expect(answer.headers.get('content-type')).toBe('application/vnd.fermata.decisions+json');
  const text = await answer.text();
  const [file, changed] = [
    await write('decisions.json', text),
    await write('changed.json', text.replace('"ok"', '"no"')),
  ];
  const keys = await write('keys.json', await (await fetch(`${harness.api.url}/.well-known/fermata-keys.json`)).text());
  const offline = { FERMATA_URL: '', FERMATA_API_KEY: '' };
  const good = await fermata(['verify', file, '--keys', keys, '--json'], offline);
  expect([good.code, good.json().map(({ result }: { result: string }) => result)]).toEqual([
    0,
    Array(6).fill('verified'),
  ]);
  const bad = await fermata(['verify', changed, '--keys', keys, '--table'], offline);
  expect([bad.code, bad.out]).toEqual([1, expect.stringContaining('altered')]);
  // Data that cannot be recomputed is not proven.
  const masked = await write('masked.json', text.replace('"masked":false', '"masked":true'));
  const hidden = await fermata(['verify', masked, '--keys', keys, '--table'], offline);
  expect([hidden.code, hidden.out]).toEqual([
    1,
    expect.stringContaining('5 of 6 verified, 0 failed, 1 not recomputable'),
  ]);
  // The same of histories, as Temporal's own command line writes them.
  const ledger = JSON.parse(text);
  const histories = await Promise.all(
    [ledger, ledger.children[0]].map(async ({ execution }: Ledger, at) => {
      return write(`history-${at}.json`, await showHistory('cli', execution.uuid));
    }),
  );
  const whole = await fermata(['verify', ...histories, '--keys', keys, '--json'], offline);
  expect([whole.code, whole.json().map(({ subject, result }: LedgerFinding) => [subject, result])]).toEqual([
    0,
    [...SUBJECTS, ...SUBJECTS].map((subject) => [subject, 'verified']),
  ]);
  const half = await fermata(['verify', histories[0]!, '--keys', keys, '--table'], offline);
  expect([half.code, half.out]).toEqual([1, expect.stringContaining('4 of 5 verified, 0 failed, 1 not recomputable')]);
  const [unkeyed, foreign] = [
    await fermata(['verify', file], offline),
    await fermata(['verify', keys, '--keys', keys], offline),
  ];
  expect([unkeyed.code, foreign.code]).toEqual([2, 2]);
});

it('master keys are listed and resealed, and nothing is wrong with them', async () => {
  const check = (await fermata(['reseal', '--check'])).json();
  expect(check.keys).toMatchObject([{ seals: true, sealed: { signing_keys: 1 } }]);
  const resealed = await fermata(['reseal']);
  expect([resealed.code, resealed.json()]).toEqual([0, { renewed: 0, left: 0, unopened: 0 }]);
  const doctor = await fermata(['doctor']);
  expect([doctor.code, doctor.json().troubles]).toEqual([0, []]);
  const { out } = await fermata(['doctor', '--table']);
  expect(out).toContain('all is well');
});

it('the index is rebuilt', async () => {
  const { code, json } = await fermata(['reindex']);
  expect([code, json().status, json().generation]).toEqual([0, 'current', 1]);
});

it('many executions are changed by ids or filters, after they are counted, and the job is followed to its end', async () => {
  const start = async (name: string) =>
    (await fermata(['run', 'core.wait_signal', '-i', `name=${name}`, '--tag', 'bulk'])).json().id as number;
  const ids = [await start('a'), await start('b')];
  const of = ['--action', 'core.wait_signal', '--executor', '1', '--since', '2020-01-01T00:00:00Z'];
  await until(
    () => fermata(['bulk', 'cancel', ...of, '--dry-run']),
    (counted) => counted.json().matched === 2,
  );
  const paused = await fermata(['bulk', 'pause', ...of, '--reason', 'maintenance', '--wait']);
  expect([paused.code, paused.json()]).toMatchObject([0, { verb: 'pause', matched: 2, succeeded: 2 }]);
  const some = await fermata(['bulk', 'terminate', String(ids[0]), '1024', '-w', '--table']);
  expect([some.code, some.err]).toEqual([1, 'fermata: the job is completed: 1 of 2 are changed\n']);
  expect(some.out).toMatch(/^failed +1$[\s\S]*^1024 +Execution with ID 1024 not found$/m);
  const begun = await Promise.all(
    [1, 2].map(() => fermata(['bulk', 'cancel', String(ids[1]), '--key-once', 'bulk-cli'])),
  );
  const [one, two] = begun.map(({ json }) => json().job_id as string);
  expect(two).toBe(one);
  expect((await fermata(['bulk', 'get', one!, '--wait'])).json()).toMatchObject({ status: 'completed', succeeded: 1 });
  expect((await fermata(['bulk', 'abort', one!])).json().status).toBe('completed');
  for (const [args, told] of [
    [['cancel'], '/filter'],
    [['cancel', '1024', '--status', 'running'], '/ids'],
    [['cancel', '--executor', 'x'], '/filter/executor'],
    [['get', '00000000-0000-4000-8000-000000000000'], 'bulk_job_not_found'],
  ] as const) {
    const { code, err } = await fermata(['bulk', ...args]);
    expect([code, err]).toEqual([1, expect.stringContaining(told)]);
  }
});

it('webhooks and events are kept by commands', async () => {
  const ok = async (args: string[], input?: string) => {
    const ended = await fermata(args, {}, input);
    expect([args.join(' '), ended.code, ended.err]).toEqual([args.join(' '), 0, '']);
    return ended;
  };
  const created = (await ok(['webhooks', 'create', 'cli', '--preset', 'bearer', '-f', '-'], 'label: CLI\n')).json();
  expect(created).toMatchObject({ name: 'cli', preset: 'bearer', label: 'CLI', secret: expect.any(String) });
  const send = async (url: string, secret: string) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    return (await fetch(url, { method: 'POST', headers, body: '{"type":"com.example.sent"}' })).status;
  };
  expect(await send(created.url, created.secret)).toBe(202);
  expect((await ok(['webhooks', 'secret', 'cli'], 'another-secret\n')).json().secrets).toBe(1);
  const rotated = (await ok(['webhooks', 'rotate', 'cli'])).json();
  expect([await send(created.url, 'another-secret'), await send(rotated.url, created.secret)]).toEqual([404, 401]);
  expect(await send(rotated.url, 'another-secret')).toBe(202);
  expect((await ok(['webhooks', 'list', '--table'])).out).toMatch(/^cli +bearer +true +1 .* 1$/m);
  await ok(['webhooks', 'delete', 'cli']);
  const warned = await fermata(['webhooks', 'create', 'open', '--preset', 'none', '--insecure']);
  expect([warned.code, warned.err]).toEqual([0, 'warning  verifies nothing: whoever has the URL can send events\n']);
  const sent = (
    await ok(['events', 'send', '--type', 'com.example.cli', '-p', '@-', '--subject', 's', '--key-once', 'k'], 'a: [1]')
  ).json();
  const [found] = (await ok(['events', 'list', '--type', 'com.example.cli'])).json();
  expect(found).toMatchObject({ id: sent.id, event_id: 'k', subject: 's', webhook: null });
  expect((await ok(['events', 'get', String(sent.id)])).json()).toMatchObject({ payload: { a: [1] } });
  const replayed = (await ok(['events', 'replay', String(sent.id), '--reason', 'again', '--key-once', 'r'])).json();
  expect(replayed).toEqual({ id: expect.any(Number), replay_of: sent.id });
  expect((await ok(['events', 'get', String(replayed.id)])).json()).toMatchObject({ payload: { a: [1] } });
  // Not before it is planned.
  await until(
    () => fermata(['events', 'erase', String(replayed.id)]),
    ({ code }) => code === 0,
  );
  const erased = (await ok(['events', 'get', String(replayed.id)])).json();
  expect(erased).toMatchObject({ payload: null, erased: expect.any(String) });
  expect((await ok(['events', 'list', '--webhook', 'cli', '--table'])).out).toMatch(/com\.example\.sent +\/hooks\/cli/);
});

/** A line about something that happened. */
interface Line {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

it('events and enforcements are followed as lines of JSON, of which each says what it is', async () => {
  const type = 'com.example.followed';
  const rule = { ref: 'examples.followed', pack_ref: 'examples', label: 'x', type, action_ref: 'core.noop' };
  expect((await harness.call('POST', '/api/v1/rules', rule)).status).toBe(201);
  const isEvent = ({ event, data }: Line) => event === 'event' && data.type === type;
  const isStarted = ({ event, data }: Line) =>
    event === 'enforcement' && data.rule_ref === rule.ref && data.status === 'started';
  /** Follows until the lines are those that are waited for; `act` is done again and again meanwhile. */
  async function follow(args: string[], areAll: (lines: Line[]) => boolean, act = async () => {}): Promise<Line[]> {
    const child = spawn(process.execPath, [PROGRAM, 'events', 'watch', ...args], {
      cwd: folder,
      env: { ...process.env, ...settings({}) },
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const exited = once(child, 'exit');
    try {
      return await until(async () => {
        await act();
        const whole = out.slice(0, out.lastIndexOf('\n') + 1).split('\n');
        return whole.filter((line) => line !== '').map((line) => JSON.parse(line));
      }, areAll);
    } finally {
      child.kill();
      await exited;
    }
  }
  // It follows from when it is connected on.
  const post = async () => void (await harness.call('POST', '/api/v1/events', { type }));
  const lines = await follow([], (some) => some.filter(isEvent).length > 1 && some.some(isStarted), post);
  expect(new Set(lines.map((line) => Object.keys(line).join()))).toEqual(new Set(['id,event,data']));
  // Or behind a line.
  const [first, second] = lines.filter(isEvent).map(({ id }) => id);
  const again = await follow(['--after', first!], (some) => some.some(({ id }) => id === second));
  expect(again.filter(isEvent)[0]!.id).toBe(second);
});

it('schedules, connections, secrets and definitions are kept by commands', async () => {
  const ok = async (args: string[], input?: string) => {
    const ended = await fermata(args, {}, input);
    expect([ended.code, ended.err], args.join(' ')).toEqual([0, '']);
    return ended;
  };
  const schedule = 'id: cli-nightly\nworkflow: core.noop\nspec: { cron: ["0 3 * * *"] }\nnote: at night\n';
  expect((await ok(['schedules', 'create', '-f', '-'], schedule)).json()).toMatchObject({ id: 'cli-nightly' });
  // Temporal lists it a moment after it has created it.
  const listed = await until(
    () => ok(['schedules', 'list', '--table']),
    ({ out }) => out.includes('cli-nightly'),
  );
  expect(listed.out).toMatch(/^cli-nightly +core\.noop +false .* at night$/m);
  const paused = (await ok(['schedules', 'pause', 'cli-nightly', '--note', 'freeze'])).json();
  expect(paused).toMatchObject({ paused: true, note: 'at night', state_note: 'freeze' });
  expect((await ok(['schedules', 'resume', 'cli-nightly'])).json().paused).toBe(false);
  expect((await ok(['schedules', 'trigger', 'cli-nightly', '--overlap', 'skip', '--table'])).out).toMatch(
    /^triggered +\d+$/m,
  );
  const [from, to] = ['2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'];
  await ok(['schedules', 'backfill', 'cli-nightly', '--from', from, '--to', to]);
  await ok(['schedules', 'create', '-f', '-', '--replace'], schedule.replace('0 3', '0 4'));
  expect((await ok(['schedules', 'get', 'cli-nightly'])).json().spec).toEqual({ cron: ['0 4 * * *'] });
  await ok(['schedules', 'delete', 'cli-nightly']);
  const connection =
    'settings: { base_url: "https://x.example", email: a@example.com }\nsecrets: { token: hidden-token }\n';
  const set = await ok(['connections', 'set', 'jira', 'cli', '-f', '-'], connection);
  expect(set.out).not.toContain('hidden-token');
  expect((await ok(['connections', 'get', 'jira', 'cli'])).json()).toMatchObject({ pack: 'jira', name: 'cli' });
  expect((await ok(['connections', 'list', '--table'])).out).toMatch(/^jira +cli /m);
  await ok(['connections', 'delete', 'jira', 'cli']);
  await ok(['secrets', 'set', 'CLI_SECRET'], 'very hidden\n');
  expect((await ok(['secrets', 'list', '--table'])).out).toMatch(/^CLI_SECRET /m);
  await ok(['secrets', 'delete', 'CLI_SECRET']);
  await ok(['packs', 'create', 'fresh']);
  expect((await ok(['packs', 'list', '--table'])).out).toMatch(/^fresh +1\.0\.0 +fresh$/m);
  await ok(['apply', '-f', '-'], GREET.replaceAll('examples', 'fresh'));
  expect((await ok(['workflows', 'list', '--pack', 'fresh', '--table'])).out).toMatch(/^fresh\.greet +1\.0\.0 +true /m);
  expect((await ok(['workflows', 'get', 'fresh.greet'])).json().ref).toBe('fresh.greet');
  await ok(['workflows', 'delete', 'fresh.greet']);
  expect((await ok(['actions', 'get', 'core.http'])).json().ref).toBe('core.http');
  expect((await ok(['actions', 'list', '--pack', 'core', '--table'])).out).toMatch(/^core\.delay /m);
});

it('what an execution waits for is explained, logged and skipped', async () => {
  const definition = 'definition: { tasks: [{ name: wait, action: core.wait_signal, input: { name: go } }] }';
  await fermata(
    ['apply', '-f', '-'],
    {},
    `ref: examples.waits\npack_ref: examples\nlabel: x\nversion: 1.0.0\n${definition}\n`,
  );
  const { id } = (await fermata(['run', 'examples.waits'])).json();
  await until(
    () => fermata(['explain', String(id), '--table']),
    ({ out }) => out.includes('"wait" waits for the signal "go"'),
  );
  expect((await fermata(['skip', String(id), 'wait', '--output', '7', '--reason', 'enough'])).code).toBe(0);
  const { status, result } = (await fermata(['watch', String(id)]).then(() => fermata(['get', String(id)]))).json();
  expect([status, result]).toEqual(['completed', 7]);
  expect((await fermata(['logs', String(id), '--table'])).out).toMatch(/^TIMESTAMP +LEVEL +TASK +MESSAGE$/m);
});

describe('without a service', () => {
  it('says where it looked, or that nobody answers', async () => {
    const nowhere = await fermataProcess(['list'], { FERMATA_URL: '', FERMATA_API_KEY: '', FERMATA_DATA_DIR: folder });
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('no API configured')]);
    const silent = await fermataProcess(['list', '--url', 'http://127.0.0.1:1']);
    expect([silent.code, silent.err]).toEqual([3, 'fermata: http://127.0.0.1:1 does not respond\n']);
  });

  it.each([[['lst']], [['run']], [['list', '--url', 'nowhere']], [['list', '--colour']], [['run', 'a.b', '-i', 'x']]])(
    '%j is wrong usage',
    async (args) => {
      expect((await fermata(args)).code).toBe(2);
    },
  );

  it('finds what npm start has left', async () => {
    await write('dev.json', JSON.stringify({ url: harness.api.url, api_key: DEV_KEY }));
    const env = { FERMATA_URL: '', FERMATA_API_KEY: '', FERMATA_DATA_DIR: folder };
    expect((await fermata(['list'], env)).code).toBe(0);
  });
});

it('MCP is served over standard input and output', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [PROGRAM, 'mcp', '--url', harness.api.url, '--key', DEV_KEY],
  });
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(transport);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain('start_execution');
  const answer = await client.callTool({
    name: 'start_execution',
    arguments: { workflow: 'core.transform', input: { data: 7 }, idempotencyKey: 'stdio', wait: 60 },
  });
  expect(answer.structuredContent).toMatchObject({ finished: true, mode: 'manual' });
  const wrong = await client.callTool({ name: 'get_execution', arguments: { id: 999 } });
  expect(wrong.isError).toBe(true);
  await client.close();
});
