import { readdir, readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listeningPorts } from '../../dev/listening-ports.ts';
import { until } from '../integration/support/until.ts';
import { createWebServer, type WebServer } from '../integration/support/web-server.ts';
import { call, createDevFolder, isRunning, NODE_WARNING, type Running, run } from './processes.ts';

let dev: Awaited<ReturnType<typeof createDevFolder>>;
let web: WebServer;
let fermata: Running;
beforeAll(async () => {
  [dev, web] = await Promise.all([createDevFolder('new'), createWebServer()]);
  // A proxy that nobody serves: what is on this machine is reached without it.
  Object.assign(dev.env, { http_proxy: 'http://127.0.0.1:1', grpc_proxy: 'http://127.0.0.1:1' });
});
afterAll(async () => {
  const left = await dev.temporalPid().catch(() => null);
  fermata.child.kill('SIGKILL');
  if (left !== null && isRunning(left)) process.kill(left, 'SIGKILL');
  await web.close();
  await dev.remove();
});

it('starts everything, runs the first example and says where to look', async () => {
  fermata = run('dev/main.ts', dev.env);
  await fermata.until('Ctrl-C stops everything');
  const file = await dev.devFile();
  expect(fermata.said()).toMatch(/Ran examples\.first_run \(execution \d+\): completed/);
  expect(fermata.said()).toContain('"greeting":"Hello, Fermata","status_code":200');
  for (const word of [`${file.url}/docs`, file.temporal_ui!, file.api_key, file.approver_key]) {
    expect(fermata.said()).toContain(word);
  }
  expect(file.pid).toBe(fermata.child.pid);
  for (const name of ['dev.json', 'dev-keys.json']) {
    expect((await stat(join(dev.folder, name))).mode & 0o777, name).toBe(0o600);
  }
  expect((await fetch(file.temporal_ui!)).status).toBe(200);
  expect((await fetch(`${file.url}/docs`)).status).toBe(200);
  expect(await (await fetch(`${file.url}/console`)).text()).toMatch(/console\/assets\/main-\w+\.js/);
  const [, code] = /\/console\/sign-in#code=([\w-]+)/.exec(fermata.said())!;
  const signIn = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code }) };
  const statuses = [1, 2].map(() => fetch(`${file.url}/api/v1/session`, signIn).then(({ status }) => status));
  expect((await Promise.all(statuses)).sort()).toEqual([201, 401]);
});

