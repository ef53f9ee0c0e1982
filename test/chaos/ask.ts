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
  const ask: Ask = async (method, path, { body, key = KEY, once } = {}) => {
    const deadline = Date.now() + PATIENCE * 1000;
    for (;;) {
      turn += 1;
      let said: unknown;
      let why = 'no answer';
      try {
        const response = await fetch(urls[turn % urls.length] + path, {
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
        if (response.status < 500) return answer;
        said = answer.body;
        why = answer.body.code;
      } catch (error) {
        said = error;
        why = codeOf(error);
      }
      if (Date.now() > deadline) throw new Error(`nobody has answered ${method} ${path}`, { cause: said });
      again[why] = (again[why] ?? 0) + 1;
      await wait(200);
    }
  };
  return { ask, again };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.name : ((error.cause as { code?: string }).code ?? codeOf(error.cause));
}
