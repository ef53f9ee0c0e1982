import type { TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { request } from '../../client/request.ts';
import { RequestError } from '../../client/request-error.ts';
import type { ShownRule, ShownRuleTest } from '../../client/shapes.ts';
import { readJsonText } from '../../parts/forms/json-text.ts';
import { markWrong } from '../../parts/forms/wrong-control.ts';
import { Glyph } from '../../parts/glyph.tsx';
import { RuleVerdict } from './rule-verdict.tsx';

/** Applies a rule to an event that somebody makes up, and explains the result. Nothing is started. */
export function RuleTestForm({ rule, path }: { rule: ShownRule; path: string }) {
  const [test, setTest] = useState<ShownRuleTest | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function apply(submitted: TargetedEvent<HTMLFormElement, Event>) {
    submitted.preventDefault();
    if (isBusy) return;
    const form = submitted.currentTarget;
    const entered = new FormData(form);
    setBusy(true);
    try {
      const payload = readJsonText(String(entered.get('payload')), { name: 'payload', label: 'Payload' }, null);
      const event = { type: String(entered.get('type')), webhook: rule.webhook, payload };
      setTest((await request<{ data: ShownRuleTest }>(`${path}/test`, { method: 'POST', body: { event } })).data);
      setRefusal(null);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setTest(null);
      setRefusal(error.message);
      markWrong(form, error.control);
    } finally {
      setBusy(false);
    }
  }

  return (
    <section class="card sheet" aria-label="Test">
      <h2>Test</h2>
      <form class="rule-test" onSubmit={apply} aria-busy={isBusy}>
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
      {refusal !== null && (
        <p class="trouble" role="alert">
          <Glyph of="warning" />
          <span>{refusal}</span>
        </p>
      )}
      <div role="status" aria-label="Result of the test">
        {test !== null && <RuleVerdict test={test} />}
      </div>
    </section>
  );
}
