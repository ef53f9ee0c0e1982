import { setTimeout as wait } from 'node:timers/promises';
import { startProduct } from '../product/product.ts';
import { measureUsage, type Production, startProduction } from '../product/production.ts';
import { BENCH_KEY } from '../quiet-api.ts';
import { measurePlanning } from './planning.ts';
import { ask, awaitPlanned, createRules, endRule, postEvent, postMany, type Target } from './traffic.ts';

/** How fast events are taken: a second, and the milliseconds of each answer. */
export interface Intake {
  rate: number;
  latencies: number[];
}

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

/** The costs of events. */
export interface EventCosts {
  postgres: Intake;
  pglite: Intake;
  /** Milliseconds from the answer to an event until its run is started, at 20 a second. */
  starts: number[];
  storm: Storm;
  /** Milliseconds of planning for each event and rule that matches it. */
  planning: number;
}

/** How much is measured. */
export interface EventAmounts {
  /** Events of a measurement of the intake, after a tenth as many that do not count. */
  intake: number;
  /** Seconds of starts. */
  seconds: number;
  storm: number;
  /** Events that are planned. */
  planned: number;
}

/** Requests at once: of the intake, and of the storm. */
const AT_ONCE = 50;
const STORM_AT_ONCE = 100;

/** Milliseconds between two events whose starts are measured. */
const EVERY = 50;

/** Milliseconds between two looks at the memory, and between two requests for a list. */
const LOOK = 250;
const LIST = 100;

/** Measures events on an installation as in production, the intake also on PGlite, and planning alone. */
export async function measureEvents(amounts: EventAmounts): Promise<EventCosts> {
  const planning = await measurePlanning(amounts.planned);
  const pglite = await measureOnPglite(amounts.intake);
  const production = await startProduction(1, 1);
  try {
    const target = { url: production.url, key: BENCH_KEY };
    await createPack(target);
    const postgres = await measureIntake(target, amounts.intake);
    const starts = await measureStartDelays(target, amounts.seconds);
    const storm = await measureStorm(production, target, amounts.storm);
    return { postgres, pglite, starts, storm, planning };
  } finally {
    await production.stop();
  }
}

async function measureOnPglite(events: number): Promise<Intake> {
  const product = await startProduct();
  try {
    await createPack(product);
    return await measureIntake(product, events);
  } finally {
    await product.stop();
  }
}

function createPack(target: Target): Promise<unknown> {
  return ask(target, 'POST', '/api/v1/packs', { ref: 'bench', label: 'Bench' });
}

async function measureIntake(target: Target, events: number): Promise<Intake> {
  const type = 'bench.intake';
  const rule = await createRules(target, type);
  await postMany(target, type, events / 10, AT_ONCE);
  const begun = performance.now();
  const posted = await postMany(target, type, events, AT_ONCE);
  const seconds = (performance.now() - begun) / 1000;
  const refused = posted.find(({ status }) => status !== 202);
  if (refused !== undefined) throw new Error(`an event was answered with ${refused.status}`);
  await awaitPlanned(target, type);
  await endRule(target, rule);
  return { rate: events / seconds, latencies: posted.map(({ milliseconds }) => milliseconds) };
}

async function measureStartDelays(target: Target, seconds: number): Promise<number[]> {
  const type = 'bench.start';
  const rule = await createRules(target, type);
  const answered = new Map<number, number>();
  const posting: Promise<void>[] = [];
  for (let n = 0; n < (seconds * 1000) / EVERY; n += 1) {
    posting.push(postEvent(target, type, n).then(({ id }) => void answered.set(id!, Date.now())));
    await wait(EVERY);
  }
  await Promise.all(posting);
  await awaitPlanned(target, type);
  const path = `/api/v1/enforcements?rule=${rule}`;
  while ((await ask(target, 'GET', `${path}&status=pending&limit=1`)).data.length > 0) await wait(EVERY);
  const delays: number[] = [];
  for (const [event, at] of answered) {
    const [enforcement] = (await ask(target, 'GET', `${path}&event=${event}`)).data;
    delays.push(Math.max(0, Date.parse(enforcement.started) - at));
  }
  await endRule(target, rule);
  return delays;
}

async function measureStorm(production: Production, target: Target, events: number): Promise<Storm> {
  const type = 'bench.storm';
  const rule = await createRules(target, type);
  const pids = { API: production.pids['API 1']! };
  const memoryNow = () => measureUsage(pids).get('API')!.memory;
  const before = memoryNow();
  const over = new AbortController();
  let most = before;
  const lists: number[] = [];
  const watching = [
    repeat(LOOK, over.signal, async () => {
      most = Math.max(most, memoryNow());
    }),
    repeat(LIST, over.signal, async () => {
      const asked = performance.now();
      await ask(target, 'GET', '/api/v1/executions?per_page=20');
      lists.push(performance.now() - asked);
    }),
  ];
  const begun = performance.now();
  const posted = await postMany(target, type, events, STORM_AT_ONCE);
  const answered = (performance.now() - begun) / 1000;
  await awaitPlanned(target, type);
  const planned = (performance.now() - begun) / 1000;
  over.abort();
  await Promise.all(watching);
  await endRule(target, rule);
  const answers: Record<string, number> = {};
  for (const { status } of posted) answers[status] = (answers[status] ?? 0) + 1;
  return { events, answers, answered, planned, memory: most - before, lists };
}

async function repeat(every: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await wait(every);
  }
}
