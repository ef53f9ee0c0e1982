import { request } from '../../client/request.ts';
import type { ShownRule, ShownRuleTest } from '../../client/shapes.ts';
import { readJsonText } from '../../parts/forms/json-text.ts';
import { RefusalNote } from '../../parts/forms/refusal-note.tsx';
import { onSubmit, useSubmission } from '../../parts/forms/submission.ts';
import { RuleVerdict } from './rule-verdict.tsx';

/** Applies a rule to an event that somebody makes up, and explains the result. Nothing is started. */
export function RuleTestForm({ rule, path }: { rule: ShownRule; path: string }) {
  const { answer, refusal, isBusy, submit } = useSubmission(apply);

  async function apply(form: HTMLFormElement) {
    const entered = new FormData(form);
    const payload = readJsonText(String(entered.get('payload')), { name: 'payload', label: 'Payload' }, null);
    const event = { type: String(entered.get('type')), webhook: rule.webhook, payload };
    return request<{ data: ShownRuleTest }>(`${path}/test`, { method: 'POST', body: { event } });
  }

  return (
    <section class="card sheet" aria-label="Test">
      <h2>Test</h2>
      <form class="rule-test" onSubmit={onSubmit(submit)} aria-busy={isBusy}>
        <label class="field">
          Event type
          <input name="type" required defaultValue={rule.type.replace(/\*$/, 'example')} spellcheck={false} />
        </label>
        <label class="field">
          Payload (JSON)
          <textarea name="payload" rows={8} class="mono" spellcheck={false} defaultValue="{}" />
        </label>
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          Test
        </button>
      </form>
      <RefusalNote of={refusal} />
      <div role="status" aria-label="Result of the test">
        {answer !== null && <RuleVerdict test={answer.data} />}
      </div>
    </section>
  );
}
