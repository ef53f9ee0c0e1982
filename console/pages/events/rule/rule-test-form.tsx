import { useLayoutEffect, useState } from 'preact/hooks';
import { useRead } from '../../../client/reads.ts';
import { request } from '../../../client/request.ts';
import { may } from '../../../client/session.ts';
import type { EventListPage, ShownRuleTest } from '../../../client/shapes.ts';
import { readJsonText } from '../../../parts/forms/json-text.ts';
import { RefusalNote } from '../../../parts/forms/refusal-note.tsx';
import { onSubmit, useSubmission } from '../../../parts/forms/submission.ts';
import { RuleVerdict } from '../rule-verdict.tsx';

/** How many recent events are offered. */
const OFFERED = 10;

/** Applies a rule to a recent event, or to one that somebody makes up, and explains the result. Nothing is started. */
export function RuleTestForm({
  type,
  webhook,
  edits = 0,
  test,
}: {
  /** The type of the rule; empty: not entered yet. */
  type: string;
  webhook: string | null;
  /** How often the rule was edited: a result is about the rule as it was when it was tested. */
  edits?: number;
  /** Tests the rule on an event: a number, or one that is made up. Throws a RequestError. */
  test: (event: unknown) => Promise<ShownRuleTest>;
}) {
  const { value } = useRead<EventListPage>(may('execution:read') && type !== '' ? recentPath(type) : null);
  const recent = type === '' ? [] : (value?.data ?? []);
  const [wanted, setWanted] = useState('');
  const chosen = recent.find(({ id }) => String(id) === wanted);
  const { answer, refusal, isBusy, submit, drop } = useSubmission(apply);
  useLayoutEffect(drop, [edits]);

  async function apply(form: HTMLFormElement) {
    if (chosen !== undefined) return test(chosen.id);
    const entered = new FormData(form);
    const payload = readJsonText(String(entered.get('payload')), { name: 'payload', label: 'Payload' }, null);
    return test({ type: String(entered.get('type')), webhook, payload });
  }

  return (
    <section class="card sheet" aria-label="Test">
      <h2>Test</h2>
      <form class="rule-test" onSubmit={onSubmit(submit)} onInput={drop} aria-busy={isBusy}>
        {recent.length > 0 && (
          <label class="field">
            Event
            <select
              value={chosen === undefined ? '' : wanted}
              onChange={({ currentTarget }) => setWanted(currentTarget.value)}
            >
              <option value="">One that is made up</option>
              {recent.map(({ id, type: its, received }) => (
                <option key={id} value={id} selected={id === chosen?.id}>
                  {`${its} ${id}, ${new Date(received).toLocaleString()}`}
                </option>
              ))}
            </select>
          </label>
        )}
        {chosen === undefined && (
          <>
            <label class="field">
              Event type
              <input name="type" required defaultValue={type.replace(/\*$/, 'example')} spellcheck={false} />
            </label>
            <label class="field">
              Payload (JSON)
              <textarea name="payload" rows={8} class="mono" spellcheck={false} defaultValue="{}" />
            </label>
          </>
        )}
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          Test
        </button>
      </form>
      <RefusalNote of={refusal} />
      <div role="status" aria-label="Result of the test">
        {answer !== null && <RuleVerdict test={answer} />}
      </div>
    </section>
  );
}

/** Tests a rule at a path of the API, without starting anything. Throws a RequestError. */
export async function testRule(path: string, body: object): Promise<ShownRuleTest> {
  return (await request<{ data: ShownRuleTest }>(`${path}/test`, { method: 'POST', body })).data;
}

function recentPath(type: string): string {
  return `/events?${new URLSearchParams({ type, per_page: String(OFFERED) })}`;
}
