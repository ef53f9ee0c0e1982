import { useRef, useState } from 'preact/hooks';
import { requiredForm } from '../../../model/inquiry.ts';
import type { JsonObject } from '../../../model/json.ts';
import { request } from '../../client/request.ts';
import { RequestError } from '../../client/request-error.ts';
import type { DecisionResult, ShownQuestion } from '../../client/shapes.ts';
import { Dialog } from '../../parts/forms/dialog.tsx';
import { readSchemaForm } from '../../parts/forms/read-form.ts';
import { SchemaForm } from '../../parts/forms/schema-form.tsx';
import { markWrong } from '../../parts/forms/wrong-control.ts';
import { announce } from '../../parts/notice.ts';

type Option = ShownQuestion['options'][number];

const LOOKS = { primary: 'primary', danger: 'danger', default: '' } as const;

/** The words that are announced for each result of a decision. */
const ANNOUNCED: Record<DecisionResult['result'], string> = {
  decided: 'The question is decided.',
  counted: 'Your decision counts; more people are needed.',
  received: 'Your decision was received. It counts as soon as a worker has taken it.',
};

/**
 * The form of a decision: the answer that the question wants, a comment, and a button for each option, which asks before it decides. An option
 * that does not require the answer is decided without it.
 */
export function DecisionForm({
  question,
  onDone,
  onChanged,
}: {
  /** The question as it was shown: a decision is about that and nothing else. */
  question: ShownQuestion;
  onDone: () => void;
  /** Called when a decision is refused because the question has changed. */
  onChanged: () => void;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [choice, setChoice] = useState<{ option: Option; body: Record<string, unknown> } | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  // The API's schemas describe any JSON.
  const schema = question.response_schema as JsonObject | null;

  function choose(option: Option) {
    setRefusal(null);
    const required = requiredForm({ response_schema: schema }, option);
    if (required !== null && !form.current!.reportValidity()) return;
    try {
      const { response, comment } = readEntries(new FormData(form.current!), required);
      const body = {
        option: option.ref,
        bound_to: question.bound_to,
        ...(response === undefined ? {} : { response }),
        ...(comment === '' ? {} : { comment }),
      };
      setChoice({ option, body });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRefusal(error.message);
      markWrong(form.current!, error.control);
    }
  }

  async function decide() {
    try {
      const { result } = await request<DecisionResult>(`/inquiries/${encodeURIComponent(question.id)}/respond`, {
        method: 'POST',
        body: choice!.body,
      });
      return () => {
        announce(ANNOUNCED[result]);
        onDone();
      };
    } catch (error) {
      if (error instanceof RequestError && error.code === 'binding_changed') onChanged();
      throw error;
    }
  }

  return (
    <section class="card decision" aria-labelledby="decision-title">
      <h2 id="decision-title">Your decision</h2>
      <form ref={form} onSubmit={(event) => event.preventDefault()}>
        {schema !== null && <SchemaForm schema={schema} name="Response" />}
        <label class="field">
          Comment
          <textarea name="comment" rows={2} maxLength={4000} placeholder="optional, recorded with the decision" />
        </label>
        {refusal !== null && (
          <p class="wrong" role="alert">
            {refusal}
          </p>
        )}
        <div class="acts">
          {question.options.map((option) => (
            <button
              type="button"
              class={`button ${LOOKS[option.style]}`}
              key={option.ref}
              onClick={() => choose(option)}
            >
              {option.label}
            </button>
          ))}
        </div>
      </form>
      {choice !== null && (
        <Dialog
          title={`${choice.option.label}?`}
          confirm="Confirm"
          isDangerous={choice.option.style === 'danger'}
          act={decide}
          close={() => setChoice(null)}
        >
          <p>{question.prompt}</p>
          {schema !== null && choice.option.form === 'none' && (
            <p class="soft">The form will not be sent: this answer does not need it.</p>
          )}
        </Dialog>
      )}
    </section>
  );
}

function readEntries(entries: FormData, schema: JsonObject | null) {
  const read = schema === null ? undefined : readSchemaForm(schema, 'Response', entries);
  return { response: read, comment: String(entries.get('comment') ?? '').trim() };
}
