import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import { type Command, isSliceKey, type RunEvent } from '../../interpreter/events.ts';
import { type Intervention, simulate } from '../../interpreter/simulate.ts';
import type { HistoryLength, RunState } from '../../interpreter/state.ts';
import { validateDefinition } from '../../language/validate.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import { parseDefinition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import { draws } from '../seed.ts';
import { type RandomRun, randomRun, SUB_WORKFLOWS } from './random-run.ts';
import { rehearse as play, type Rehearsal, type Rehearsed, runInput, STARTED, TEST_ACTIONS } from './rehearse.ts';

// Thousands of runs are played, also on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

/** The number of runs for each property. */
const RUNS = draws(30);

const rehearse = (run: RandomRun & Pick<Rehearsal, 'limits'>, intervene?: Intervention): Rehearsed =>
  play({ ...run, workflows: SUB_WORKFLOWS }, intervene);

/** Only definitions that could be stored are played. */
const accepted = ({ definition }: RandomRun) => validateDefinition(definition, null, TEST_ACTIONS).issues.length === 0;

it('every definition that is not refused ends, and never throws, whatever becomes of its tasks', () => {
  const outcomesSeen = new Map<string, number>();
  let refused = 0;
  let timed = 0;
  fc.assert(
    fc.property(randomRun(), (run) => {
      expect(parseDefinition(run.definition, '')).toHaveProperty('definition');
      const { issues } = validateDefinition(run.definition, null, TEST_ACTIONS);
      if (issues.length > 0) {
        refused += 1;
        expectNeverJoined(run, issues);
        return;
      }
      if (run.definition.timeout !== undefined) timed += 1;
      const { close, state } = rehearse(run);
      expect(close).toBeDefined();
      outcomesSeen.set(close!.outcome, (outcomesSeen.get(close!.outcome) ?? 0) + 1);
      expect(state.pending.size).toBe(0);
      expect(state.visits.filter(({ status }) => status === 'running' || status === 'delayed')).toEqual([]);
      const good = close?.outcome === 'completed' || close?.outcome === 'skipped';
      expect(close?.failure === null).toBe(good);
      if (close?.outcome === 'timeout') expect(close.failure).toMatchObject({ type: 'timeout' });
    }),
    { numRuns: 2 * RUNS },
  );
  // The generator must not drift into drawing only definitions that are refused, or only runs that succeed.
  expect(refused).toBeLessThan(RUNS);
  // Few of the runs with a timeout end by it; in some draws none does.
  expect(timed).toBeGreaterThan(RUNS / 10);
  expect([...outcomesSeen.keys()]).toEqual(expect.arrayContaining(['completed', 'failed', 'skipped']));
});

it('of several transitions of one visit to one task each has the joins behind it for itself', () => {
  const branch = fc.constantFrom('test.act', 'core.noop', 'core.delay');
  const given = fc.record({
    // The transitions that fire, at each of some tasks in a row.
    fires: fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    branches: fc.array(branch, { minLength: 1, maxLength: 3 }),
    one: fc.boolean(),
  });
  fc.assert(
    fc.property(given, fc.integer(), ({ fires, branches, one }, seed) => {
      const row = fires.map((transitions, at) => ({
        name: `f${at}`,
        action: 'core.noop',
        next: transitions.map((fired, nth) => ({
          when: String(fired),
          publish: { [`x${at}`]: nth },
          do: `f${at + 1}`,
        })),
      }));
      const names = branches.map((_, at) => `b${at}`);
      const behind = branches.map((action, at) => ({
        name: names[at]!,
        action,
        on_success: 'j',
        ...(action === 'core.delay' ? { input: { seconds: at + 1 } } : {}),
      }));
      const definition = {
        start: ['f0'],
        tasks: [
          ...row,
          { name: `f${fires.length}`, action: 'core.noop', on_success: names },
          ...behind,
          { name: 'j', action: 'core.noop', join: one ? 1 : ('all' as const) },
        ],
      };
      expect(validateDefinition(definition, null, TEST_ACTIONS).issues).toEqual([]);
      const straight = simulate(runInput(definition), {}, {}, STARTED);
      const chained = simulate(runInput(definition), {}, {}, STARTED, {
        history: (wave) => ({ length: 5_000, suggested: Math.sin(seed + wave * 3.7) > 0 }),
      });
      expect(chained.close).toEqual(straight.close);
      const joins = fires.reduce((product, transitions) => product * transitions.filter(Boolean).length, 1);
      const { state } = straight;
      expect(straight.close?.outcome).toBe('completed');
      expect(state.visitsOf.get('j') ?? []).toHaveLength(joins);
      for (const index of state.visitsOf.get('j') ?? []) {
        const { from, lineage } = state.visits[index]!;
        expect(from).toHaveLength(one ? 1 : branches.length);
        expect(new Set(from.map((before) => state.visits[before]!.lineage))).toEqual(new Set([lineage]));
      }
    }),
    { numRuns: RUNS },
  );
});

