import { setTimeout as wait } from 'node:timers/promises';
import { startProduct } from '../product/product.ts';
import { startProduction } from '../product/production.ts';
import { BENCH_KEY } from '../quiet-api.ts';
import { measurePlanning } from './planning.ts';
import { measureStorm, type Storm } from './storm.ts';
import { ask, awaitPlanned, createRules, endRule, postEvent, postMany, type Target } from './traffic.ts';

/** How fast events are taken: a second, and the milliseconds of each answer. */
export interface Intake {
  rate: number;
  latencies: number[];
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

/** Requests at once. */
const AT_ONCE = 50;

/** Milliseconds between two events whose starts are measured. */
const EVERY = 50;

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
  } catch (error) {
    throw production.explain(error);
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
  const answered = await Promise.all(
    Array.from({ length: (seconds * 1000) / EVERY }, async (_, n) => {
      await wait(n * EVERY);
      const { id } = await postEvent(target, type, n);
      return { event: id!, at: Date.now() };
    }),
  );
  await awaitPlanned(target, type);
  const path = `/api/v1/enforcements?rule=${rule}`;
  while ((await ask(target, 'GET', `${path}&status=pending&limit=1`)).data.length > 0) await wait(EVERY);
  const delays: number[] = [];
  for (const { event, at } of answered) {
    const [enforcement] = (await ask(target, 'GET', `${path}&event=${event}`)).data;
    delays.push(Math.max(0, Date.parse(enforcement.started) - at));
  }
  await endRule(target, rule);
  return delays;
}
