import type { RequestError } from '../../client/request-error.ts';
import { Glyph } from '../glyph.tsx';

/** Says why what a form asks was refused; null: nothing was. */
export function RefusalNote({ of }: { of: RequestError | null }) {
  if (of === null) return null;
  return (
    <div class="trouble" role="alert">
      <Glyph of="warning" />
      <div>
        <p>{of.message}</p>
        {of.further.length > 0 && (
          <ul>
            {of.further.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
