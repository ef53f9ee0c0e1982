import { setTimeout as wait } from 'node:timers/promises';
import { canonicalJson } from '../../model/json.ts';
import { createRandom } from '../seed.ts';
import { createAsk, hasEnded } from './ask.ts';
import { BELOW, CONSTRUCTS, type Construct, type Played, type Player } from './constructs.ts';
import { POISONS, startPoison } from './poisons.ts';
import { type Stage, TARGETS, type Target } from './stage.ts';

/** The result of a storm. */
export interface Verdict {
  /** Runs of definitions that were started while things broke. */
  runs: number;
  strikes: Record<Target, number>;
  /** Processes that were killed. */
  killed: number;
  /** The number of calls that actions made, and how many of them were repeated. */
  calls: number;
  repeated: number;
  /** Tasks given up because their worker was lost while it did what is done once at most. */
  abandoned: number;
  /** Everything that is not as if nothing had happened. */
  troubles: string[];
}

/** Seconds after the last strike by which every run must have ended. */
const PATIENCE = 240;

/** A run that was started, and by which construct. */
interface Started extends Played {
  construct: Construct;
  workflowId: string;
}

/** How a run ended, in words that are the same for all runs of its construct. */
interface Ending {
  /** Status, result and tasks. */
  told: string;
  /** Names of what it did to the world. */
  called: string;
}

