import { pino } from 'pino';
import { expect, it } from 'vitest';
import { type Bell, createAlarm, createBell } from '../../../service/background/bell.ts';
import { createLookout, type WorkBells } from '../../../service/background/lookout.ts';
import { keepGoing, type LoopOptions } from '../../../service/background/loops.ts';
import type { DueWork } from '../../../store/due-work.ts';

/** Half an hour: whoever waits that long in a test was not woken. */
const LONG = 1_800_000;

/** Works so many rounds, of which some fail; returns for how long the loop waited for its bell after each, and what it logged. */
async function play(rounds: number, failing: readonly number[], given: Partial<LoopOptions> = {}) {
  const [waits, logged]: [number[][], string[]] = [[], []];
  const stop = new AbortController();
  const bell = { ring: () => undefined, wait: async (most: number) => void waits.at(-1)!.push(most) };
  const log = pino({}, { write: (line: string) => void logged.push(JSON.parse(line).msg) });
  const work = async () => {
    waits.push([]);
    if (waits.length === rounds) stop.abort();
    if (failing.includes(waits.length)) throw new Error('away');
  };
  await keepGoing(work, stop.signal, { interval: 1, bell, pause: 1, log, trouble: 'trouble', ...given });
  return { waits, logged };
}

it.each<[string, Partial<LoopOptions>, number[][]]>([
  ['half a minute', {}, [[29_999], [29_999]]],
  ['as long as it may', { longest: 1_000, interval: 5 }, [[995], [995]]],
])('a loop waits for its bell between two rounds: %s', async (_, given, waits) => {
  expect((await play(2, [], given)).waits).toEqual(waits);
});

it('a loop that fails does not wait for its bell, and logs a series of failures once', async () => {
  const { waits, logged } = await play(6, [1, 2, 4, 5]);
  expect(waits).toEqual([[], [], [29_999], [], [], [29_999]]);
  expect(logged).toEqual(['trouble', 'trouble']);
});

it('a bell wakes whoever waits, and whoever comes next', async () => {
  const bell = createBell();
  const { signal } = new AbortController();
  const waiting = bell.wait(LONG, signal);
  bell.ring();
  await waiting;
  bell.ring();
  await bell.wait(LONG, signal);
});

it('an alarm wakes everybody, though somebody else has just ceased to wait', async () => {
  const alarm = createAlarm(2_000, () => 0);
  const { signal } = new AbortController();
  const waiting = alarm.wait(LONG, signal);
  await alarm.wait(1, signal);
  alarm.ring();
  await waiting;
});

it('an alarm goes on for a while, for everybody, and then is quiet', async () => {
  let now = 0;
  const alarm = createAlarm(2_000, () => now);
  const { signal } = new AbortController();
  /** Reports whether somebody who comes now waits. */
  const waits = async () => {
    const late = new AbortController();
    const outcome = alarm.wait(LONG, late.signal).then(() => late.signal.aborted);
    setImmediate(() => late.abort());
    return outcome;
  };
  expect(await waits()).toBe(true);
  const waiting = [alarm.wait(LONG, signal), alarm.wait(LONG, signal)];
  alarm.ring();
  await Promise.all(waiting);
  const found: boolean[] = [];
  for (now of [0, 1_999, 1_999, 2_000, 5_000]) found.push(await waits());
  expect(found).toEqual([false, false, false, true, true]);
});

/** Some of what there may be to do. */
const WORKS: DueWork[] = ['bulk', 'hooks', 'runs', 'turns'];

/** A lookout over what its rounds find, one after another, with what it rings. */
function lookoutOver(rounds: (DueWork[] | Error)[]) {
  const rung: string[] = [];
  const bellOf = (name: string): Bell => ({ ring: () => void rung.push(name), wait: async () => undefined });
  const bells = Object.fromEntries(WORKS.map((name) => [name, bellOf(name)])) as WorkBells; // a bell for every name
  const store = {
    find: async (namespace: string, now: Date) => {
      expect([namespace, now.getTime()]).toEqual(['default', 7]);
      const found = rounds.shift()!;
      if (found instanceof Error) throw found;
      return found;
    },
  };
  const log = pino({ level: 'silent' });
  const lookout = createLookout({ store, namespace: 'default', bells, alarm: bellOf('alarm'), clock: () => 7, log });
  return { lookout, rung };
}

it.each<[string, DueWork[], string[]]>([
  ['nothing', [], []],
  ['work for one loop', ['turns'], ['turns', 'alarm']],
  ['work for several', ['bulk', 'hooks', 'runs'], ['bulk', 'hooks', 'runs', 'alarm']],
])('a lookout that finds %s wakes whoever does it, and looks often for a while', async (_, found, rung) => {
  const play = lookoutOver([found]);
  await play.lookout.tick();
  expect(play.rung).toEqual(rung);
});

it('a lookout that cannot look wakes all, who look for themselves', async () => {
  const play = lookoutOver([new Error('away')]);
  await expect(play.lookout.tick()).rejects.toThrow('away');
  expect(play.rung).toEqual(WORKS);
});
