import type { RequestError } from '../client/request-error.ts';
import { Glyph } from './glyph.tsx';

/** Says what could not be read, why, and under which id the log has it. */
export function ReadError({ what, error, retry }: { what: string; error: RequestError; retry: () => void }) {
  const isForbidden = error.status === 403;
  return (
    <div class="trouble" role="alert">
      <Glyph of={isForbidden ? 'lock' : 'warning'} />
      <div>
        <p class="strong">{isForbidden ? 'You are not allowed to see this' : what}</p>
        <p>{error.message}</p>
        {error.requestId !== null && (
          <p class="soft small">
            Request <code>{error.requestId}</code>
          </p>
        )}
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      </div>
    </div>
  );
}
