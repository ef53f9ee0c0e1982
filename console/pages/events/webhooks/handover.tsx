import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { MadeWebhook } from '../../../client/shapes.ts';
import { copyText } from '../../../parts/texts/copying.ts';
import { SENDER_NOTES } from './sender-notes.ts';

/** The address of a webhook, and its secret if it was generated, which are shown here and never again, with what to do with them. */
export function Handover({ webhook, close }: { webhook: MadeWebhook; close: () => void }) {
  const { name, preset, url, secret = null, warnings } = webhook;
  const heading = useRef<HTMLHeadingElement>(null);
  const title = useId();
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <section class="card sheet handover" aria-labelledby={title}>
      <h2 id={title} tabIndex={-1} ref={heading}>
        {secret === null ? `The address of ${name}` : `The address and the secret of ${name}`}
      </h2>
      <p>Copy what is here now: it is shown only once.</p>
      <Shown label="Address" value={url} />
      {secret !== null && <Shown label="Secret" value={secret} />}
      <p>{SENDER_NOTES[preset]}</p>
      {warnings.map(({ code, message }) => (
        <p class="soft" key={code}>
          The webhook {message}.
        </p>
      ))}
      <div class="acts">
        <button type="button" class="button" onClick={close}>
          Done
        </button>
      </div>
    </section>
  );
}

/** A text that can be copied, by a button or by hand. */
function Shown({ label, value }: { label: string; value: string }) {
  const field = useRef<HTMLInputElement>(null);

  async function copy() {
    const otherwise = 'The text is selected: copy it by keyboard.';
    if (!(await copyText(value, `The ${label.toLowerCase()}`, otherwise))) field.current?.select();
  }

  return (
    <div class="shown-once">
      <label class="field">
        {label}
        <input
          ref={field}
          class="mono"
          readOnly
          value={value}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      </label>
      <button type="button" class="button" onClick={copy}>
        Copy<span class="hidden"> the {label.toLowerCase()}</span>
      </button>
    </div>
  );
}
