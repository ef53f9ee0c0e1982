import type { StopTasks } from '../../../debugger/protocol.ts';
import { countText, numberText } from '../../../parts/words.ts';

/** Says that not all tasks are known, if so, and what is about the known ones alone. */
export function PartialNote({ tasks: { listed, total } }: { tasks: StopTasks }) {
  if (listed >= total) return null;
  return (
    <p class="soft whole">
      The service lists the first {numberText(listed)} of {countText(total, 'task')}. The counts, the changes and the
      graph are about those alone.
    </p>
  );
}
