import { access, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ConfigSchema } from '../../model/config.ts';

// No container engine takes part in the tests: what the files say is held against what is there.

interface Service {
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, unknown>;
  volumes?: string[];
  ports?: string[];
  mem_limit?: string;
}

const compose = async () =>
  parse(await readFile('compose.yaml', 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
    volumes: Record<string, null>;
  };

it('compose.yaml gives every process settings that there are, and what it cannot do without', async () => {
  const { services } = await compose();
  for (const name of ['api', 'worker']) {
    const { environment = {} } = services[name]!;
    expect(Object.keys(environment).filter((setting) => !Object.hasOwn(ConfigSchema.shape, setting))).toEqual([]);
    expect(Object.keys(environment)).toEqual(
      expect.arrayContaining(['TEMPORAL_ADDRESS', 'DATABASE_URL', 'FERMATA_SECRET_KEY', 'FERMATA_METRICS_PORT']),
    );
  }
});

it('compose.yaml names services and volumes that it has', async () => {
  const { services, volumes } = await compose();
  const named = Object.values(services).flatMap(({ depends_on = {} }) => Object.keys(depends_on));
  expect(named.filter((name) => !Object.hasOwn(services, name))).toEqual([]);
  const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
  expect(mounted.map((volume) => volume.split(':')[0]).sort()).toEqual(Object.keys(volumes).sort());
});

it('compose.yaml serves nothing to other machines unless it is told so, and bounds the memory of what tenants use', async () => {
  const { services } = await compose();
  const published = Object.values(services).flatMap(({ ports = [] }) => ports);
  expect(published.length).toBeGreaterThan(0);
  expect(published.filter((port) => !/^(127\.0\.0\.1|\$\{FERMATA_BIND:-127\.0\.0\.1\}):/.test(port))).toEqual([]);
  for (const name of ['api', 'worker']) expect(services[name]!.mem_limit).toMatch(/^\$\{FERMATA_MEMORY:-\d+g\}$/);
});

it('images run what package.json runs, and carry what that needs', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
  const { services } = await compose();
  expect(services.api!.command!.join(' ')).toBe(scripts['start:api']);
  expect(services.worker!.command!.join(' ')).toBe(scripts['start:worker']);
  const left = (await readFile('.dockerignore', 'utf8')).split('\n');
  // It is built from the module of that name.
  for (const { command } of [services.api!, services.worker!]) {
    await access(command!.at(-1)!.replace(/^dist\/(.*)\.js$/, '$1.ts'));
  }
  for (const folder of ['api', 'worker', 'workflows', 'store', 'interpreter', 'package.json']) {
    expect(left).not.toContain(folder);
  }
  const [command] = /^CMD (\[.*\])$/m.exec(await readFile('Dockerfile', 'utf8'))!.slice(1);
  expect(JSON.parse(command!).join(' ')).toBe(scripts['start:api']);
});
