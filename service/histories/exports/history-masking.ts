import { createSideBySide, type SideBySide } from '../../../interpreter/evaluations.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import type { Replay } from '../../../projection/replay/replay.ts';
import { type Opening, readOpening } from '../../../projection/runs/opening.ts';
import { hideInComputed } from '../../projections/hiding/child-inputs.ts';
import { continueWith, maskEvent, NO_RUN } from './event-masks.ts';
import { createExportMask } from './export-mask.ts';
import type { MaskedPart } from './jobs.ts';

/** A history in which data is hidden, replayed as it is masked, so that whoever gets it can do the same. */
export interface HistoryMasking {
  /** Takes the next event of the chain, and returns it masked. */
  take(event: HistoryEvent): HistoryEvent;
  /** Returns what the replay has shown since the last call. */
  takePart(): MaskedPart;
  /** Ends the chain, and returns why it cannot be replayed; null: it can. */
  end(): string | null;
}

/** A run over its history and over the masked one. */
interface Pair {
  sides: SideBySide;
  original: Replay;
  masked: Replay;
}

/**
 * Creates the masking of the history of a chain, which hides some values. Events of a run that cannot be replayed are masked all the
 * same. The first event must be the start of a workflow.
 */
export function createHistoryMasking(workflowId: string, hidden: readonly Json[]): HistoryMasking {
  const mask = createExportMask(hidden);
  const sides = createSideBySide({
    ...mask,
    hideInComputed: (site, value) => hideInComputed(site, value, opening?.run?.workflows),
  });
  let opening: Opening | null = null;
  let pair: Pair | null = null;
  let reason: string | null = null;
  let returned = 0;
  let continued: Json = null;

  function fail(why: string): void {
    reason ??= mask.hideInMessage(why);
    pair = null;
  }

  function open(event: HistoryEvent): Opening {
    const started = event.workflowExecutionStartedEventAttributes;
    if (!started) throw new TypeError('the history does not begin with the start of a workflow');
    return readOpening(workflowId, event, started);
  }

  /** Begins both runs. */
  function begin(read: Opening, shown: HistoryEvent): void {
    const original = read.replay({ observer: sides.original });
    const masked = open(shown).replay({ observer: sides.masked });
    if (original !== null && masked !== null) pair = { sides, original, masked };
    else if (read.run === null) fail('Fermata did not start the run');
    else fail(`this version does not know interpreter ${read.run.interpreter}`);
  }

  function follow(event: HistoryEvent, shown: HistoryEvent): void {
    if (pair === null) return;
    try {
      pair.original.take(event);
      pair.masked.take(shown);
    } catch (error) {
      fail(`the interpreter failed at event ${event.eventId}: ${(error as Error).message}`);
      return;
    }
    const others = pair.sides.isInStep() ? null : `the masked run computes other values at event ${event.eventId}`;
    const divergence = pair.masked.now.divergence ?? others;
    if (divergence !== null) fail(divergence);
  }

  return {
    take(event) {
      const isFirst = opening === null;
      opening ??= open(event);
      mask.renew();
      const shown = maskEvent(event, opening.run ?? NO_RUN, mask);
      if (event.workflowExecutionContinuedAsNewEventAttributes) continued = continuedRun(pair?.masked ?? null);
      continueWith(shown, continued);
      mask.renew();
      if (isFirst) begin(opening, shown);
      follow(event, shown);
      return shown;
    },
    takePart() {
      const evaluations = sides.evaluations.slice(returned);
      returned = sides.evaluations.length;
      return { evaluations, computed: sides.computed, reason };
    },
    end() {
      if (pair === null) return reason;
      const [original, masked] = [pair.original.end(), pair.masked.end()];
      // An open run may lack commands, too.
      if (original.divergence === null && masked.divergence !== null) fail(masked.divergence);
      return reason;
    },
  };
}

/** Returns the run input with which a run is about to continue as new; null: it is not. */
function continuedRun(masked: Replay | null): Json {
  const own = masked?.now.expected.find((command) => command.type === 'continue');
  // A run input consists of JSON.
  return own?.type === 'continue' ? (own.run as unknown as Json) : null;
}
