import type { ComponentChildren, TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../client/request-error.ts';
import { markWrong } from './forms/wrong-control.ts';
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
  /**
   * Acts, and returns what follows: that is called once the dialog is closed, so that the focus can move and people hear what is announced.
   * The dialog stays open with the message of a RequestError. It cannot be closed meanwhile.
   */
  act: (form: FormData) => Promise<() => void>;
  close: () => void;
}

/** Opens when it is shown; the browser keeps the focus in it, and gives it back to the opener when it closes. */
export function Dialog({ title, confirm = title, isDangerous = false, children, act, close }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isActing, setActing] = useState(false);
  const acting = useRef(false);
  useEffect(() => dialog.current?.showModal(), []);

  function setBusy(isBusy: boolean) {
    acting.current = isBusy;
    setActing(isBusy);
  }

  async function submit(event: TargetedEvent<HTMLFormElement, Event>) {
    event.preventDefault();
    if (acting.current) return;
    const form = event.currentTarget;
    setBusy(true);
    setRefusal(null);
    try {
      const followUp = await act(new FormData(form));
      setBusy(false);
      dialog.current?.close();
      followUp();
    } catch (error) {
      setBusy(false);
      if (!(error instanceof RequestError)) throw error;
      setRefusal(error.message);
      markWrong(form, error.control);
    }
  }

  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => acting.current && event.preventDefault()}
      // Browsers close it at a second Escape, whatever becomes of the first.
      onClose={() => (acting.current ? dialog.current?.showModal() : close())}
    >
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
          <button
            type="button"
            class="button"
            aria-disabled={isActing}
            onClick={() => acting.current || dialog.current?.close()}
          >
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
