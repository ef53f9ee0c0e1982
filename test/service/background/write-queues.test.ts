import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createWriteQueue, type WriteQueue } from '../../../service/background/write-queues.ts';
import { createRandom } from '../../seed.ts';

interface Fact {
  owner: string;
  about: string;
  version: number;
}

/** A queue that writes to a store of facts, with what it has logged; a write passes `gate` first. */
function createStore(gate: (facts: readonly Fact[]) => Promise<void> = async () => {}, capacity = 1_000) {
  const logged: string[] = [];
  const rounds: string[][] = [];
  const written = new Map<string, Fact>();
  const queue = createWriteQueue<Fact>({
    keyOf: ({ about }) => about,
    replaces: (fact, queued) => fact.version >= queued.version,
    weigh: () => 1,
    capacity,
    async write(facts) {
      await gate(facts);
      rounds.push(facts.map(({ about, version }) => `${about}${version}`).sort());
      // As the index does, it keeps what is newer.
      for (const fact of facts)
        if (fact.version >= (written.get(fact.about)?.version ?? 0)) written.set(fact.about, fact);
    },
    log: pino({}, { write: (line: string) => void logged.push(JSON.parse(line).msg) }),
    trouble: 'trouble',
    full: 'full',
  });
  return { queue, logged, rounds, written };
}

/** Lets a queue run while a test works, and returns once it has ended. */
async function whileRunning(queue: WriteQueue<Fact>, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  await work().finally(() => stop.abort());
  await running;
}

const fact = (about: string, version: number, owner = 'ann'): Fact => ({ owner, about, version });
const all = () => true;
const byAbout = (one: Fact, other: Fact) => one.about.localeCompare(other.about);

it('the newest value of each key is written once, and what comes meanwhile in the next round', async () => {
  const { queue, rounds } = createStore(async () => {
    if (rounds.length === 0) for (const each of [fact('a', 4), fact('a', 2), fact('b', 1)]) queue.put(each);
  });
  await whileRunning(queue, async () => {
    for (const each of [fact('a', 1), fact('a', 3), fact('a', 2), fact('b', 1)]) queue.put(each);
    expect(queue.size()).toBe(2);
    await queue.written(all);
    expect(queue.size()).toBe(0);
  });
  expect(rounds).toEqual([
    ['a3', 'b1'],
    ['a4', 'b1'],
  ]);
});

it('a caller waits for what matters to it, and for nothing else', async () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { queue, written } = createStore(() => opened);
  await whileRunning(queue, async () => {
    queue.put(fact('a', 1, 'ann'));
    let isWritten = false;
    const ofAnn = queue
      .written(({ owner }) => owner === 'ann')
      .then(() => {
        isWritten = true;
      });
    await queue.written(({ owner }) => owner === 'bob');
    expect([isWritten, written.size]).toEqual([false, 0]);
    open();
    await ofAnn;
    expect(written.get('a')).toEqual(fact('a', 1, 'ann'));
  });
});

it('what cannot be written is tried again without being waited for, and logged once', async () => {
  let isAway = true;
  const { queue, logged, written } = createStore(async () => {
    if (!isAway) return;
    queue.put(fact('b', 2));
    throw new Error('the database is away');
  });
  await whileRunning(queue, async () => {
    for (const each of [fact('a', 1), fact('b', 1)]) queue.put(each);
    await queue.written(all);
    await expect.poll(() => logged).toEqual(['trouble']);
    queue.put(fact('a', 2));
    await queue.written(all);
    expect([written.size, queue.size()]).toEqual([0, 2]);
    isAway = false;
    await expect.poll(() => [...written.values()].toSorted(byAbout)).toEqual([fact('a', 2), fact('b', 2)]);
  });
  expect(logged).toEqual(['trouble']);
});

it('a full queue takes newer values of what it has and nothing else, until it has written', async () => {
  const { queue, logged, written } = createStore(undefined, 2);
  for (const each of ['a', 'b', 'c', 'd']) queue.put(fact(each, 1));
  queue.put(fact('a', 2));
  await whileRunning(queue, () => queue.written(all));
  expect([...written.values()]).toEqual([fact('a', 2), fact('b', 1)]);
  expect(logged).toEqual(['full']);
  queue.put(fact('c', 2));
  expect(queue.size()).toBe(1);
});

it('what is left is written when the queue stops, and a write that does not end holds nobody up for ever', async () => {
  const { queue, written } = createStore();
  await whileRunning(queue, async () => queue.put(fact('a', 1)));
  expect(written.get('a')).toEqual(fact('a', 1));
  const stuck = createStore(() => new Promise(() => {}));
  stuck.queue.put(fact('a', 1));
  await whileRunning(stuck.queue, () => stuck.queue.written(all));
  expect(stuck.written.size).toBe(0);
});

it('the newest values win whatever the order in which they come and writes fail', async () => {
  const random = createRandom();
  const draw = (below: number) => Math.floor(random() * below);
  let failures = 3;
  const newest = new Map<string, number>();
  const putSome = () => {
    for (let count = draw(8); count > 0; count -= 1) {
      const next = fact(`key ${draw(5)}`, draw(1_000));
      newest.set(next.about, Math.max(next.version, newest.get(next.about) ?? 0));
      queue.put(next);
    }
  };
  const { queue, written } = createStore(async () => {
    putSome();
    failures -= 1;
    if (failures >= 0 && draw(2) === 0) throw new Error('the database is away');
  });
  await whileRunning(queue, async () => {
    for (let round = 0; round < 200; round += 1) {
      putSome();
      await queue.written(all);
    }
    await expect.poll(() => queue.size()).toBe(0);
  });
  expect(new Map([...written].map(([about, { version }]) => [about, version]))).toEqual(newest);
});
