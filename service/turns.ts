import { turnOf } from '../interpreter/turns.ts';
import { AppError } from '../model/app-error.ts';
import { CONTROL_SIGNAL, type Control } from '../model/control.ts';
import type { Definition } from '../model/definition.ts';
import type { Json } from '../model/json.ts';
import type { Logger } from '../model/log.ts';
import type { Parameters, RunTurn } from '../model/run-input.ts';
import { WorkMeter } from '../model/work.ts';
import type { TurnDecisions, TurnRow, TurnStore } from '../store/turns.ts';
import { refusal } from './inputs.ts';
import { keepGoing } from './loops.ts';
import { createSetAside } from './set-aside.ts';
import type { Temporal } from './temporal.ts';

/** Milliseconds between two rounds. */
const INTERVAL = 200;

/** Units of work that the template of a concurrency key may take when a run is started. */
const KEY_WORK = 100_000;

/** Milliseconds after which a claim is given up whose run was never seen. */
const UNSEEN_AFTER = 120_000;

/** What a run of a definition shares with others, `field` being where its input stands. Throws `input_invalid`. */
export function turnFor(
  definition: { definition: Definition; ref: string; version: string },
  input: Parameters,
  field: string,
): RunTurn | undefined {
  const found = turnOf(definition, input, new WorkMeter(KEY_WORK));
  if (found === null) return undefined;
  if ('turn' in found) return found.turn;
  const { message } = found.failure;
  throw refusal('input_invalid', [{ code: 'input_invalid', path: `/${field}`, message }]);
}

/**
 * Gives runs with concurrency keys their turns (design/shapes.md, Definitions): one that closes makes room, and the one that
 * waits longest is told by a signal. Any number of keepers may run at once. `clock` gives milliseconds.
 */
export function createTurnKeeper(temporal: Temporal, store: TurnStore, log: Logger, clock: () => number) {
  const { namespace } = temporal;
  const aside = createSetAside(clock, log, 'a run cannot be told that it is its turn; the others are');

  async function tell(row: TurnRow): Promise<void> {
    const { workflowId, granted, refused, told, cancelled, stopped, policy } = row;
    if (!told && (granted !== null || refused)) {
      const verdict = refused ? (policy === 'fail' ? 'fail' : 'skip') : 'begin';
      const id = `turn ${workflowId}`;
      const control: Control = { id, by: SENDER, reason: 'its concurrency key', what: 'turn', verdict };
      const payload = control as unknown as Json; // made of nothing but JSON
      await temporal.signal(workflowId, { name: CONTROL_SIGNAL, payload, identity: SENDER, requestId: id });
      await store.note(row, { told: true });
    }
    if (!cancelled || stopped) return;
    await temporal.cancel(workflowId, 'another run has its concurrency key', SENDER);
    await store.note(row, { stopped: true });
  }

  return {
    /** One round. */
    async tick(): Promise<void> {
      const told = await store.settle(namespace, new Date(clock() - UNSEEN_AFTER), decideTurns);
      for (const row of told) await aside.attempt(row.workflowId, () => tell(row));
    },

    /** Keeps going until the signal is aborted. */
    run(signal: AbortSignal): Promise<void> {
      const trouble = 'runs with concurrency keys cannot be told that it is their turn';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 5 * INTERVAL, log, trouble });
    },
  };
}

/** Who Fermata says it is where it does something to a run by itself. */
const SENDER = 'fermata';

/** Who of some runs, in order, gets a turn, gets none, or makes room. */
export function decideTurns(rows: readonly TurnRow[]): TurnDecisions {
  const decisions: TurnDecisions = { granted: [], refused: [], cancelled: [] };
  for (const group of groupsOf(rows)) {
    let held = group.filter(({ granted }) => granted !== null).length;
    const taker = group.findLastIndex(({ granted, policy }) => granted === null && policy === 'cancel_previous');
    const before = group.slice(0, Math.max(0, taker)).filter(({ cancelled }) => !cancelled);
    const leaving = new Set(before.slice(0, Math.max(0, before.length - (group[taker]?.limit ?? 1) + 1)));
    for (const row of group) {
      const { workflowId, granted, refused, cancelled, limit, policy } = row;
      if (leaving.has(row)) decisions.cancelled.push(workflowId);
      else if (granted !== null || refused || cancelled) continue;
      else if (held < limit) {
        decisions.granted.push(workflowId);
        held += 1;
      } else if (policy === 'skip' || policy === 'fail') decisions.refused.push(workflowId);
    }
  }
  return decisions;
}

function groupsOf(rows: readonly TurnRow[]): TurnRow[][] {
  const groups = new Map<string, TurnRow[]>();
  for (const row of rows) {
    const name = JSON.stringify([row.tenant, row.ref, row.key]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** What is told to whoever starts a run for which there is no room, and which is not to wait. */
export function conflict(ref: string, { key }: RunTurn): AppError {
  return new AppError('concurrency_conflict', `another run of '${ref}' has the concurrency key "${key}"`);
}