it('the order in which events of one activation arrive does not matter', () => {
  fc.assert(
    fc.property(randomRun(), fc.integer(), (run, seed) => {
      fc.pre(accepted(run));
      const cancelled = (wave: number) => (wave === run.cancelAt ? [{ type: 'cancel' as const }] : []);
      const inOrder = rehearse(run, (events, wave) => [...events, ...cancelled(wave)]);
      const shuffled = rehearse(run, (events, wave) => shuffle([...cancelled(wave), ...events], seed + wave));
      expect(shuffled.close).toEqual(inOrder.close);
      expect(shuffled.commands).toEqual(inOrder.commands);
      expect(shuffled.state.visits).toEqual(inOrder.state.visits);
    }),
    { numRuns: RUNS },
  );
});

it('a run that is cancelled at any moment ends, with nothing left and its cleanup done', () => {
  fc.assert(
    fc.property(randomRun(), (run) => {
      fc.pre(accepted(run) && run.cancelAt > 0);
      const { close, state } = rehearse(run, (events, wave) =>
        wave === run.cancelAt ? [{ type: 'cancel' }, ...events] : events,
      );
      expect(close).toBeDefined();
      expect(state.pending.size).toBe(0);
      expect(state.visits.filter(({ status }) => status === 'running' || status === 'delayed')).toEqual([]);
      if (close?.outcome !== 'cancelled') return;
      const [first] = state.program.cleanup.entries;
      if (first !== undefined) expect(state.visitsOf.get(first)).toHaveLength(1);
    }),
    { numRuns: RUNS },
  );
});

it('events that nobody waits for change nothing', () => {
  fc.assert(
    fc.property(randomRun(), (run) => {
      fc.pre(accepted(run));
      const plain = rehearse(run);
      const disturbed = rehearse(run, (events) =>
        events.length === 0
          ? events
          : [
              { type: 'completed', key: 'nobody', output: 1 },
              { type: 'fired', key: 'nobody#99' },
              ...events,
              { type: 'failed', key: 'nobody~7', fault: { kind: 'cancelled' } },
            ],
      );
      expect(disturbed.commands).toEqual(plain.commands);
    }),
    { numRuns: RUNS },
  );
});

/** A join that is refused because no path satisfies it is never satisfied. */
function expectNeverJoined(run: RandomRun, issues: readonly Issue[]): void {
  if (issues.some(({ code }) => code !== 'join_unsatisfiable')) return;
  const names = issues.map(({ path }) => run.definition.tasks[Number(path.split('/')[3])]!.name);
  const joined = rehearse(run).state.visits.filter(({ name, retried }) => names.includes(name) && retried === 0);
  expect(joined).toEqual([]);
}

