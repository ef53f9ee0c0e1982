import type { Evaluation } from '../../../interpreter/evaluations.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryCopy } from '../../projections/history-copies.ts';

/** Jobs that replay runs over masked histories, and write those. */
export interface MaskingJobs {
  /** Begins with the history of a chain in which values are hidden. */
  open_masking: { input: { workflowId: string; hidden: Json[] }; result: null };
  /** Takes the next events of the history that was opened, and writes them if the file is to have them. */
  take_masking: { input: HistoryCopy & { writes: boolean }; result: MaskedPart & { written: Written | null } };
  /** Ends the history, and returns why it cannot be replayed; null: it can. */
  end_masking: { input: null; result: { reason: string | null } };
}

/** The findings of a replay of a part of a masked history. */
export interface MaskedPart {
  /** The values of these events that cannot be computed from the masked history. */
  evaluations: Evaluation[];
  /** The number of values that were computed so far. */
  computed: number;
  /** Why the masked history cannot be replayed; null: so far it can. */
  reason: string | null;
}

/** Events as JSON, separated by commas: the number of bytes, and the text, deflated and as base64. */
export interface Written {
  bytes: number;
  deflated: string;
}
