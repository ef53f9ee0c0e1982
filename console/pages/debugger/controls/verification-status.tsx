import { Glyph, type GlyphName } from '../../../parts/glyph.tsx';
import type { Engine } from '../engines/engine.ts';

const LOOKS: Record<Engine['run']['verification']['state'], { of: GlyphName; looks: string }> = {
  verified: { of: 'verified', looks: 'good' },
  differs: { of: 'warning', looks: 'bad' },
  pending: { of: 'verified', looks: 'idle' },
};

/** Says whether what is shown is what the history says, and how that is known. */
export function VerificationStatus({ engine, go }: { engine: Engine; go: (event: number) => void }) {
  const { state, sentence, event } = engine.run.verification;
  const { of, looks } = engine.reason === null ? LOOKS[state] : LOOKS.pending;
  return (
    <div class={`verification ${looks}`}>
      <Glyph of={of} />
      <div>
        <p role="status" aria-label="Verification">
          {sentence}
        </p>
        {engine.reason !== null && <p class="soft small">{engine.reason}</p>}
      </div>
      {event !== null && (
        <button type="button" class="button" onClick={() => go(event)}>
          Go to event {event}
        </button>
      )}
    </div>
  );
}
