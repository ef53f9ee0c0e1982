import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { RefusalNote } from './refusal-note.tsx';
import { onSubmit, useSubmission } from './submission.ts';

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
  const isLeft = useRef(false);
  const { refusal, isBusy, busy, submit } = useSubmission(async (form) => {
    const followUp = await act(new FormData(form));
    leave();
    followUp();
  });
  useLayoutEffect(() => dialog.current?.showModal(), []);

  // Browsers report later that a dialog is closed: who presses the opener's button before that wants it opened again.
  function leave() {
    if (isLeft.current) return;
    isLeft.current = true;
    dialog.current?.close();
    close();
  }

  function cancel(event: Event) {
    event.preventDefault();
    if (!busy.current) leave();
  }

  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={cancel}
      // Browsers close it at a second Escape, whatever becomes of the first.
      onClose={() => (busy.current && !isLeft.current ? dialog.current?.showModal() : leave())}
    >
      <form method="dialog" onSubmit={onSubmit(submit)}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        <RefusalNote of={refusal} />
        <div class="acts">
          <button type="button" class="button" aria-disabled={isBusy} onClick={() => busy.current || leave()}>
            Not now
          </button>
          <button type="submit" class={`button ${isDangerous ? 'danger' : 'primary'}`} aria-disabled={isBusy}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
