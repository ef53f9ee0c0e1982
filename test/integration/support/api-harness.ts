import type { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { expect, inject } from 'vitest';
import { type RunningApi, startApi } from '../../../composition/api/api.ts';
import type { ApiOptions } from '../../../composition/api/options.ts';
import { ensureDefaults, publishExamples } from '../../../composition/bootstrap.ts';
import { actionsOver, createWorkerDesk } from '../../../composition/reach.ts';
import { keepRunning } from '../../../composition/run.ts';
import { createEgress } from '../../../egress/egress.ts';
import { createRunReports } from '../../../service/index/reports.ts';
import type { OpenDatabase } from '../../../store/database.ts';
import { createExecutionStore } from '../../../store/executions/executions.ts';
import { SEALED_CONVERTERS } from '../../../temporal/codec/codec.ts';
import { bundleWorkflows } from '../../../worker/bundle.ts';
import { createPermits, createWorker, type WorkerSize } from '../../../worker/worker.ts';
import { createDocumentCheck } from '../../api/document-checks.ts';
import { connectPatiently } from './patient-connection.ts';
import { openPrepared, preparedBundle } from './prepared.ts';
import { send } from './requests.ts';
import { endIdleThreads } from './workflow-threads.ts';

/** An answer of the API. Bodies are read by what each test expects of them. */
export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies that the schema of the route has checked
  body: any;
}

/** How large a worker is, and which master keys it has. */
type WorkerSettings = WorkerSize & { interrupt?: AbortSignal; secretKeys?: readonly string[] };

/** The whole product over a real server and a real database, on free ports. */
export interface ApiHarness {
  api: RunningApi;
  connection: Connection;
  database: OpenDatabase;
  stopWorker(): Promise<void>;
  startWorker(settings?: WorkerSettings): Promise<void>;
  /** Calls the API as `dev`, and checks the answer against openapi.json. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

/** The systems that tests call are on this machine. */
const LOCAL = { allowed: ['loopback'] };

export const DEV_KEY = 'fmt_test-key-of-the-developer';
export const SECRET_KEY = 'a master key for tests, long enough for one';
export const APPROVER_KEY = 'fmt_test-key-of-the-approver';

/** Starts API, worker and database in this process, over one namespace of the shared Temporal server. */
export async function createApiHarness(
  namespace: string,
  options: {
    address?: string;
    worker?: boolean;
    /** One that the test has opened, and that the harness closes; else a new Postgres database. */
    database?: OpenDatabase;
    access?: Partial<Omit<ApiOptions, 'connection' | 'namespace' | 'database'>>;
  } = {},
): Promise<ApiHarness> {
  const { address = inject('temporalAddress') } = options;
  const database = options.database ?? (await openPrepared());
  await ensureDefaults(database.db, { dev: DEV_KEY, approver: APPROVER_KEY });
  const connection = await connectPatiently(address);
  const native = await NativeConnection.connect({ address });
  const log = pino({ level: 'silent' });
  const api = await startApi({
    connection,
    namespace,
    database,
    host: '127.0.0.1',
    port: 0,
    log,
    secretKeys: [SECRET_KEY],
    egress: LOCAL,
    ...options.access,
  });
  await publishExamples(api, await api.principals.authenticate(DEV_KEY));
  const reports = createRunReports({ store: createExecutionStore(database.db), namespace, log });
  const stopReports = keepRunning(reports.run);
  const codec = options.access?.codec;
  const bundle =
    options.worker === false
      ? null
      : codec === undefined
        ? await preparedBundle()
        : await bundleWorkflows(SEALED_CONVERTERS);
  let stopWorker = async () => {};
  const startWorker = async ({ secretKeys = [SECRET_KEY], interrupt, ...size }: WorkerSettings = {}): Promise<void> => {
    if (bundle === null) return;
    const egress = createEgress(LOCAL);
    const actions = actionsOver(
      createWorkerDesk(database.db, secretKeys),
      { egress },
      { connection: native, namespace, codec },
    );
    const { take: report } = reports;
    const worker = await createWorker({
      permits: createPermits(size),
      connection: native,
      namespace,
      bundle,
      actions,
      codec,
      report,
      ...(interrupt === undefined ? {} : { interrupt }),
    });
    const running = worker.run();
    stopWorker = async () => {
      stopWorker = async () => {};
      worker.shutdown();
      await running;
      await egress.close();
    };
  };
  await startWorker();
  const checkAnswer = await checkOf(api, codec !== undefined);
  return {
    api,
    connection,
    database,
    stopWorker: () => stopWorker(),
    startWorker: async (settings) => {
      await endIdleThreads();
      await startWorker(settings);
    },
    call: async (method, path, body, headers = {}) => {
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const reply = await send(api.url + path, {
        method,
        headers: { 'x-api-key': DEV_KEY, ...type, ...headers },
        ...(sent === undefined ? {} : { body: sent }),
      });
      const answer: Answer = { status: reply.status, headers: reply.headers, body: JSON.parse(await reply.text()) };
      checkAnswer(method, path, answer);
      return answer;
    },
    close: async () => {
      await stopWorker();
      await stopReports();
      await api.close();
      await native.close();
      await connection.close();
      await database.close();
    },
  };
}

/** The checks of this process: every API has the same document, but for the routes of the codec. */
const checks = new Map<boolean, ReturnType<typeof createCheck>>();

async function checkOf(api: RunningApi, hasCodec: boolean): Promise<ReturnType<typeof createCheck>> {
  const known = checks.get(hasCodec);
  if (known !== undefined) return known;
  const made = createCheck(await (await fetch(`${api.url}/openapi.json`)).json());
  checks.set(hasCodec, made);
  return made;
}

/** Makes a check of answers against an OpenAPI document. */
// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked here, as data
function createCheck(document: any): (method: string, path: string, answer: Answer) => void {
  const names = Object.keys(document.paths).sort((a, b) => a.split('{').length - b.split('{').length);
  const patterns = names.map((name) => [name, new RegExp(`^${name.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`)] as const);
  const schemas = schemasOfAnswers(document);
  const check = createDocumentCheck(document.components.schemas, schemas);
  return (method, path, { status, body }) => {
    const [plain = ''] = path.split('?');
    const [template] = patterns.find(([, pattern]) => pattern.test(plain)) ?? [];
    if (template === undefined || document.paths[template][method.toLowerCase()] === undefined) {
      expect(status, `${method} ${path} is not in openapi.json`).toBeGreaterThanOrEqual(400);
      return;
    }
    const name = `${method} ${template} ${status}`;
    expect(schemas[name], `${name} is not documented: ${JSON.stringify(body)}`).toBeDefined();
    expect(check(name, body), name).toEqual([]);
  };
}

/** Returns the schemas of all answers in JSON that an OpenAPI document has, by method, path and status. */
// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is walked here, as data
function schemasOfAnswers({ paths }: any): Record<string, object> {
  const schemas: Record<string, object> = {};
  for (const template of Object.keys(paths)) {
    for (const method of Object.keys(paths[template])) {
      const { responses } = paths[template][method];
      for (const status of Object.keys(responses)) {
        const schema = responses[status].content?.['application/json']?.schema;
        if (schema !== undefined) schemas[`${method.toUpperCase()} ${template} ${status}`] = schema;
      }
    }
  }
  return schemas;
}
