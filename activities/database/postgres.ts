import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { portOf } from '../../egress/egress.ts';
import type { ConnectionOf } from '../../model/connection.ts';
import type { Json } from '../../model/json.ts';
import { type ActionContext, ActionError } from '../action.ts';
import { SESSION_SETTINGS } from './types.ts';

/** Bytes that a server may send over one connection, which does one statement. */
const MAX_WIRE_BYTES = 16_000_000;

/** Milliseconds for a connection to be made, and to be closed once it has been used. */
const CONNECT_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 1_000;

/** Milliseconds that PostgreSQL can count to. */
const MAX_STATEMENT_TIMEOUT = 2 ** 31 - 1;

/** Classes of SQLSTATE after which another attempt makes sense: connection, transaction rollback, resources, intervention. */
const PASSING = ['08', '40', '53', '57'];

/**
 * Connects to PostgreSQL for one statement. Fails with `database_error`, whose code is the SQLSTATE or the system's own, and with
 * `too_large` when the server sends more than 16 MB. A statement that is given up is cancelled on the server.
 */
export async function withClient(
  connection: ConnectionOf<'database'>,
  { addressOf, signal, timeout }: ActionContext,
  work: (client: pg.Client) => Promise<Json>,
): Promise<Json> {
  let client: pg.Client | null = null;
  let config: pg.ClientConfig = {};
  const stop = () => {
    if (client === null) return;
    void cancelStatement(config, client).finally(() => client && close(client));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    config = await configOf(connection, addressOf);
    client = await connected(config, Math.min(Math.ceil(timeout), MAX_STATEMENT_TIMEOUT), signal);
    const broken = once(client, 'error').then(([error]) => Promise.reject(error));
    broken.catch(() => undefined);
    // The driver forgets a statement whose connection breaks between its last row and its end.
    return await Promise.race([work(client), broken]);
  } catch (error) {
    if (error instanceof ActionError && error.type === 'too_large') stop();
    throw failureOf(error);
  } finally {
    signal.removeEventListener('abort', stop);
    if (client !== null) close(client);
  }
}

async function configOf(
  { secrets }: ConnectionOf<'database'>,
  addressOf: ActionContext['addressOf'],
): Promise<pg.ClientConfig> {
  const url = new URL(secrets.url);
  const ssl = url.searchParams.get('sslmode');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = portOf(url);
  const password = decodeURIComponent(url.password);
  const config: pg.ClientConfig = {
    user: decodeURIComponent(url.username),
    // A function, so that an empty one is not replaced with the password in the environment of the worker.
    password: () => password,
    host: await addressOf(host, port),
    port,
    database: decodeURIComponent(url.pathname.slice(1)),
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    application_name: 'fermata',
  };
  if (ssl === null || ssl === 'disable') return config;
  return { ...config, ssl: { servername: host, rejectUnauthorized: ssl !== 'require' && ssl !== 'prefer' } };
}

/**
 * Connects with a `statement_timeout` of so many milliseconds, and with the settings by which values are read. A proxy that refuses these
 * at the start, or keeps them from the server, is told them by a statement.
 */
async function connected(config: pg.ClientConfig, timeout: number, signal: AbortSignal): Promise<pg.Client> {
  const settings = Object.entries(SESSION_SETTINGS);
  const options = settings.map(([name, value]) => `-c ${name}=${value}`).join(' ');
  const client = await connect({ ...config, statement_timeout: timeout, options }).catch((error: Error) => {
    // The statement is still cancelled when the attempt is over.
    if (isRefusal(error)) return connect(config);
    throw error;
  });
  try {
    if (!isSet(client)) await client.query(settings.map(([name, value]) => `SET ${name} = '${value}'`).join('; '));
    if (!signal.aborted) return client;
  } catch (error) {
    close(client);
    throw error;
  }
  close(client);
  throw signal.reason;
}

/** Reports whether a server refuses parameters of the start: PgBouncer knows only some of them, RDS Proxy no options. */
function isRefusal(error: Error): boolean {
  const { code } = error as { code?: string };
  return code === '08P01' || code === '0A000' || /unsupported startup parameter/.test(error.message);
}

/** Reports whether a connection has the settings: a server says some of them at the start, of which one is not its own default. */
function isSet(client: pg.Client): boolean {
  const { IntervalStyle, TimeZone } = SESSION_SETTINGS;
  const reported = REPORTED.get(client);
  const dates = reported?.get('DateStyle')?.replaceAll(' ', '');
  return (
    dates === SESSION_SETTINGS.DateStyle &&
    reported?.get('IntervalStyle') === IntervalStyle &&
    reported?.get('TimeZone') === TimeZone
  );
}

/** What a server has reported of each connection, by name. */
const REPORTED = new WeakMap<pg.Client, Map<string, string>>();

async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ ...config, stream: () => guarded(new Socket()) });
  const { connection } = client;
  connection.on('sslconnect', () => guarded(connection.stream));
  const reported = new Map<string, string>();
  REPORTED.set(client, reported);
  connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) => {
    if (parameterName !== undefined && parameterValue !== undefined) reported.set(parameterName, parameterValue);
  });
  // A connection that breaks fails its statement as well; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    close(client);
    throw error;
  }
  for (const message of ['copyInResponse', 'copyOutResponse', 'copyData']) {
    connection.removeAllListeners(message).on(message, () => connection.stream.destroy(copyRefused()));
  }
  return client;
}

/**
 * Ends a stream that brings more bytes than are allowed, or whose listeners throw, with that error: the driver keeps a whole row
 * in memory before anybody sees it, and what is thrown in a handler of a socket would end the process.
 */
function guarded<Stream extends Duplex>(stream: Stream): Stream {
  const emit = stream.emit.bind(stream) as (event: string | symbol, ...values: unknown[]) => boolean;
  let bytes = 0;
  stream.emit = (event: string | symbol, ...values: unknown[]) => {
    if (event === 'data') bytes += (values[0] as Buffer).length;
    if (bytes > MAX_WIRE_BYTES && event === 'data') {
      stream.destroy(tooLarge(`the server has sent more than ${MAX_WIRE_BYTES} bytes`));
      return true;
    }
    try {
      return emit(event, ...values);
    } catch (error) {
      stream.destroy(error as Error);
      return true;
    }
  };
  return stream;
}

/** Closes a connection, without waiting for the server, which may never answer. */
function close(client: pg.Client): void {
  void client.end().catch(() => undefined);
  setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT).unref();
}

/** Asks the server to cancel what a client has sent: it would go on although the connection has ended. */
async function cancelStatement(config: pg.ClientConfig, client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { processID: number | null }; // missing in the types
  if (processID === null) return;
  try {
    const other = await connect(config);
    await other.query('SELECT pg_cancel_backend($1)', [processID]).finally(() => close(other));
  } catch {
    // Then its statement_timeout ends it.
  }
}

/** The failure for a result that is too large to be used. */
export function tooLarge(message: string): ActionError {
  return new ActionError('too_large', `database: ${message}`, { details: { field: 'output' }, retryable: false });
}

function copyRefused(): ActionError {
  const message = 'database: COPY from STDIN or to STDOUT is not supported';
  return new ActionError('database_error', message, { code: '0A000', retryable: false });
}

function failureOf(error: unknown): ActionError {
  if (error instanceof ActionError) return error;
  const { code = 'DATABASE_FAILED', message } = error as { code?: string; message: string };
  const stated = /^[0-9A-Z]{5}$/.test(code);
  const retryable = !stated || PASSING.some((prefix) => code.startsWith(prefix));
  return new ActionError('database_error', `database: ${message}`, { code, retryable, cause: error });
}
