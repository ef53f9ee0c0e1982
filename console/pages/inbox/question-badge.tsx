import type { ShownQuestion } from '../../client/shapes.ts';
import { Badge, type StateWord } from '../../parts/badge.tsx';

/** The states of runs and tasks that look like those of questions. */
const LOOKS: Record<ShownQuestion['status'], StateWord> = {
  pending: 'waiting',
  approved: 'completed',
  denied: 'failed',
  expired: 'timeout',
  cancelled: 'cancelled',
};

/** The status of a question by shape, word and colour. */
export function QuestionBadge({ status }: { status: ShownQuestion['status'] }) {
  return <Badge state={LOOKS[status]} word={status} />;
}

/** Returns the words that name a question. */
export function questionTitle({ prompt, task }: ShownQuestion): string {
  return prompt?.trim() || `Decision for ${task}`;
}
