import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ERROR_STATUS, type ErrorCode } from '../../../model/app-error.ts';
import type { Principal } from '../../../model/principal.ts';
import { WEBHOOK_PRESETS } from '../../../model/webhook.ts';
import { WebhookCreateSchema } from '../../../model/webhook-requests.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { createWebhookService } from '../../../service/webhooks/webhooks.ts';
import { createWebhookStore, type WebhookStore } from '../../../store/access/webhooks.ts';
import { createTriggerStore } from '../../../store/rules/triggers.ts';
import { unreached } from '../test-app.ts';
import { type HookApp, openHookApp } from './hook-app.ts';

let app: HookApp;
beforeAll(async () => {
  app = await openHookApp();
});
afterAll(() => app.close());

const base = '/api/v1/webhooks';
const post = (body: object, key = 'ann') => app.call(key, 'POST', base, body);

it('a webhook is created, shown without its key and secret, changed in part, and deleted', async () => {
  const created = await post({ name: 'deploys', preset: 'github', label: 'Deployments', keep_headers: ['X-Region'] });
  expect([created.status, created.headers.location]).toEqual([201, `${base}/deploys`]);
  const { key, url, secret, ...shown } = created.body.data;
  expect(new URL(url).pathname).toBe(`/hooks/${key}`);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(shown).toEqual({
    name: 'deploys',
    preset: 'github',
    label: 'Deployments',
    type: null,
    trigger_ref: null,
    enabled: true,
    tolerance: 300,
    keep_headers: ['x-region'],
    settings: {},
    secrets: 1,
    key_prefix: key.slice(0, 8),
    old_key_until: null,
    last_event: null,
    refusals: { count: 0, last: null },
    warnings: [],
    created: expect.any(String),
    updated: expect.any(String),
  });
  expect((await app.call('ann', 'GET', `${base}/deploys`)).body.data).toEqual(shown);
  const changed = await app.call('ann', 'PUT', `${base}/deploys`, {
    label: null,
    type: 'com.example.deploy',
    secrets: ['one secret', 'another secret'],
    tolerance: 60,
  });
  const wanted = {
    ...shown,
    label: null,
    type: 'com.example.deploy',
    secrets: 2,
    tolerance: 60,
    updated: expect.any(String),
  };
  expect([changed.status, changed.body.data]).toEqual([200, wanted]);
  expect((await app.call('ann', 'PUT', `${base}/deploys`, {})).body.data).toEqual(wanted);
  const deleted = await app.call('ann', 'DELETE', `${base}/deploys`);
  expect([deleted.status, deleted.body]).toEqual([200, { success: true, message: "Webhook 'deploys' deleted" }]);
  expect((await app.call('ann', 'GET', `${base}/deploys`)).status).toBe(404);
});

it.each([
  ['standard-webhooks', /^whsec_[A-Za-z\d+/]{43}=$/],
  ['gitlab', /^[\w-]{43}$/],
  ['alertmanager', /^[\w-]{43}$/],
  ['bearer', /^[\w-]{43}$/],
])('a secret is generated for %s', async (preset, secret) => {
  const { body } = await post({ name: `generated-${preset}`, preset });
  expect([body.data.secret, body.data.secrets, body.data.warnings]).toEqual([expect.stringMatching(secret), 1, []]);
});

it.each(['stripe', 'slack', 'pagerduty'])('a secret is awaited from %s, which makes it', async (preset) => {
  const { body } = await post({ name: `awaited-${preset}`, preset });
  expect([body.data.secret, body.data.secrets]).toEqual([null, 0]);
  expect(body.data.warnings).toEqual([expect.objectContaining({ code: 'secret_missing', path: '/secret' })]);
  const changed = await app.call('ann', 'PUT', `${base}/awaited-${preset}`, { secret: 'made by the sender' });
  expect([changed.body.data.secrets, changed.body.data.warnings]).toEqual([1, []]);
});

