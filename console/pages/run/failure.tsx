import { type ExecutionStatus, isClosed, isSuccessful } from '../../../model/status.ts';
import { Glyph } from '../../parts/glyph.tsx';
import { hrefWith } from '../../routing/location.ts';

/** How something failed, as the API's results say it. */
export interface ShownFailure {
  code: string | null;
  message: string;
  task: string | null;
}

/** Reads the failure in a result; null for the result of what has not failed. */
export function failureIn(result: unknown, state: ExecutionStatus): ShownFailure | null {
  const hasFailed = isClosed(state) && !isSuccessful(state);
  if (!hasFailed || typeof result !== 'object' || result === null || !('error' in result)) return null;
  const { error, error_code: code, task } = result as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return { code: text(code), message: text(error) ?? JSON.stringify(error), task: text(task) };
}

/** A failure; `linked` has the task that failed lead to it. */
export function FailureNote({ failure, linked = false }: { failure: ShownFailure; linked?: boolean }) {
  const { code, message, task } = failure;
  return (
    <div class="trouble">
      <Glyph of="warning" />
      <div>
        {code !== null && <p class="strong">{code}</p>}
        <p>{message}</p>
        {linked && task !== null && (
          <p>
            <a href={hrefWith({ task })}>See task {task}</a>
          </p>
        )}
      </div>
    </div>
  );
}
