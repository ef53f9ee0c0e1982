import { Agent, request } from 'undici';

// Requests of tests. A new connection for each would take longer than most answers do.

/** The beginning of an answer. */
interface Reply {
  status: number;
  headers: Headers;
  /** Reads its body to the end. */
  text(): Promise<string>;
  /** Closes it, without reading its body. */
  leave(): void;
}

/**
 * Milliseconds for which a connection that is idle is used again: far less than the API keeps one, so that it never closes one that a
 * request has just been sent on.
 */
const IDLE = 1_500;

const createAgent = () => new Agent({ keepAliveTimeout: IDLE, keepAliveMaxTimeout: IDLE });

let agent = createAgent();
let used = performance.now();

/** Returns the connections of this process. A test that held the event loop kept them from closing in time: then there are new ones. */
function connections(): Agent {
  const now = performance.now();
  if (now - used > IDLE) {
    void agent.close();
    agent = createAgent();
  }
  used = now;
  return agent;
}

/** Sends a request, whose answer is read to the end or left. Redirects are not followed. */
export async function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {},
): Promise<Reply> {
  const { statusCode, headers, body } = await request(url, { ...options, dispatcher: connections() });
  const values = Object.entries(headers).flatMap(([name, value = []]) => [value].flat().map((each) => [name, each]));
  return {
    status: statusCode,
    headers: new Headers(values as [string, string][]),
    text: () => body.text(),
    leave: () => body.on('error', () => undefined).destroy(),
  };
}
