import type { Question } from '../../client/shapes.ts';
import { Badge, type StateWord } from '../../parts/badge.tsx';

/** The states of runs and tasks that look like those of questions. */
const LOOKS: Record<Question['status'], StateWord> = {
  pending: 'waiting',
  approved: 'completed',
  denied: 'failed',
  expired: 'timeout',
  cancelled: 'cancelled',
};

/** The status of a question by shape, word and colour. */
export function QuestionBadge({ status }: { status: Question['status'] }) {
  return <Badge state={LOOKS[status]} word={status} />;
}

/** Returns the words that name a question. */
export function questionTitle({ prompt, task }: Question): string {
  return prompt?.trim() || `Decision for ${task}`;
}
