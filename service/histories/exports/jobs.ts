import type { Evaluation } from '../../../interpreter/evaluations.ts';
import type { Json } from '../../../model/json.ts';
import type { HistoryCopy } from '../../projections/history-copies.ts';

/** Jobs that compute runs again over masked histories. */
export interface MaskingJobs {
  /** Begins with the history of a chain in which values are hidden. */
  open_masking: { input: { workflowId: string; hidden: Json[] }; result: null };
  /** Takes the next events of the history that was opened. */
  take_masking: { input: HistoryCopy; result: MaskedPart };
}

/** The findings of computing a run over a part of its masked history. */
export interface MaskedPart {
  /** The values of these events that cannot be computed from the masked history. */
  evaluations: Evaluation[];
  /** The number of values that were computed so far. */
  computed: number;
  /** Why the masked history cannot be computed again; null: so far it can. */
  reason: string | null;
  /** The run input with which the masked run has continued as new in these events; null: it has not. */
  continued: Json;
}
