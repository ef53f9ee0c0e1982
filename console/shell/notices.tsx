import { Glyph } from '../parts/glyph.tsx';
import { dismiss, notice } from '../parts/notice.ts';

/** Announces what has come of an act. */
export function Notices() {
  const text = notice.value;
  return (
    <div class="notices">
      <div role="status" aria-label="Notices">
        {text}
      </div>
      {text !== '' && (
        <button type="button" class="button quiet icon" aria-label="Dismiss" onClick={dismiss}>
          <Glyph of="close" />
        </button>
      )}
    </div>
  );
}
