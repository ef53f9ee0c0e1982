import { createHmac, randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { pino } from 'pino';
import { type ParseJobs, parseBody } from '../../../api/http/body-parser.ts';
import { SERIALIZERS } from '../../../composition/logger.ts';
import { drainServer, listen } from '../../../composition/server.ts';
import { AppError } from '../../../model/app-error.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { Permission } from '../../../model/permissions.ts';
import type { Principal } from '../../../model/principal.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { createIntake, type Intake } from '../../../service/events/intake.ts';
import { createHookService } from '../../../service/webhooks/hooks.ts';
import { createWebhookTallies } from '../../../service/webhooks/tallies.ts';
import { createWebhookService } from '../../../service/webhooks/webhooks.ts';
import { createWebhookStore } from '../../../store/access/webhooks.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createDefinitionStore } from '../../../store/definitions/definitions.ts';
import { createEventStore } from '../../../store/events/events.ts';
import { createTriggerStore } from '../../../store/rules/triggers.ts';
import { openPreparedEmbedded } from '../../integration/support/prepared.ts';
import { NO_RUSHES } from '../../service/events/no-rushes.ts';
import { createTestApp } from '../test-app.ts';

/** The answer to a request. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every kind
  body: any;
}

/** A request as any program may send it: a header with a list is sent several times. */
export interface Sent {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}

/** The API with webhooks over a real database, and everything that it has logged. */
export interface HookApp {
  database: OpenDatabase;
  log: string[];
  /** The time of the service, in milliseconds. */
  now: { value: number };
  tenants: Record<'ann' | 'bob', string>;
  /** Calls the API with a key: `ann` and `bob` manage the webhooks of a tenant each. */
  call(key: string, method: string, path: string, body?: unknown): Promise<Reply>;
  send(path: string, sent?: Sent): Promise<Reply>;
  /** Returns the id of a pack of a tenant. */
  packOf(key: 'ann' | 'bob'): Promise<number>;
  /** Creates a trigger. */
  declare(key: 'ann' | 'bob', trigger: { ref: string; type: string; schema: JsonObject | null }): Promise<void>;
  close(): Promise<void>;
}

/** Serves the API; `intake` replaces the real one. */
export async function openHookApp(options: { hookRate?: number; intake?: Intake } = {}): Promise<HookApp> {
  const database = await openPreparedEmbedded();
  const lines: string[] = [];
  const log = pino({ level: 'trace', serializers: SERIALIZERS }, { write: (line: string) => void lines.push(line) });
  const now = { value: Date.now() };
  const clock = () => now.value;
  const store = createWebhookStore(database.db);
  const triggers = createTriggerStore(database.db);
  const sealer = createSealer(['a master key for tests, long enough'], 'connection');
  const tallies = createWebhookTallies({ store, log, clock });
  const intake =
    options.intake ??
    createIntake({
      store: createEventStore(database.db),
      triggers,
      backlog: { demandRoom: () => undefined },
      rushes: NO_RUSHES,
      onRecorded: () => undefined,
    });
  const tenants = { ann: randomUUID(), bob: randomUUID() };
  const app = createTestApp(
    {},
    {
      principals: { authenticate: async (key: string | undefined) => principalOf(key, tenants) },
      webhooks: createWebhookService({ store, triggers, sealer, tallies, clock }),
      hooks: createHookService({ store, sealer, intake, tallies, clock }),
      hookRate: options.hookRate ?? 0,
      corsOrigins: ['https://portal.example.com'],
      // In the thread of the test.
      pool: {
        run: async (_: string, __: string, { type, bytes }: ParseJobs['parse']['input']) => parseBody(type, bytes),
      },
      log,
    },
  );
  const { server, port } = await listen(app.fetch, '127.0.0.1', 0);
  const definitions = createDefinitionStore(database.db);
  async function packOf(key: 'ann' | 'bob'): Promise<number> {
    await definitions.ensurePacks(tenants[key], [{ ref: 'shop', label: 'Shop' }]);
    return (await definitions.findPack(tenants[key], 'shop'))!;
  }
  const send = (path: string, sent: Sent = {}) => exchange(port, path, sent);
  return {
    database,
    log: lines,
    now,
    tenants,
    send,
    packOf,
    async declare(key, { ref, type, schema }) {
      const fields = { ref, type, schema, label: 'x', description: null, examples: [] };
      await triggers.create(tenants[key], await packOf(key), fields);
    },
    call: (key, method, path, body) =>
      send(path, {
        method,
        headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    close: async () => {
      await drainServer(server);
      await database.close();
    },
  };
}

/** Signs a body as GitHub does. */
export function signedLike(secret: string, body: string | Uint8Array): Record<string, string> {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return { 'content-type': 'application/json', 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${signature}` };
}

function principalOf(key: string | undefined, tenants: Record<string, string>): Principal {
  const tenant = tenants[key ?? ''];
  const permissions: Permission[] = ['secret:write'];
  if (tenant === undefined) throw new AppError('unauthenticated', 'the API key is invalid, expired or revoked');
  return {
    id: 1,
    subject: key!,
    kind: 'person',
    onBehalfOf: null,
    tenant,
    tenantRef: key!,
    roles: [],
    permissions,
    groups: [],
  };
}

function exchange(port: number, path: string, { method = 'POST', headers = {}, body }: Sent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, async (response) => {
      response.setEncoding('utf8');
      let text = '';
      try {
        for await (const chunk of response) text += chunk;
      } catch (error) {
        reject(error);
      }
      const isJson = response.headers['content-type']?.includes('json') === true && text !== '';
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : undefined,
      });
    });
    // A refused body is not read to its end.
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    asked.end(body);
  });
}
