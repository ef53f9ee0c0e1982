import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** An installation to which events are posted. */
export interface Target {
  url: string;
  key: string;
}

/** The answer of an installation, of which events are counted and ids read. */
export interface Posted {
  status: number;
  /** The id of the event; null: it was not taken. */
  id: number | null;
  milliseconds: number;
}

/** Rules of a tenant with events: how many there are, and how many of them match. */
export const RULES = 100;

/** How often a state that is awaited is looked at, in milliseconds. */
const LOOK = 50;

// biome-ignore lint/suspicious/noExplicitAny: answers are counted, or an id out of them used
type Answer = any;

/** Calls an installation. Throws an Error for an answer that is no success. */
export async function ask({ url, key }: Target, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json().catch(() => null)) as Answer;
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/**
 * Keeps connections: who posts shares the processor with those who are measured, and must cost little. One that is idle is closed here before
 * the API does so, which a post that is sent at that moment would not survive.
 */
const agent = new Agent({ keepAlive: true, timeout: 2_000 });

/** Posts an event of a type; one that is refused is no error. Throws an Error if the answer is cut off, or is not JSON. */
export function postEvent({ url, key }: Target, type: string, n: number): Promise<Posted> {
  const asked = performance.now();
  const body = JSON.stringify({ type, payload: { n, customer: { name: 'Ada', city: 'London' }, items: [1, 2, 3] } });
  const headers = { 'x-api-key': key, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/api/v1/events`, { method: 'POST', agent, headers }, (response) => {
      const read = async (): Promise<Posted> => {
        const { data } = (await json(response)) as Answer;
        return { status: response.statusCode!, id: data?.id ?? null, milliseconds: performance.now() - asked };
      };
      read().then(resolve, reject);
    });
    sent.on('error', reject).end(body);
  });
}

/** Creates the rules for events of a type, one of which matches and starts an action that does nothing. Returns its ref. */
export async function createRules(target: Target, type: string): Promise<string> {
  const name = type.replaceAll('.', '_');
  const rule = { pack_ref: 'bench', type, action_ref: 'core.noop' };
  for (let n = 1; n < RULES; n += 1) {
    const when = `event.payload.n == -${n} and event.payload.customer.name == 'Ada'`;
    await ask(target, 'POST', '/api/v1/rules', { ...rule, ref: `bench.${name}_${n}`, label: `Rule ${n}`, when });
  }
  const ref = `bench.${name}`;
  await ask(target, 'POST', '/api/v1/rules', { ...rule, ref, label: 'Matches', when: 'event.payload.n >= 0' });
  return ref;
}

/** Posts a number of events of a type, some at once. After an error it posts no more, and throws the first one. */
export async function postMany(target: Target, type: string, count: number, atOnce: number): Promise<Posted[]> {
  const posted: Posted[] = [];
  let next = 0;
  const post = async () => {
    while (next < count) {
      next += 1;
      posted.push(await postEvent(target, type, next));
    }
  };
  const posting = Array.from({ length: atOnce }, () =>
    post().catch((error: unknown) => {
      next = count;
      throw error;
    }),
  );
  await Promise.all(posting);
  return posted;
}

/** Does something again and again, with a pause of so many milliseconds each time, until the signal is aborted. */
export async function repeat(every: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await wait(every);
  }
}

/** Waits until no event of a type is still to be planned. */
export async function awaitPlanned(target: Target, type: string): Promise<void> {
  const path = `/api/v1/events?type=${type}&state=received&limit=1`;
  while ((await ask(target, 'GET', path)).data.length > 0) await wait(LOOK);
}

/** Disables a rule, which starts nothing more, and waits until what it has started is done with. */
export async function endRule(target: Target, ref: string): Promise<void> {
  await ask(target, 'PUT', `/api/v1/rules/${ref}`, { enabled: false });
  const path = `/api/v1/enforcements?rule=${ref}&status=pending&limit=1`;
  while ((await ask(target, 'GET', path)).data.length > 0) await wait(LOOK);
}
