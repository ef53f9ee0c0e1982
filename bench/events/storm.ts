import { measureUsage, type Production } from '../product/production.ts';
import { ask, awaitPlanned, createRules, endRule, postMany, repeat, type Target } from './traffic.ts';

/** A storm of events, and how the API stood it. */
export interface Storm {
  events: number;
  /** Answers by their status. */
  answers: Record<string, number>;
  /** Seconds until all were answered, and until all that were accepted were planned. */
  answered: number;
  planned: number;
  /** MiB that the API had more at most. */
  memory: number;
  /** Milliseconds of requests for lists of executions meanwhile. */
  lists: number[];
}

/** Requests at once. */
const AT_ONCE = 100;

/** Milliseconds between two looks at the memory, and between two requests for a list. */
const LOOK = 250;
const LIST = 100;

/** Posts events as fast as they are answered, and looks at the first API meanwhile. Throws the first error of the posts and of the looks. */
export async function measureStorm(production: Production, target: Target, events: number): Promise<Storm> {
  const type = 'bench.storm';
  const rule = await createRules(target, type);
  const pids = { API: production.pids['API 1']! };
  const memoryNow = () => measureUsage(pids).get('API')!.memory;
  const before = memoryNow();
  let most = before;
  const lists: number[] = [];
  const over = new AbortController();
  const post = async () => {
    const begun = performance.now();
    const posted = await postMany(target, type, events, AT_ONCE);
    const answered = (performance.now() - begun) / 1000;
    await awaitPlanned(target, type);
    return { posted, answered, planned: (performance.now() - begun) / 1000 };
  };
  // Together, so that an error of one is not followed by those of the others, which meet an API that has been stopped.
  const [{ posted, answered, planned }] = await Promise.all([
    post().finally(() => over.abort()),
    repeat(LOOK, over.signal, async () => {
      most = Math.max(most, memoryNow());
    }),
    repeat(LIST, over.signal, async () => {
      const asked = performance.now();
      await ask(target, 'GET', '/api/v1/executions?per_page=20');
      lists.push(performance.now() - asked);
    }),
  ]);
  await endRule(target, rule);
  const answers: Record<string, number> = {};
  for (const { status } of posted) answers[status] = (answers[status] ?? 0) + 1;
  return { events, answers, answered, planned, memory: most - before, lists };
}
