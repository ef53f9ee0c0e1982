import type { RequestError } from '../../client/request-error.ts';
import { Glyph } from '../glyph.tsx';

/** Says why what a form asks was refused; null: nothing was. */
export function RefusalNote({ of }: { of: RequestError | null }) {
  if (of === null) return null;
  return (
    <p class="trouble" role="alert">
      <Glyph of="warning" />
      <span>{of.message}</span>
    </p>
  );
}
