import type { OpenedRun, Stop } from '../../debugger/protocol.ts';

/** Returns a sentence that says why it is not known what a run was at a stop; null: it is known. */
export function explainUnknown(
  { known, event }: Pick<Stop, 'known' | 'event'>,
  { state, event: differsAt }: Pick<OpenedRun['verification'], 'state' | 'event'>,
): string | null {
  if (known || (differsAt !== null && event < differsAt)) return null;
  return state === 'pending'
    ? 'What the run was here is not known yet: its history ends before the commands of this workflow task.'
    : 'What the run was here is not known: its history goes on in another way than the run that was recomputed.';
}
