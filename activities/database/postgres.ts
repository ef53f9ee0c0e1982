import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { portOf } from '../../egress/egress.ts';
import type { ConnectionOf } from '../../model/connection.ts';
import type { Json } from '../../model/json.ts';
import { type ActionContext, ActionError } from '../action.ts';
import { SESSION_SETTINGS } from './types.ts';

/** The maximum number of bytes that a server may send over a connection, which is used for one statement. */
const MAX_WIRE_BYTES = 16_000_000;

/** Timeouts in milliseconds for connecting, and for closing a connection. */
const CONNECT_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 1_000;

/** The longest timeout of PostgreSQL, in milliseconds. */
const MAX_STATEMENT_TIMEOUT = 2 ** 31 - 1;

/** Retryable classes of SQLSTATE: connection, transaction rollback, resources, operator intervention. */
const PASSING = ['08', '40', '53', '57'];

/**
 * Connects to PostgreSQL for one statement. Fails with `database_error`, whose code is the SQLSTATE or the code of the
 * operating system, and with `too_large` if the server sends more than 16 MB. A statement whose attempt ends is
 * cancelled on the server.
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
    // The driver never settles a statement whose connection breaks between its last row and its end.
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
    // A function, since the driver would replace an empty password with the one in the worker's environment.
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
 * Connects with a `statement_timeout` in milliseconds and the settings for reading values. If a proxy refuses these at
 * startup, or does not pass them on, they are set by a statement.
 */
async function connected(config: pg.ClientConfig, timeout: number, signal: AbortSignal): Promise<pg.Client> {
  const settings = Object.entries(SESSION_SETTINGS);
  const options = settings.map(([name, value]) => `-c ${name}=${value}`).join(' ');
  const client = await connect({ ...config, statement_timeout: timeout, options }).catch((error: Error) => {
    // The statement is still cancelled when the attempt ends.
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

/** Reports whether a server refuses startup parameters: PgBouncer supports only some of them, RDS Proxy none. */
function isRefusal(error: Error): boolean {
  const { code } = error as { code?: string };
  return code === '08P01' || code === '0A000' || /unsupported startup parameter/.test(error.message);
}

/**
 * Reports whether a connection has the settings, by those that a server reports at startup, one of which is not its
 * default.
 */
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

/** The parameters that the server reported for each connection, by name. */
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
  // A broken connection also fails its statement; without a listener the error would end the process.
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
 * Ends a stream that exceeds the allowed bytes, or whose listeners throw, with that error: the driver keeps a whole row
 * in memory before it is visible, and an error in a socket handler would end the process.
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

/** Closes a connection without waiting for the server, which may never respond. */
function close(client: pg.Client): void {
  void client.end().catch(() => undefined);
  setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT).unref();
}

/**
 * Asks the server to cancel the statement of a client, which would otherwise continue after the connection has ended.
 */
async function cancelStatement(config: pg.ClientConfig, client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { processID: number | null }; // missing in the types
  if (processID === null) return;
  try {
    const other = await connect(config);
    await other.query('SELECT pg_cancel_backend($1)', [processID]).finally(() => close(other));
  } catch {
    // If this fails, `statement_timeout` ends the statement.
  }
}

/** Returns the failure for a result that is too large. */
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