/** Stores what the storm runs, and gives the player. */
export async function prepare(stage: Stage): Promise<{ player: Player; again: Record<string, number> }> {
  const { ask, again } = createAsk(stage.urls);
  const make = async (path: string, body: object) => {
    const answer = await ask('POST', path, { body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  await make('/api/v1/packs', { ref: 'chaos', label: 'Chaos' });
  for (const [ref, idempotent] of [
    ['chaos.count', true],
    ['chaos.section', true],
    ['chaos.count_once', false],
  ] as const) {
    // A worker that is killed is found soon, and one that a busy machine holds up is not taken for dead.
    const times = { timeout: 60, heartbeat_timeout: 10 };
    await make('/api/v1/actions', { ref, pack_ref: 'chaos', label: ref, task_queue: 'chaos', idempotent, ...times });
  }
  for (const { name, definition } of [...BELOW, ...CONSTRUCTS]) {
    const about = { ref: `chaos.${name}`, pack_ref: 'chaos', label: name, version: '1.0.0' };
    await make('/api/v1/workflows', { ...about, definition });
  }
  const { data } = await make('/api/v1/keys', { subject: 'approver', roles: ['operator'] });
  return { player: { ask, approver: data.key, counter: stage.counter }, again };
}

/** Starts a run, and has what comes from outside come to it; both are there once it is known. */
async function start(player: Player, construct: Construct, run: string, section: string) {
  const { status, body } = await player.ask('POST', '/api/v1/executions', {
    once: run,
    body: {
      workflow: `chaos.${construct.name}`,
      tags: ['chaos'],
      parameters: { run, counter: player.counter.url, ...(construct.section && { section }) },
    },
  });
  if (status !== 201) throw new Error(`${run}: ${JSON.stringify(body)}`);
  const started: Started = { construct, run, id: body.data.id, workflowId: body.data.workflow_id };
  return { started, played: construct.play?.(player, started) ?? Promise.resolve() };
}

/** Waits for its end. */
async function endOf({ ask, counter }: Player, { run, id }: Started, deadline: number): Promise<Ending> {
  for (;;) {
    const { body } = await ask('GET', `/api/v1/executions/${id}`);
    const { status, result, tasks, projection, uuid } = body.data;
    if (hasEnded(status)) {
      if (projection !== 'complete') throw new Error(`${run}: its projection is ${projection}`);
      const visits = (tasks as { key: string; status: string }[]).map((task) => `${task.key} ${task.status}`);
      const told = canonicalJson([status, result, visits.sort()]).replaceAll(uuid, 'UUID');
      return { told, called: Object.keys(counter.calls(run)).sort().join(', ') };
    }
    if (Date.now() > deadline) throw new Error(`${run} is stuck: ${JSON.stringify(body.data)}`);
    await wait(200);
  }
}

/** Resolves once a run's history has so many events, or it has ended, or nobody answers. */
async function untilEvent(stage: Stage, workflowId: string, event: number): Promise<void> {
  const give = AbortSignal.timeout(3_000);
  let nextPageToken: Uint8Array | null = null;
  for (let seen = 0; seen < event && !give.aborted; ) {
    try {
      const request = { namespace: 'default', execution: { workflowId }, waitNewEvent: true };
      const answer = await stage.client.connection.withDeadline(Date.now() + 2_000, () =>
        stage.client.workflowService.getWorkflowExecutionHistory({
          ...request,
          ...(nextPageToken === null ? {} : { nextPageToken }),
        }),
      );
      seen += answer.history?.events?.length ?? 0;
      nextPageToken = answer.nextPageToken ?? null;
      if (nextPageToken === null || nextPageToken.length === 0) return;
    } catch {
      await wait(100);
    }
  }
}

/**
 * Has runs of every construct go on while processes are killed, and looks at what came of each. With `poisons`, runs that stop
 * their workers are started in each wave: each of them has to be set aside, and nothing else may change.
 */
export async function storm(
  stage: Stage,
  player: Player,
  {
    seed,
    waves,
    each,
    poisons = false,
    say,
  }: { seed: number; waves: number; each: number; poisons?: boolean; say: (line: string) => void },
): Promise<Verdict> {
  const chance = createRandom(seed);
  const strikes = Object.fromEntries(TARGETS.map((target) => [target, 0])) as Record<Target, number>;
  const verdict: Verdict = {
    runs: 0,
    strikes,
    killed: 0,
    calls: 0,
    repeated: 0,
    abandoned: 0,
    troubles: [],
  };

  const calm = await Promise.all(
    CONSTRUCTS.map(async (construct) => {
      const { started, played } = await start(player, construct, `calm-${construct.name}`, 'narrow');
      await played;
      return [construct.name, await endOf(player, started, Date.now() + PATIENCE * 1000)] as const;
    }),
  );
  const undisturbed = new Map(calm);
  const calmCounts = await settled(player);
  say(`${calm.length} runs undisturbed`);

  for (let wave = 0; wave < waves; wave += 1) {
    const known: Started[] = [];
    const all = CONSTRUCTS.flatMap((construct) =>
      Array.from({ length: each }, async (_, index) => {
        // Spread over the wave, so that strikes find them at every stage.
        await wait(chance() * 1_000 * TARGETS.length);
        const { started, played } = await start(player, construct, `wave${wave}-${construct.name}-${index}`, 'narrow');
        known.push(started);
        await played;
        return started;
      }),
    );
    const starting = Promise.allSettled(all);
    const poisoned = poisons ? await startPoisons(stage) : [];
    for (const target of shuffled(TARGETS, chance)) {
      while (known.length === 0) await wait(50);
      const { workflowId } = known[Math.floor(chance() * known.length)]!;
      await untilEvent(stage, workflowId, 3 + Math.floor(chance() * 25));
      verdict.killed += await stage.strike(target, chance, chance() * 1_500);
      verdict.strikes[target] += 1;
    }
    const deadline = Date.now() + (poisons ? 2 * PATIENCE : PATIENCE) * 1000;
    for (const result of await starting) {
      if (result.status === 'rejected') verdict.troubles.push(String(result.reason));
      else await judge(result.value, deadline);
    }
    for (const [name, id] of poisoned) verdict.troubles.push(...(await notSetAside(player, name, id, deadline)));
    verdict.runs += all.length;
    say(`wave ${wave + 1} of ${waves}: ${all.length} runs, ${verdict.troubles.length} troubles in all`);
    for (const trouble of verdict.troubles) say(trouble);
  }

  async function judge(started: Started, deadline: number): Promise<void> {
    const { construct, run } = started;
    const calm = undisturbed.get(construct.name)!;
    try {
      const { told, called } = await endOf(player, started, deadline);
      const calls = player.counter.calls(run);
      for (const [name, times] of Object.entries(calls)) {
        verdict.calls += times;
        verdict.repeated += times - 1;
        if (construct.told && name === 'once' && times > 1) verdict.troubles.push(`${run}: done ${times} times`);
      }
      if (construct.told && told.includes('told')) {
        verdict.abandoned += 1;
        if (!called.endsWith('told of abandoned')) verdict.troubles.push(`${run}: ${told}, called ${called}`);
      } else if (told !== calm.told || called !== calm.called) {
        verdict.troubles.push(`${run}: ${told}, called ${called}; undisturbed: ${calm.told}, called ${calm.called}`);
      }
    } catch (error) {
      verdict.troubles.push((error as Error).message);
    }
  }

  verdict.troubles.push(...player.counter.overlaps);
  verdict.troubles.push(...(await takeInventory(stage, player, calmCounts, 1 + each * waves)));
  return verdict;
}

function startPoisons({ client }: Stage): Promise<(readonly [name: string, id: number])[]> {
  return Promise.all(
    Object.entries(POISONS).map(async ([name, task]) => [name, await startPoison(client, task)] as const),
  );
}

/** Waits for the end of a run that stops its workers; says what is wrong with it. */
async function notSetAside({ ask }: Player, name: string, id: number, deadline: number): Promise<string[]> {
  for (;;) {
    const { body } = await ask('GET', `/api/v1/executions/${id}`);
    const { status, result } = body.data ?? {};
    if (hasEnded(status)) {
      return status === 'failed' && result.error_code === 'LIMIT_EXCEEDED' ? [] : [`${name}: ${JSON.stringify(body)}`];
    }
    if (Date.now() > deadline) return [`a run that ${name} was not set aside: ${JSON.stringify(body)}`];
    await wait(500);
  }
}

/** Counts the runs of each workflow by status, as lists report them. */
async function counted({ ask }: Player): Promise<Map<string, Record<string, number>>> {
  const { body } = await ask('GET', '/api/v1/executions/stats?group_by=action_ref');
  return new Map((body.data.groups as { key: string }[]).map(({ key, ...counts }) => [key, counts]));
}

/** The same, once nothing of it is open. */
async function settled(player: Player): Promise<Map<string, Record<string, number>>> {
  for (;;) {
    const found = await counted(player);
    if ([...found.values()].every(({ running, pending }) => running === 0 && pending === 0)) return found;
    await wait(200);
  }
}

/** Nothing is lost, nothing doubled, nothing left open: lists have as many runs as were started, and they know how those ended. */
async function takeInventory(
  { client }: Stage,
  player: Player,
  calm: Map<string, Record<string, number>>,
  times: number,
): Promise<string[]> {
  for (const deadline = Date.now() + 60_000; ; await wait(500)) {
    const found = await counted(player);
    const wrong = [...calm].filter(([ref, counts]) =>
      Object.entries(counts).some(([status, count]) => found.get(ref)?.[status] !== count * times),
    );
    const open = await client.workflowService.countWorkflowExecutions({
      namespace: 'default',
      query: 'ExecutionStatus = "Running"',
    });
    if (wrong.length === 0 && Number(open.count) === 0) return [];
    if (Date.now() < deadline) continue;
    return [
      ...wrong.map(([ref]) => `the index has of ${ref} ${JSON.stringify(found.get(ref))}, not ${times} times the calm`),
      ...(Number(open.count) === 0 ? [] : [`${open.count} runs are open`]),
    ];
  }
}

function shuffled<T>(values: readonly T[], chance: () => number): T[] {
  return values
    .map((value) => [chance(), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);
}