it('a webhook that verifies nothing must be asked for, and warns', async () => {
  const refused = await post({ name: 'open', preset: 'none' });
  expect([refused.status, refused.body.issues]).toEqual([
    400,
    [expect.objectContaining({ path: '/insecure', code: 'required' })],
  ]);
  const { status, body } = await post({ name: 'open', preset: 'none', insecure: true });
  expect([status, body.data.secret, body.data.secrets]).toEqual([201, null, 0]);
  expect(body.data.warnings).toEqual([expect.objectContaining({ code: 'webhook_unverified', path: '/preset' })]);
});

it.each<[object, string[]]>([
  [{ preset: 'github' }, ['/name required']],
  [{ name: 'a b', preset: 'svix' }, ['/name value_invalid', '/preset value_invalid']],
  [
    { name: 'x', preset: 'github', secret: 'short', trigger: 'a.b' },
    ['/secret out_of_range', '/trigger unknown_field'],
  ],
  [
    { name: 'x', preset: 'github', tolerance: 29, keep_headers: ['a b'] },
    ['/tolerance out_of_range', '/keep_headers/0 value_invalid'],
  ],
  [{ name: 'x', preset: 'github', secrets: ['one secret', 'two secrets', 'three secrets'] }, ['/secrets out_of_range']],
  [{ name: 'x', preset: 'github', insecure: true }, ['/insecure without_effect']],
  [
    { name: 'x', preset: 'hmac', type: 'io.fermata.done', secret: 'with\nline', keep_headers: ['Cookie'] },
    [
      ...['header', 'algorithm', 'encoding', 'signed'].map((name) => `/settings/${name} required`),
      ...['/type type_reserved', '/keep_headers/0 value_invalid', '/secret value_invalid'],
    ],
  ],
])('is refused with all issues: %j', async (fields, issues) => {
  const { status, body } = await post(fields);
  const found = body.issues.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`);
  expect([status, body.code, found.sort()]).toEqual([400, 'request_invalid', issues.sort()]);
});

it('a change is checked with what stays', async () => {
  await post({ name: 'keyed', preset: 'bearer', settings: { header: 'X-Key' } });
  const change = async (fields: object) => {
    const { status, body } = await app.call('ann', 'PUT', `${base}/keyed`, fields);
    return [status, body.issues?.map(({ path }: { path: string }) => path) ?? body.data.settings];
  };
  expect(await change({ keep_headers: ['x-key'] })).toEqual([400, ['/keep_headers/0']]);
  expect(await change({ preset: 'none' })).toEqual([400, ['/preset']]);
  expect(await change({ settings: { prefix: 'v1=' } })).toEqual([400, ['/settings/prefix']]);
  expect(await change({ settings: {}, keep_headers: ['x-key'] })).toEqual([200, {}]);
  expect(await change({ settings: { header: 'x-key' } })).toEqual([400, ['/keep_headers/0']]);
});

it('everybody who may know what its senders need is a writer, until its secrets are replaced', async () => {
  const store = createWebhookStore(app.database.db);
  const [tenant, sealer] = [app.tenants.ann, createSealer(['another master key for tests, long enough'], 'connection')];
  const service = createWebhookService({
    store,
    triggers: createTriggerStore(app.database.db),
    sealer,
    tallies: { write: async () => undefined },
    clock: Date.now,
  });
  const as = (subject: string, onBehalfOf: string | null = null) => ({ tenant, subject, onBehalfOf }) as Principal;
  const name = 'known';
  const [first, second, third] = ['the first secret', 'the second secret', 'the third secret'];
  const writers = async () => (await store.find(tenant, name))!.writers;
  const request = WebhookCreateSchema.parse({ name, preset: 'github', secret: first });
  await service.create(as('bot', 'ann'), request);
  expect(await writers()).toEqual(['bot', 'ann']);
  await service.change(as('cleo'), name, { label: 'Known' });
  await service.rotate(as('dan'), name, 0);
  expect(await writers()).toEqual(['ann', 'bot', 'cleo', 'dan']);
  // The old secret still holds, and so does whoever knows it.
  await service.change(as('eve'), name, { secrets: [second, first] });
  expect(await writers()).toEqual(['ann', 'bot', 'cleo', 'dan', 'eve']);
  await service.change(as('eve'), name, { secret: second });
  expect(await writers()).toHaveLength(5);
  await service.change(as('eve'), name, { secret: third });
  expect(await writers()).toEqual(['eve']);
  // Nobody knows what was sealed with another key, or replaced meanwhile.
  await store.change(tenant, name, { subjects: ['fay'], replaced: 'what was sealed before' }, { sealed: 'x' });
  expect(await writers()).toEqual(['eve', 'fay']);
  await service.change(as('guy'), name, { secret: first });
  expect(await writers()).toEqual(['eve', 'fay', 'guy']);
});

it('a change writes what it was given alone, whatever else has changed since the webhook was read', async () => {
  await post({ name: 'raced', preset: 'github', secret: 'the old secret', keep_headers: ['x-old'] });
  const store = createWebhookStore(app.database.db);
  const tenant = app.tenants.ann;
  const others = {
    enabled: false,
    keepHeaders: ['x-new'],
    sealed: 'sealed again',
    secrets: 2,
    tolerance: 60,
    type: 'a',
  };
  const late: WebhookStore = {
    ...store,
    async find(...wanted) {
      const found = await store.find(...wanted);
      await store.change(tenant, 'raced', { subjects: ['bob'], replaced: null }, others);
      return found;
    },
  };
  const service = createWebhookService({
    store: late,
    triggers: createTriggerStore(app.database.db),
    sealer: unreached('the sealer'),
    tallies: { write: async () => undefined },
    clock: Date.now,
  });
  await service.change({ tenant, subject: 'ann', onBehalfOf: null } as Principal, 'raced', { label: 'Raced' });
  expect(await store.find(tenant, 'raced')).toMatchObject({ ...others, label: 'Raced' });
});

it('a trigger that a webhook names must exist, and stays while it is named', async () => {
  await app.declare('ann', { ref: 'shop.sold', type: 'com.example.sold', schema: null });
  const refused = await post({ name: 'sales', preset: 'github', trigger_ref: 'shop.none' });
  expect(refused.body.issues).toEqual([expect.objectContaining({ path: '/trigger_ref', code: 'unknown_trigger' })]);
  const both = await post({ name: 'sales', preset: 'github', trigger_ref: 'shop.sold', type: 'a' });
  expect(both.body.issues).toEqual([expect.objectContaining({ path: '/type', code: 'without_effect' })]);
  const foreign = await post({ name: 'sales', preset: 'github', trigger_ref: 'shop.sold' }, 'bob');
  expect(foreign.status).toBe(400);
  expect((await post({ name: 'sales', preset: 'github', trigger_ref: 'shop.sold' })).body.data.trigger_ref).toBe(
    'shop.sold',
  );
  const triggers = createTriggerStore(app.database.db);
  expect(await triggers.remove(app.tenants.ann, 'shop.sold')).toEqual({ webhook: 'sales' });
  await app.call('ann', 'PUT', `${base}/sales`, { trigger_ref: null });
  expect(await triggers.remove(app.tenants.ann, 'shop.sold')).toBeNull();
});

it('a webhook that a rule names cannot be deleted', async () => {
  await post({ name: 'named', preset: 'github' });
  const { db } = app.database;
  const pack = await app.packOf('ann');
  await db.execute(sql`insert into rules (tenant, pack, ref, label, enabled, revision, type, webhook, owner, owner_subject)
    values (${app.tenants.ann}, ${pack}, 'shop.rule', 'x', true, 1, '*', 'named', 1, 'ann')`);
  const remove = () => app.call('ann', 'DELETE', `${base}/named`);
  const refused = await remove();
  expect([refused.status, refused.body.code]).toEqual([409, 'webhook_in_use']);
  expect(refused.body.error).toBe('webhook "named" is used by the rule "shop.rule"');
  await db.execute(sql`delete from rules where ref = 'shop.rule'`);
  expect((await remove()).status).toBe(200);
});

it('names belong to a tenant, which sees no other', async () => {
  const fields = { name: 'twice', preset: 'github' };
  expect((await post(fields)).status).toBe(201);
  const again = await post(fields);
  expect([again.status, again.body.code]).toEqual([409, 'webhook_exists']);
  expect((await app.call('bob', 'GET', base)).body.data).toEqual([]);
  for (const [method, path, body] of [
    ['GET', ''],
    ['PUT', '', {}],
    ['POST', '/rotate', {}],
    ['DELETE', ''],
  ] as const) {
    const foreign = await app.call('bob', method, `${base}/twice${path}`, body);
    const unknown = await app.call('bob', method, `${base}/nothing${path}`, body);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'webhook_not_found']);
    expect(foreign.body.error).toBe(unknown.body.error.replace('nothing', 'twice'));
  }
  expect((await post(fields, 'bob')).status).toBe(201);
  const { body } = await app.call('ann', 'GET', base);
  const names = body.data.map(({ name }: { name: string }) => name);
  expect(names).toEqual([...names].sort());
});

const page = readFileSync('docs/webhooks.md', 'utf8');
const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);

it('every webhook on docs/webhooks.md can be created, and the program of yours can send to it', async () => {
  const created = await Promise.all(
    blocks('json').map(async (text) => {
      const { status, body } = await app.call('ann', 'POST', '/api/v1/webhooks', JSON.parse(text));
      expect([text, status]).toEqual([text, 201]);
      return body.data;
    }),
  );
  expect(created.map(({ preset }) => preset)).toEqual(['github', 'stripe', 'alertmanager', 'hmac']);
  const [script] = blocks('sh');
  const { url, secret } = created.at(-1);
  const env = { PATH: process.env.PATH, HOOK_URL: url, HOOK_SECRET: secret };
  const send = async () => JSON.parse((await promisify(execFile)('sh', ['-c', script!], { env })).stdout);
  const first = await send();
  expect(first).toEqual({ data: { id: expect.any(Number), duplicate: false } });
  expect(await send()).toEqual({ data: { id: first.data.id, duplicate: true } });
});

it('what an Alertmanager is told on docs/webhooks.md is what it is verified by', async () => {
  const [config] = blocks('yaml').map((text) => parse(text));
  const [{ url, http_config }] = config.receivers[0].webhook_configs;
  expect(new URL(url).pathname).toMatch(/^\/hooks\/whk_/);
  const { credentials: secret } = http_config.authorization;
  const { body } = await app.call('ann', 'POST', '/api/v1/webhooks', {
    name: 'documented',
    preset: 'alertmanager',
    secret: secret.replaceAll(' ', '-'),
  });
  const answer = await app.send(new URL(body.data.url).pathname, {
    headers: { authorization: `Bearer ${secret.replaceAll(' ', '-')}`, 'content-type': 'application/json' },
    body: '{"status":"firing"}',
  });
  expect(answer.status).toBe(202);
});

it('docs/webhooks.md has every preset once, and the codes with their statuses', () => {
  const presets = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(presets).toEqual([...WEBHOOK_PRESETS]);
  const rows = [...page.matchAll(/^\| ([45]\d\d) (.*?) \|/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, status, codes] of rows) {
    for (const [, code] of codes!.matchAll(/`(\w+)`/g)) {
      expect([code, ERROR_STATUS[code as ErrorCode]]).toEqual([code, Number(status)]);
    }
  }
});
