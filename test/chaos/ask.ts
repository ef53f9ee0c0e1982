import { setTimeout as wait } from 'node:timers/promises';
import { KEY } from './stage.ts';

/** How an API has answered. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they just asked for
  body: any;
}

/** Asks one of the APIs, and another one as long as nobody answers. */
export type Ask = (
  method: string,
  path: string,
  options?: { body?: object; key?: string; once?: string },
) => Promise<Answer>;

/** Whether a status is the last one of an execution. */
export const hasEnded = (status: string): boolean =>
  ['completed', 'failed', 'cancelled', 'timeout', 'abandoned'].includes(status);

/** Seconds after which nobody answering means that something is lost. */
const PATIENCE = 240;

/**
 * A client as they should be: what was not answered, or with an error of the server, is asked again, with the same
 * `Idempotency-Key` (`once`). `again` counts why that was.
 */
export function createAsk(urls: readonly string[]): { ask: Ask; again: Record<string, number> } {
  const again: Record<string, number> = {};
  let turn = 0;
  const ask: Ask = async (method, path, options = {}) => {
    const deadline = Date.now() + PATIENCE * 1000;
    for (;;) {
      turn += 1;
      const result = await askOnce(urls[turn % urls.length] + path, method, options);
      if ('answer' in result) return result.answer;
      const { why, said } = result;
      if (Date.now() > deadline) throw new Error(`nobody has answered ${method} ${path}`, { cause: said });
      again[why] = (again[why] ?? 0) + 1;
      await wait(200);
    }
  };
  return { ask, again };
}

/** Sends a request once: returns the answer, or why it is to be repeated. */
async function askOnce(
  url: string,
  method: string,
  { body, key = KEY, once }: NonNullable<Parameters<Ask>[2]>,
): Promise<{ answer: Answer } | { why: string; said: unknown }> {
  try {
    const response = await fetch(url, {
      method,
      headers: {
        'x-api-key': key,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(once === undefined ? {} : { 'idempotency-key': once }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const answer = { status: response.status, body: (await response.json()) as Answer['body'] };
    return response.status < 500 ? { answer } : { why: answer.body.code, said: answer.body };
  } catch (error) {
    return { why: codeOf(error), said: error };
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.name : ((error.cause as { code?: string }).code ?? codeOf(error.cause));
}
