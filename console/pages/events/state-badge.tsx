import type { EnforcementStatus, EventState } from '../../../model/events/states.ts';
import { Badge, type StateWord } from '../../parts/badge.tsx';

/** The states of runs whose looks these have. */
const LOOKS: Record<EventState | EnforcementStatus, StateWord> = {
  received: 'scheduled',
  planned: 'completed',
  invalid: 'failed',
  pending: 'scheduled',
  started: 'completed',
  suppressed: 'skipped',
  failed: 'failed',
};

/** The state of an event or of an enforcement, by shape, word and colour. */
export function StateBadge({ state }: { state: EventState | EnforcementStatus }) {
  return <Badge state={LOOKS[state]} word={state} />;
}
