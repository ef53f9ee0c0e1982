import type { TargetedEvent } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { RequestError } from '../../client/request-error.ts';
import { markWrong } from './wrong-control.ts';

/** A form that asks something of the API, and what came of it. */
interface Submission<Answer> {
  /** The last answer; null before there is one, after a refusal, and once it was dropped. */
  answer: Answer | null;
  /** Shows another answer in place of the last one. */
  show: (next: (answer: Answer | null) => Answer | null) => void;
  /** Why the last attempt was refused. */
  refusal: RequestError | null;
  isBusy: boolean;
  /** Whether it is busy at this moment, for what happens before the next drawing. */
  busy: { readonly current: boolean };
  /** Submits a form. Does nothing while it is busy. */
  submit: (form: HTMLFormElement) => Promise<void>;
  /** Drops the answer and the refusal, also those that are on their way: the form says something else now. */
  drop: () => void;
}

/**
 * Submits a form: one attempt at a time, whose RequestError is kept and marks the control that it names. `work` reads the form and returns the
 * answer; other errors than a RequestError are thrown on. It asks `isShown` before it leads to another page: whoever has left the form meanwhile
 * stays where they are.
 */
export function useSubmission<Answer>(
  work: (form: HTMLFormElement, isShown: () => boolean) => Promise<Answer>,
): Submission<Answer> {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [refusal, setRefusal] = useState<RequestError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const busy = useRef(false);
  const turn = useRef(0);
  const shown = useRef(true);
  // Whoever leaves the form as soon as it is drawn has left it, too.
  useLayoutEffect(
    () => () => {
      shown.current = false;
    },
    [],
  );

  function turnBusy(isNowBusy: boolean) {
    busy.current = isNowBusy;
    setBusy(isNowBusy);
  }

  async function submit(form: HTMLFormElement) {
    if (busy.current) return;
    const mine = turn.current;
    const isLate = () => turn.current !== mine;
    turnBusy(true);
    setRefusal(null);
    try {
      const given = await work(form, () => shown.current);
      if (!isLate()) setAnswer(() => given);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (isLate()) return;
      setAnswer(null);
      setRefusal(error);
      markWrong(form, error.control);
    } finally {
      turnBusy(false);
    }
  }

  function drop() {
    turn.current += 1;
    setAnswer(null);
    setRefusal(null);
  }

  return { answer, show: setAnswer, refusal, isBusy, busy, submit, drop };
}

/** Makes the handler of a form out of a function that takes it; browsers do not submit it. */
export function onSubmit(submit: (form: HTMLFormElement) => unknown) {
  return (event: TargetedEvent<HTMLFormElement, Event>): void => {
    event.preventDefault();
    void submit(event.currentTarget);
  };
}
