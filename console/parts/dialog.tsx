import type { ComponentChildren, TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../client/request-error.ts';
import { Glyph } from './glyph.tsx';

/** A dialog that asks before an act, and shows why it was refused. */
export interface DialogProps {
  /** Its name. */
  title: string;
  /** The word on the button that confirms; its name, unless given. */
  confirm?: string;
  /** Whether the act destroys something. */
  isDangerous?: boolean;
  children?: ComponentChildren;
  /** Acts; the dialog closes when it has, and stays with the message of a RequestError. */
  act: (form: FormData) => Promise<void>;
  close: () => void;
}

/** Opens when it is shown; the browser keeps the focus in it, and gives it back when it closes. */
export function Dialog({ title, confirm = title, isDangerous = false, children, act, close }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isActing, setActing] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);

  async function submit(event: TargetedEvent<HTMLFormElement, Event>) {
    event.preventDefault();
    if (isActing) return;
    setActing(true);
    setRefusal(null);
    try {
      await act(new FormData(event.currentTarget));
      // Gives the focus back to the opener, unless the act has moved it.
      close();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRefusal(error.message);
      setActing(false);
    }
  }

  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <form method="dialog" onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        {refusal !== null && (
          <p class="trouble" role="alert">
            <Glyph of="warning" />
            <span>{refusal}</span>
          </p>
        )}
        <div class="acts">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
          <button type="submit" class={`button ${isDangerous ? 'danger' : 'primary'}`} aria-disabled={isActing}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
