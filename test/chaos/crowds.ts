import { type IncomingMessage, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { hasEnded } from './ask.ts';
import type { Player } from './constructs.ts';
import { KEY, type Stage } from './stage.ts';

// Crowds of concurrent callers. Each crowd reports how it went, and returns what went wrong.

type Crowd = (stage: Stage, player: Player, say: (line: string) => void) => Promise<string[]>;

const SECONDS_TO_END = 180;

/** Starts a run. */
async function start({ ask, counter }: Player, name: string, run: string): Promise<number> {
  const parameters = { run, counter: counter.url };
  const { status, body } = await ask('POST', '/api/v1/executions', {
    once: run,
    body: { workflow: `chaos.${name}`, parameters },
  });
  if (status !== 201) throw new Error(`${run}: ${JSON.stringify(body)}`);
  return body.data.id;
}

/** Waits until a run has ended, and gives its status. */
async function statusOf({ ask }: Player, id: number): Promise<string> {
  for (const deadline = Date.now() + SECONDS_TO_END * 1000; ; await wait(100)) {
    const { body } = await ask('GET', `/api/v1/executions/${id}`);
    if (hasEnded(body.data.status)) return body.data.status;
    if (Date.now() > deadline) return `stuck: ${JSON.stringify(body.data.waiting_for)}`;
  }
}

/** Does something many times, some of them at once. */
async function many<T>(times: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let index = next++; index < times; index = next++) results[index] = await work(index);
    }),
  );
  return results;
}

/** Milliseconds that the middle one of a hundred runs took, ten at once, and what went wrong with them. */
async function pace(player: Player, word: string): Promise<{ median: number; troubles: string[] }> {
  const times = await many(100, 10, async (index) => {
    const begun = performance.now();
    const status = await statusOf(player, await start(player, 'data', `${word}-${index}`));
    return { status, took: performance.now() - begun };
  });
  const sorted = times.map(({ took }) => took).sort((a, b) => a - b);
  const troubles = times.flatMap(({ status }, index) =>
    status === 'completed' ? [] : [`${word}-${index}: ${status}`],
  );
  return { median: Math.round(sorted[50]!), troubles };
}

/** Runs that no worker can go on with, fifty of them, which Temporal tries again and again. */
const poisoned: Crowd = async ({ client }, player, say) => {
  const before = await pace(player, 'before the poison');
  const handles = await many(50, 10, (index) =>
    client.workflow.start('chaos.sequence', {
      workflowId: `poison-${index}`,
      taskQueue: 'fermata',
      args: [{}, { interpreter: 1_000_000, definition: {} }],
    }),
  );
  const beside = await pace(player, 'beside the poison');
  for (const handle of handles) await handle.terminate('it was poison');
  say(`50 poisoned runs: a run beside them took ${beside.median} ms, and ${before.median} ms before`);
  return [...before.troubles, ...beside.troubles];
};

/** Two hundred clients that follow a run and do not read what they get. */
const slowStreams: Crowd = async (stage, player, say) => {
  const before = await pace(player, 'before the streams');
  const memory = stage.memory('api');
  const ids = await many(20, 10, (index) => start(player, 'signal', `followed-${index}`));
  const streams = await many(200, 20, async (index) => {
    const path = index % 10 === 0 ? '/api/v1/executions/events' : `/api/v1/executions/${ids[index % 20]}/events`;
    const asked = request(stage.urls[index % stage.urls.length] + path, {
      headers: { 'x-api-key': KEY },
      agent: false,
    });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject).end();
    });
    response.pause();
    return { asked, response, status: response.statusCode, isOfOne: index % 10 !== 0 };
  });
  const beside = await pace(player, 'beside the streams');
  say(
    `200 streams that nobody reads: a run beside them took ${beside.median} ms, and ${before.median} ms before; the APIs ` +
      `had ${stage.memory('api').join(' and ')} MiB, and ${memory.join(' and ')} before`,
  );
  for (const id of ids) {
    await player.ask('POST', `/api/v1/executions/${id}/signal`, { body: { name: 'go', payload: 'late' } });
  }
  const ends = await Promise.all(
    streams.map(async ({ asked, response, status, isOfOne }, index) => {
      if (status !== 200) return [`stream ${index} was answered with ${status}`];
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.resume();
      const deadline = Date.now() + 60_000;
      while (isOfOne && !text.includes('"completed"') && Date.now() < deadline) await wait(100);
      asked.destroy();
      return isOfOne && !text.includes('"completed"') ? [`stream ${index} did not tell the end: ${text}`] : [];
    }),
  );
  return [...before.troubles, ...beside.troubles, ...ends.flat()];
};

