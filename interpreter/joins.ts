import { engineFailure } from '../model/failure.ts';
import { endBranch, mergedWith } from './branches.ts';
import { CLEANUP_LINEAGE, type Gathering, type RunState } from './state.ts';
import { type Arrival, decide, schedule } from './visits.ts';

/**
 * Lets a visit arrive at a task, which runs once for each arrival or is a join. A join that has fired, or has an arrival from the same
 * task already, absorbs the arrival.
 */
export function arrive(state: RunState, name: string, from: number, arrival: Omit<Arrival, 'from'>): void {
  const { join } = state.program.tasks.get(name)!;
  if (join === null) {
    schedule(state, name, { ...arrival, from: [from] });
    return;
  }
  const { name: task, lineage } = state.visits[from]!;
  let round = 1;
  if (join.rounds) {
    const counted = `${name} ${lineage} ${task}`;
    round = (state.roundsOf.get(counted) ?? 0) + 1;
    state.roundsOf.set(counted, round);
  }
  const key = `${name} ${lineage} ${round}`;
  const gathering: Gathering = state.gatherings.get(key) ?? { name, lineage, round, arrivals: new Map(), fired: false };
  state.gatherings.set(key, gathering);
  if (gathering.fired || gathering.arrivals.has(task)) {
    endBranch(state, arrival.variables);
    return;
  }
  gathering.arrivals.set(task, { visit: from, variables: arrival.variables });
  if (gathering.arrivals.size < join.needed) return;
  const arrivals = [...gathering.arrivals.values()];
  const [first, ...others] = arrivals.map((each) => each.variables);
  const variables = mergedWith(first!, others);
  // A complete round need not be kept; any other join must keep that it has fired.
  if (join.rounds) state.gatherings.delete(key);
  gathering.fired = true;
  const gathered = { key, arrivals: gathering.arrivals };
  gathering.arrivals = new Map();
  schedule(state, name, { ...arrival, from: arrivals.map(({ visit }) => visit), variables, gathered });
}

/** Fails a run with nothing left to do when a join still waits for tasks that can no longer arrive. */
export function failUnreachable(state: RunState): void {
  // Arrivals that a failure or a stop has held back are not missing.
  if (state.failure !== null && state.stopping === null) return;
  for (const { name, lineage, arrivals } of state.gatherings.values()) {
    if (arrivals.size === 0 || (state.stopping !== null && lineage !== CLEANUP_LINEAGE)) continue;
    const { inbound, needed } = state.program.tasks.get(name)!.join!;
    const arrived = inbound.filter((task) => arrivals.has(task));
    const missing = inbound.filter((task) => !arrivals.has(task));
    const of = needed < inbound.length ? `${needed - arrived.length} of ` : '';
    const message = `"${name}" waits for ${of}${missing.join(', ')}, and nothing can lead there any more`;
    const details = { join: name, needed, arrived, missing };
    decide(state, engineFailure('unreachable_join', message, { task: name, details }), false);
  }
}
