import { expect, it } from 'vitest';
import { simulate } from '../../../interpreter/simulate.ts';
import { executionKey, keyOfVisit } from '../../../model/task-key.ts';
import type { RetryPoint } from '../../../service/projections/projected-runs.ts';
import { RECORDED, readEvents } from '../../fixtures/recorded.ts';
import { draws } from '../../seed.ts';
import { outlineOf } from './outlining.ts';

/** The suite looks at one history in so many; `npm run explore` at all of them. */
const STRIDE = draws(1) > 1 ? 1 : 14;

/** The points from which a retry of a history is outlined: what failed, and a few of its events. */
function pointsIn(events: number, at: number): RetryPoint[] {
  const some = [1, 2, 3].map((part) => Math.max(1, Math.floor((events * part) / 4) + (at % 3)));
  return [{ from: 'failed' }, ...some.map((event): RetryPoint => ({ from: 'event', event: Math.min(event, events) }))];
}

it('the outline of a retry of a recorded run is what the retry then does', async () => {
  let outlined = 0;
  let dropped = 0;
  for (const [at, { name }] of RECORDED.entries()) {
    // The middle of a chain is no history of a run.
    if (name.includes('/chain-') || at % STRIDE !== 0) continue;
    const events = readEvents(name);
    for (const point of pointsIn(events.length, at)) {
      const found = await outlineOf(events, point);
      if (found === null) continue;
      outlined += 1;
      const { outline, run, carried, begun: visited } = found;
      const { keys, counts } = outline;
      dropped += keys.dropped.length;
      const what = `${name} from ${JSON.stringify(point)}`;
      expect([counts.kept, counts.again, counts.dropped], what).toEqual([
        ...[keys.kept.length, keys.again.length, keys.dropped.length],
      ]);
      const { commands, state, past } = simulate(run, {}, {}, Date.now());
      const issued = commands.flatMap((command) =>
        command.type === 'activity' || command.type === 'child' ? [executionKey(command.key)] : [],
      );
      expect(
        issued.filter((key) => keys.kept.includes(key)),
        what,
      ).toEqual([]);
      const begun = [...past, state][0]!.visits.flat();
      const visits = (list: readonly string[]) => list.filter((key) => keyOfVisit(key) === key).sort();
      // A decision that cannot be kept is part of the state that the run begins with.
      const asked = new Set(begun.filter((visit) => !visit.carried).map(({ key }) => key));
      expect(visits(keys.kept), what).toEqual(
        begun
          .filter((visit) => visit.carried)
          .map(({ key }) => key)
          .sort(),
      );
      expect(
        visits(keys.again).filter((key) => !asked.has(key)),
        what,
      ).toEqual([]);
      expect(carried.starting.length, what).toBeGreaterThan(0);
      // Everything that the run did has one fate.
      const again = visits(keys.again).filter((key) => visited.includes(key));
      expect([...visits(keys.kept), ...again, ...keys.dropped].sort(), what).toEqual(visited);
    }
  }
  console.log(`${outlined} retries, ${dropped} tasks dropped`);
  expect(outlined).toBeGreaterThan(50);
  expect(dropped).toBeGreaterThan(30);
});
