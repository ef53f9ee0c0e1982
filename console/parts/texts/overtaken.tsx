import { Glyph } from '../glyph.tsx';
import { createLazyView } from '../lazy.tsx';

const TextDifference = createLazyView('difference', async () => (await import('./text-difference.tsx')).TextDifference);

/** Says that somebody else has changed what a text was to replace, and how both differ. */
export function Overtaken({ noun, stored, mine }: { noun: string; stored: string; mine: string }) {
  return (
    <div class="overtaken">
      <div class="trouble" role="alert">
        <Glyph of="warning" />
        <div>
          <p class="strong">Somebody else has changed this {noun} meanwhile</p>
          <p>
            Nothing was stored, and what you have entered is still there. Below is how it differs from what is stored
            now. Take over what you want to keep, then store it.
          </p>
        </div>
      </div>
      <TextDifference before={stored} after={mine} />
    </div>
  );
}