function shuffle<T>(values: T[], seed: number): T[] {
  return values
    .map((value, index) => ({ value, at: Math.sin(seed + index * 7.3) }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

it('a run that ended badly goes on from its state: what is kept is not done again, and it ends', () => {
  let retried = 0;
  fc.assert(
    fc.property(randomRun().filter(accepted), (run) => {
      const cancelled = (events: RunEvent[], wave: number): RunEvent[] =>
        wave === run.cancelAt ? [...events, { type: 'cancel' }] : events;
      const first = rehearse(run, run.cancelAt > 2 ? cancelled : undefined);
      if (first.close === undefined || first.close.outcome === 'completed' || first.close.outcome === 'skipped') return;
      const carried = carry(first.state, null);
      if (carried === null) return;
      retried += 1;
      // It travels as JSON.
      const input = { ...first.state.run, carried: JSON.parse(JSON.stringify(carried.state)) as CarriedState };
      const again = simulate(input, {}, {}, STARTED + 1_000_000);
      expect(again.close).not.toBeNull();
      const issued = again.commands.flatMap((command) => ('key' in command ? [command.key.replace(/~\d+$/, '')] : []));
      // The latest visit of a word `retry` and of loops may have new visits; those that are kept stay as they were.
      const visits = new Set(again.state.visits.filter(({ carried: done }) => done).map(({ key }) => key));
      expect(issued.filter((key) => visits.has(key))).toEqual([]);
      expect(carried.again.length).toBeGreaterThan(0);
      expect(again.state.visits.length).toBeGreaterThanOrEqual(carried.state.visits.length);
    }),
    { numRuns: RUNS },
  );
  expect(retried).toBeGreaterThan(RUNS / 10);
});

it('a run that goes on as others does and gives the same as one that does not', () => {
  let continued = 0;
  fc.assert(
    fc.property(randomRun().filter(accepted), fc.integer(), (drawn, seed) => {
      const run = { ...drawn, workflows: SUB_WORKFLOWS };
      // Where a task hangs, others may begin later than otherwise.
      fc.pre(!JSON.stringify(run.outcomes).includes('"running"'));
      const cancelled = (events: RunEvent[], wave: number): RunEvent[] =>
        wave === run.cancelAt && run.cancelAt > 3 ? [...events, { type: 'cancel' }] : events;
      // Signals come at any time, even before a task waits for them.
      const signalled = (wave: number): RunEvent[] =>
        run.signals.flatMap((name, at) => (at * 2 + 1 === wave ? [{ type: 'signal', name, payload: at }] : []));
      const straight = playChain(run, (events, wave) => cancelled([...events, ...signalled(wave)], wave));
      // Waves are counted without those in which a run begins as another's next.
      let begun = 0;
      const chained = playChain(
        run,
        (events, wave, state) => {
          if (wave > 0 && state?.drain != null && events.length === 0) {
            begun += 1;
            return events;
          }
          return cancelled([...events, ...signalled(wave - begun)], wave - begun);
        },
        (wave) => ({ length: 5_000, suggested: Math.sin(seed + wave * 3.7) > 0 }),
      );
      continued += chained.past.length;
      expect(chained.close).toEqual(straight.close);
      expect(workOf(chained.commands)).toEqual(workOf(straight.commands));
      const tasks = [null, ...run.definition.tasks.map(({ name }) => name)];
      const task = tasks[Math.abs(seed) % tasks.length]!;
      expect(retryOf(chained.state, task)).toEqual(retryOf(straight.state, task));
    }),
    { numRuns: RUNS },
  );
  expect(continued).toBeGreaterThan(RUNS / 2);
});

/** The work and the result of a retry; visits may have other numbers, and names another order. */
function retryOf(state: RunState, task: string | null) {
  const carried = carry(state, task);
  if (carried === null) return null;
  const input = { ...state.run, carried: JSON.parse(JSON.stringify(carried.state)) as CarriedState };
  const { commands, close } = simulate(input, {}, {}, STARTED + 1_000_000);
  const text = JSON.stringify([workOf(commands).map(([key, , input]) => [key, input]), close]);
  return JSON.parse(text.replaceAll(/#\d+/g, '').replaceAll(/; there are: [^"]+/g, '')) as Json;
}

it('slices change nothing of what a run does', () => {
  let sliced = 0;
  fc.assert(
    fc.property(randomRun().filter(accepted), fc.constantFrom(1, 250, 700), (run, slice) => {
      const signalled = (wave: number): RunEvent[] =>
        run.signals.flatMap((name, at) => (at * 2 + 1 === wave ? [{ type: 'signal', name, payload: at }] : []));
      const whole = rehearse(run, (events, wave) => [...events, ...signalled(wave)]);
      const parts = rehearse(
        { ...run, limits: { slice } },
        betweenSlices((events, wave) => [...events, ...signalled(wave)]),
      );
      sliced += parts.commands.filter(({ type }) => type === 'yield').length;
      expect(parts.close).toEqual(whole.close);
      expect(workOf(parts.commands)).toEqual(workOf(whole.commands));
      expect(parts.state.visits).toEqual(whole.state.visits);
    }),
    { numRuns: RUNS },
  );
  expect(sliced).toBeGreaterThan(RUNS);
});

it('a run that is cancelled between slices ends, with nothing left', () => {
  fc.assert(
    fc.property(randomRun().filter(accepted), fc.constantFrom(1, 250), fc.nat({ max: 12 }), (run, slice, at) => {
      const { close, state } = rehearse({ ...run, limits: { slice } }, (events, wave) =>
        wave === at ? [...events, { type: 'cancel' }] : events,
      );
      expect(close).toBeDefined();
      expect([state.pending.size, state.backlog.length]).toEqual([0, 0]);
      expect(state.visits.filter(({ status }) => status === 'running' || status === 'delayed')).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

/** An intervention that does not see the waves in which nothing but a slice ends, nor counts them. */
function betweenSlices(intervene: Intervention): Intervention {
  let ends = 0;
  return (events, wave, state) => {
    if (events.some((event) => 'key' in event && isSliceKey(event.key))) {
      ends += 1;
      return events;
    }
    return intervene(events, wave - ends, state);
  };
}

function playChain(
  { definition, outcomes, workflows }: RandomRun & { workflows: typeof SUB_WORKFLOWS },
  intervene: Intervention,
  history?: (wave: number) => HistoryLength,
) {
  const run = runInput(definition, 1, workflows);
  const played = simulate(run, {}, outcomes, STARTED, { intervene, history });
  return played;
}

/** The commands for workers and sub-workflows. */
function workOf(commands: readonly Command[]) {
  return commands.flatMap((command) => {
    if (command.type === 'child') return [[command.key, command.n, command.input]];
    return command.type === 'activity' ? [[command.key, command.action, command.input]] : [];
  });
}
