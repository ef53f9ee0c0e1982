import { useMemo, useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../../model/json.ts';
import { useRead } from '../../../client/reads.ts';
import { request, requestTagged, type TaggedBody } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import type { ShownRule } from '../../../client/shapes.ts';
import { RefusalNote } from '../../../parts/forms/refusal-note.tsx';
import { onSubmit, useSubmission } from '../../../parts/forms/submission.ts';
import { Heading } from '../../../parts/heading.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { go, hrefOf, pageQuery } from '../../../routing/location.ts';
import type { PageProps } from '../../../routing/page-props.ts';
import { Overtaken } from '../../workflows/editing/overtaken.tsx';
import { RuleControls } from './rule-controls.tsx';
import { beginRule, listRuleFields, nameRule, readRuleForm, showRule } from './rule-fields.ts';
import { RuleTestForm, testRule } from './rule-test-form.tsx';

type StoredRule = TaggedBody<{ data: ShownRule }>;

/** The form of a rule, a new one where none is named, next to a test of what the form says. */
export function RuleEditingPage({ of }: PageProps) {
  const isNew = of === '';
  const { value, error, reload } = useRead<StoredRule>(isNew ? null : pathOf(of), requestTagged);
  return (
    <div class="page">
      <div>
        <p class="small">
          <a href={isNew ? hrefOf('/events/rules') : hrefOf(pathOf(of))}>{isNew ? 'Rules' : of}</a>
        </p>
        <Heading title={isNew ? 'New rule' : `Edit ${of}`} />
      </div>
      {error !== null && <ReadError what="The rule could not be read" error={error} retry={reload} />}
      {!isNew && value === undefined && error === null && <Loading of="the rule" />}
      {(isNew || value !== undefined) && <RuleEditor stored={value ?? null} />}
    </div>
  );
}

function RuleEditor({ stored }: { stored: StoredRule | null }) {
  const form = useRef<HTMLFormElement>(null);
  const entries = useMemo(
    () => (stored === null ? beginRule(pageQuery.peek().get('workflow')) : showRule(stored.body.data)),
    [stored],
  );
  // The events that the form is about, for its test.
  const [about, setAbout] = useState({ type: entries.type, webhook: entries.webhook });
  const [overtaken, setOvertaken] = useState<{ by: StoredRule; mine: string } | null>(null);
  const { refusal, isBusy, submit, drop } = useSubmission(store);

  async function store(element: HTMLFormElement) {
    const { ref, fields } = readEntries(element);
    if (stored === null) {
      await request('/rules', { method: 'POST', body: nameRule(ref, fields) });
      announce(`${ref} is stored.`);
      return go(hrefOf(pathOf(ref)));
    }
    try {
      const headers = { 'if-match': (overtaken?.by ?? stored).tag };
      const { data } = await request<{ data: ShownRule }>(pathOf(ref), { method: 'PUT', body: fields, headers });
      announce(`${ref} is stored: revision ${data.revision}.`);
      go(hrefOf(pathOf(ref)));
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'precondition_failed') throw error;
      setOvertaken({ by: await requestTagged(pathOf(ref)), mine: writeFields(fields) });
    }
  }

  function readEntries(element: HTMLFormElement): { ref: string; fields: JsonObject } {
    const entered = new FormData(element);
    return { ref: stored?.body.data.ref ?? String(entered.get('ref')).trim(), fields: readRuleForm(entered) };
  }

  async function test(event: unknown) {
    const { ref, fields } = readEntries(form.current!);
    return testRule('/rules', { rule: nameRule(ref, fields), event });
  }

  function notice({ currentTarget }: { currentTarget: HTMLFormElement }) {
    const entered = new FormData(currentTarget);
    setAbout({ type: String(entered.get('type')).trim(), webhook: String(entered.get('webhook')).trim() });
  }

  return (
    <>
      <div class="rule-editing">
        <form
          class="card sheet"
          ref={form}
          onSubmit={onSubmit(submit)}
          // A refusal is about what was entered then.
          onInput={() => isBusy || drop()}
          onChange={notice}
          aria-busy={isBusy}
        >
          <RuleControls entries={entries} isNew={stored === null} />
          <p class="soft small">It starts runs in the name of whoever has stored it last.</p>
          <RefusalNote of={refusal} />
          <div class="acts">
            <button type="submit" class="button primary" aria-disabled={isBusy}>
              {overtaken === null ? 'Store' : 'Store anyway'}
            </button>
          </div>
        </form>
        <RuleTestForm type={about.type} webhook={about.webhook || null} test={test} />
      </div>
      {overtaken !== null && (
        <Overtaken noun="rule" stored={writeFields(listRuleFields(overtaken.by.body.data))} mine={overtaken.mine} />
      )}
    </>
  );
}

function pathOf(ref: string): string {
  return `/rules/${encodeURIComponent(ref)}`;
}

function writeFields(fields: JsonObject): string {
  return `${JSON.stringify(fields, null, 2)}\n`;
}
