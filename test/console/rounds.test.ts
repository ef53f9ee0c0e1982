import { expect, it } from 'vitest';
import { createRounds } from '../../console/client/rounds.ts';

/** Counts rounds, each of which ends when it is told to. */
function startRounds() {
  const stop = new AbortController();
  const rounds: { isBackground: boolean; end: () => Promise<void> }[] = [];
  const ask = createRounds((isBackground) => {
    let finish = () => {};
    const ended = new Promise<void>((resolve) => (finish = resolve));
    const end = async () => {
      finish();
      // The next one begins once this one is known to have ended.
      await new Promise((later) => setTimeout(later));
    };
    rounds.push({ isBackground, end });
    return ended;
  }, stop.signal);
  return { ask, rounds, stop };
}

it('what is asked for while a read is on its way is one further read', async () => {
  const { ask, rounds } = startRounds();
  for (let n = 0; n < 5; n += 1) ask(true);
  expect(rounds).toHaveLength(1);
  await rounds[0]!.end();
  expect(rounds).toHaveLength(2);
  await rounds[1]!.end();
  expect(rounds).toHaveLength(2);
  ask(true);
  expect(rounds).toHaveLength(3);
});

it.each<[boolean[], boolean]>([
  [[true], true],
  [[true, true], true],
  [[true, false], false],
  [[false, true], false],
])('a read that %j asked for is in the background: %j', async (asked, isBackground) => {
  const { ask, rounds } = startRounds();
  ask(!isBackground);
  for (const by of asked) ask(by);
  await rounds[0]!.end();
  expect(rounds.map((round) => round.isBackground)).toEqual([!isBackground, isBackground]);
});

it('nothing is read after the signal', async () => {
  const { ask, rounds, stop } = startRounds();
  ask(false);
  ask(false);
  stop.abort();
  await rounds[0]!.end();
  ask(false);
  expect(rounds).toHaveLength(1);
});
