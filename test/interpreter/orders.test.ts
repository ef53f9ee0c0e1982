import { expect, it } from 'vitest';
import type { Command, RunEvent } from '../../interpreter/events.ts';
import { begin, step } from '../../interpreter/interpreter.ts';
import { createSimulatedWorld } from '../../interpreter/simulated-world.ts';
import { createRandom, draws } from '../seed.ts';
import { REHEARSALS } from './rehearsals.ts';
import { type Rehearsal, runInput, STARTED } from './rehearse.ts';

// Nobody promises the order in which activities end, nor how late a timer is taken: a row that is played on a server must hold in each.

/** Orders in which each row is played. */
const ORDERS = draws(20);

/** Milliseconds that a busy machine may be late: a row may rely on timers that are further apart. */
const LATE = 5_000;

/** Draws some of the commands, at least one, in any order. */
function draw(commands: readonly Command[], chance: () => number): Command[] {
  const sure = Math.floor(chance() * commands.length);
  const drawn = commands.filter((_, at) => at === sure || chance() < 0.3);
  return drawn
    .map((command) => ({ command, place: chance() }))
    .sort((a, b) => a.place - b.place)
    .map(({ command }) => command);
}

/** Plays a row as a server may: activities end one by one or together, and timers that are due soon fire before or after them. */
function playInSomeOrder(row: Rehearsal, chance: () => number) {
  const { definition, input = {}, outcomes = {}, items = {}, workflows, limits, scheduled } = row;
  const run = { ...runInput(definition, 1, workflows, limits), ...(scheduled === undefined ? {} : { scheduled }) };
  const world = createSimulatedWorld(outcomes, items);
  const timers = new Map<string, { due: number; shielded: boolean }>();
  const underWay = new Set<Command>();
  let time = STARTED;
  const isDueSoon = () => [...timers.values()].some(({ due }) => due < time + LATE);
  const end = (commands: readonly Command[]) => {
    for (const command of commands) underWay.delete(command);
    world.perform(commands, time);
  };
  const perform = (command: Command) => {
    if (command.type === 'activity' || command.type === 'child') {
      underWay.add(command);
      return;
    }
    if (command.type === 'timer') timers.set(command.key, { ...command, due: time + command.milliseconds });
    if (command.type === 'cancel_timer') timers.delete(command.key);
    if (command.type === 'cancel_work') {
      for (const [key, { shielded }] of timers) if (!shielded) timers.delete(key);
      end([...underWay]);
    }
    end([command]);
  };
  const take = (): RunEvent[] => {
    const next = world.next();
    time = Math.max(time, next.time);
    for (const event of next.events) if (event.type === 'fired') timers.delete(event.key);
    return next.events;
  };
  let { state, commands } = begin(run, input, time);
  for (;;) {
    for (const command of commands) perform(command);
    const close = commands.find((command) => command.type === 'close');
    if (close !== undefined) return { state, close };
    if (underWay.size > 0 && !(isDueSoon() && chance() < 0.4)) end(draw([...underWay], chance));
    const events = take();
    while (isDueSoon() && chance() < 0.4) events.push(...take());
    if (events.length === 0) throw new Error('nothing will happen, and the run has not ended');
    commands = step(state, events, time);
  }
}

it.each(REHEARSALS.filter(({ pure }) => pure !== true))('in any order: $name', (row) => {
  const { order, outcome, failure, output } = row.expect;
  for (let seed = 0; seed < ORDERS; seed += 1) {
    const { state, close } = playInSomeOrder(row, createRandom(seed));
    const started = state.visits.filter(({ startedAt }) => startedAt !== null).map(({ key }) => key);
    expect([started.sort(), close.outcome], `order ${seed}`).toEqual([[...order].sort(), outcome]);
    if (failure !== undefined) expect(close.failure, `order ${seed}`).toMatchObject(failure);
    if (output !== undefined) expect(close.output, `order ${seed}`).toEqual(output);
  }
});