it('the curl line that it prints works as it stands', async () => {
  const { exec } = await import('node:child_process');
  const command = /curl -s [\s\S]*?executions$/m.exec(fermata.said())![0];
  const output = await new Promise<string>((resolve, reject) => {
    exec(command, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
  expect(JSON.parse(output).data).toMatchObject({ status: 'completed', action_ref: 'examples.first_run' });
});

it('no port of Temporal can be reached by an action, whatever it is called; the API can', async () => {
  const { url, api_key, temporal_ui, temporal_address } = await dev.devFile();
  const pid = await dev.temporalPid();
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const given = ['--port', '--ui-port', '--http-port', '--metrics-port'].map(
    (name) => command[command.indexOf(name) + 1]!,
  );
  // Its inner services choose their ports themselves.
  const ports = (await listeningPorts(pid)).map(String);
  expect(ports).toEqual(expect.arrayContaining(given));
  expect(ports.length).toBeGreaterThan(given.length);
  expect(ports).toContain(new URL(temporal_ui!).port);
  expect(ports).toContain(temporal_address.split(':')[1]);
  const own = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const addresses = own.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
  const hosts = [...new Set([...addresses, 'localhost', '[::ffff:127.0.0.1]', '2130706433', '[64:ff9b::7f00:1]'])];
  const targets = [
    ...ports.flatMap((port) => hosts.map((host) => `http://${host}:${port}/`)),
    `${web.url}/redirect?to=${encodeURIComponent(`${temporal_ui}/api/v1/namespaces`)}`,
  ];
  const tasks = [
    {
      name: 'reach',
      action: 'core.http',
      with_items: '{{ parameters.targets }}',
      on_item_failure: 'finish',
      input: { url: '{{ item }}' },
      on_failure: 'look',
    },
    { name: 'look', action: 'core.http', input: { url: '{{ parameters.api }}' } },
  ];
  const ref = 'examples.outward';
  await call(url, api_key, '/api/v1/workflows', {
    ref,
    pack_ref: 'examples',
    label: ref,
    version: '1.0.0',
    definition: { tasks },
  });
  const { data } = await call(url, api_key, '/api/v1/executions', {
    action_ref: ref,
    parameters: { targets, api: `${url}/healthz` },
    wait: 60,
  });
  expect(data.status).toBe('completed');
  const items = (data.tasks as { key: string; error: { type: string } | null }[]).filter(({ key }) =>
    key.includes('['),
  );
  expect(items.map(({ error }) => error?.type)).toEqual(targets.map(() => 'egress_denied'));
});

it('a second start finds the first one and says so', async () => {
  const second = run('dev/main.ts', dev.env);
  await second.until('already running at');
  expect(second.said()).toContain((await dev.devFile()).url);
  expect(await second.exit).toBe(1);
  expect(isRunning(fermata.child.pid!)).toBe(true);
});

it('a port that is taken is named', async () => {
  const other = await createDevFolder('new');
  const { temporal_address } = await dev.devFile();
  const port = temporal_address.split(':')[1]!;
  const refused = run('dev/main.ts', { ...other.env, FERMATA_TEMPORAL_PORT: port });
  await refused.until(`port ${port} (FERMATA_TEMPORAL_PORT) is in use`);
  expect(await refused.exit).toBe(1);
  await other.remove();
});

/** The process that ends a Temporal server with its parent: the shell whose last argument is the server's process id. */
async function watchOf(temporal: number): Promise<number> {
  for (const pid of await readdir('/proc')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.startsWith('/bin/sh\0') && command.endsWith(`\0${temporal}\0`)) return Number(pid);
  }
  throw new Error(`nobody watches the Temporal server ${temporal}`);
}

it('after kill -9 the next start ends a Temporal server that has outlived everything, goes on with the open runs and keeps keys and definitions', async () => {
  const { url, api_key, worker_pid: worker } = await dev.devFile();
  const task = { name: 'a', action: 'core.http', input: { url: `${web.url}/flaky/1` }, retry: { count: 3, delay: 8 } };
  const definition = { tasks: [task, { name: 'b', action: 'core.http', input: { url: `${web.url}/ok` } }] };
  const ref = 'examples.survivor';
  await call(url, api_key, '/api/v1/workflows', {
    ref,
    pack_ref: 'examples',
    label: ref,
    version: '1.0.0',
    definition,
  });
  const { data } = await call(url, api_key, '/api/v1/executions', { action_ref: ref });
  await until(
    () => call(url, api_key, `/api/v1/executions/${data.id}`),
    (now) => now.data.waiting_for[0]?.kind === 'retry',
  );
  const temporal = await dev.temporalPid();
  expect([temporal, worker].map(isRunning)).toEqual([true, true]);
  // Without its watch, a server that is stopped outlives its parent.
  process.kill(await watchOf(temporal), 'SIGKILL');
  process.kill(temporal, 'SIGSTOP');
  await fermata.end('SIGKILL');
  fermata = run('dev/main.ts', dev.env);
  await fermata.until(`left running (process ${temporal})`);
  process.kill(temporal, 'SIGCONT');
  await fermata.until('Ctrl-C stops everything');
  expect(isRunning(temporal)).toBe(false);
  // The old worker ends by itself, for which the start does not wait.
  await until(
    async () => isRunning(worker),
    (isLeft) => !isLeft,
  );
  const again = await dev.devFile();
  expect(again.api_key).toBe(api_key);
  expect(again.worker_pid).not.toBe(worker);
  expect(await dev.temporalPid()).not.toBe(temporal);
  const done = await until(
    () => call(again.url, api_key, `/api/v1/executions/${data.id}`),
    (now) => now.data.status === 'completed',
  );
  expect(done.data).toMatchObject({ result: { status_code: 200, body: { ok: true } }, projection: 'complete' });
  expect(web.asked.filter((path) => path === '/flaky/1')).toHaveLength(2);
});

it('Ctrl-C stops everything cleanly: no process, no lock, no dev.json is left', async () => {
  const temporal = await dev.temporalPid();
  const { worker_pid: worker } = await dev.devFile();
  expect(await fermata.end('SIGINT')).toBe(0);
  expect(fermata.said()).toContain('Stopped.');
  expect(fermata.said()).not.toMatch(NODE_WARNING);
  expect([temporal, worker].map(isRunning)).toEqual([false, false]);
  const left = await readdir(dev.folder);
  for (const name of ['dev.json', 'temporal.json', 'lock']) expect(left).not.toContain(name);
});

it('refuses bad settings by name', async () => {
  const refused = run('dev/main.ts', { ...dev.env, FERMATA_PORT: 'eighty' });
  await refused.until('FERMATA_PORT: must be a whole number from 0 to 65535');
  expect(await refused.exit).toBe(1);
});

it('Ctrl-C while it starts leaves nothing behind either', async () => {
  const other = await createDevFolder();
  const early = run('dev/main.ts', other.env);
  await early.until('Starting Temporal');
  expect(await early.end('SIGINT')).toBe(0);
  const left = await readdir(other.folder);
  for (const name of ['dev.json', 'temporal.json', 'lock']) expect(left).not.toContain(name);
  await other.remove();
});