/** A thousand runs that wait for people while everything is killed once; then each is decided, by several people at once. */
const inquiries: Crowd = async (stage, player, say) => {
  const { ask, approver: key } = player;
  const runs = 1_000;
  const begun = performance.now();
  const ids = await many(runs, 40, (index) => start(player, 'inquiry', `asked-${index}`));
  const pending = async () => {
    const { body } = await ask('GET', '/api/v1/inquiries?status=pending&per_page=1', { key });
    return body.pagination.total_items as number;
  };
  const asked = async () => {
    for (const deadline = Date.now() + SECONDS_TO_END * 1000; (await pending()) !== runs; await wait(500)) {
      if (Date.now() > deadline) throw new Error(`${await pending()} of ${runs} inquiries are there`);
    }
  };
  await asked();
  const open = performance.now();
  say(
    `1,000 inquiries open after ${Math.round((open - begun) / 1000)} s; workers have ${stage.memory('worker').join(' and ')} MiB`,
  );
  await stage.strike('all', Math.random, 500);
  await asked();
  const troubles = await many(runs, 20, async (index) => {
    const { body } = await ask('GET', `/api/v1/inquiries?execution=${ids[index]}`, { key });
    const path = `/api/v1/inquiries/${body.data[0].id}/respond`;
    const respond = () => ask('POST', path, { key, body: { option: 'approve' } });
    const [first, second] = await Promise.all([respond(), respond()]);
    const status = await statusOf(player, ids[index]!);
    const decided = [first.body.result, second.body.result].filter((result) => result === 'decided').length;
    const told = player.counter.calls(`asked-${index}`)['decided by approver'] ?? 0;
    const isFine = status === 'completed' && decided >= 1 && told >= 1;
    return isFine ? [] : [`asked-${index}: ${status}, decided ${decided} times, went on ${told} times`];
  });
  say(
    `decided and gone on ${Math.round((performance.now() - open) / 1000)} s later, with everything killed in between`,
  );
  return troubles.flat();
};

/** One run in this many may have been given by Temporal to a worker that was just shutting down. */
const LEAVING = 100;

/** Every process is replaced while runs are started: nobody is refused, nothing is done twice, and hardly anything given up. */
const replacement: Crowd = async (stage, player, say) => {
  let over = false;
  let started = 0;
  const statuses: Record<string, number> = {};
  const load = Promise.all(
    Array.from({ length: 10 }, async () => {
      while (!over) {
        started += 1;
        const run = `replaced-${started}`;
        const status = await statusOf(player, await start(player, 'once', run));
        const end = 'told of abandoned' in player.counter.calls(run) ? 'abandoned' : status;
        statuses[end] = (statuses[end] ?? 0) + 1;
      }
    }),
  );
  for (const kind of ['worker', 'api', 'own worker', 'worker', 'api'] as const) await stage.replace(kind);
  over = true;
  await load;
  say(`every process replaced under load: ${JSON.stringify(statuses)} of ${started} runs`);
  const { completed = 0, abandoned = 0 } = statuses;
  const isFine = completed + abandoned === started && abandoned * LEAVING <= started;
  return isFine ? [] : [`of ${started} runs ended ${JSON.stringify(statuses)}`];
};

/** By what they are called. */
export const CROWDS: Record<string, Crowd> = { poisoned, 'slow streams': slowStreams, inquiries, replacement };
