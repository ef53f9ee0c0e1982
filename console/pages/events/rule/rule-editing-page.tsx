import { useMemo, useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../../model/json.ts';
import { useRead } from '../../../client/reads.ts';
import { replaceTagged, request, requestTagged, type TaggedBody } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import type { ShownRule } from '../../../client/shapes.ts';
import { RefusalNote } from '../../../parts/forms/refusal-note.tsx';
import { onSubmit, useSubmission } from '../../../parts/forms/submission.ts';
import { Heading } from '../../../parts/heading.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { Overtaken } from '../../../parts/texts/overtaken.tsx';
import { go, hrefOf } from '../../../routing/location.ts';
import type { PageProps } from '../../../routing/page-props.ts';
import { rulePath } from '../../../routing/paths.ts';
import { mayStoreRules } from '../rules.ts';
import { RuleControls } from './rule-controls.tsx';
import {
  listRuleFields,
  locateRefusal,
  NEW_RULE,
  nameRule,
  pickChanges,
  readRuleForm,
  showRule,
} from './rule-fields.ts';
import { RuleTestForm, testRule } from './rule-test-form.tsx';

type StoredRule = TaggedBody<{ data: ShownRule }>;

/** The form of a rule, a new one where none is named, next to a test of what the form says. */
export function RuleEditingPage({ of }: PageProps) {
  const isNew = of === '';
  const { value, error, reload } = useRead<StoredRule>(isNew ? null : rulePath(of), requestTagged);
  return (
    <div class="page">
      <div>
        <p class="small">
          <a href={isNew ? hrefOf('/events/rules') : hrefOf(rulePath(of))}>{isNew ? 'Rules' : of}</a>
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
  const before = stored?.body.data;
  const entries = useMemo(() => (before === undefined ? NEW_RULE : showRule(before)), [before]);
  // The events that the form is about, for its test.
  const [about, setAbout] = useState({ type: entries.type, webhook: entries.webhook });
  const [edits, setEdits] = useState(0);
  const [overtaken, setOvertaken] = useState<{ by: StoredRule; mine: JsonObject } | null>(null);
  const { refusal, isBusy, submit, drop } = useSubmission(store);

  async function store(element: HTMLFormElement, isShown: () => boolean) {
    try {
      const { ref, fields } = readEntries(element);
      const isStored = await (stored === null ? create(ref, fields) : update(overtaken?.by ?? stored, fields));
      if (isStored && isShown()) go(hrefOf(rulePath(ref)));
    } catch (error) {
      throw error instanceof RequestError ? locateRefusal(error) : error;
    }
  }

  async function create(ref: string, fields: JsonObject): Promise<boolean> {
    await request('/rules', { method: 'POST', body: nameRule(ref, fields) });
    announce(`${ref} is stored.`);
    return true;
  }

  /** Returns whether the rule was stored: not if somebody else has changed it meanwhile. */
  async function update({ body: { data: rule }, tag }: StoredRule, fields: JsonObject): Promise<boolean> {
    const path = rulePath(rule.ref);
    const changes = pickChanges(fields, listRuleFields(rule));
    const updated = await replaceTagged<{ data: ShownRule }>(path, tag, { body: changes });
    if (updated === null) setOvertaken({ by: await requestTagged(path), mine: fields });
    else announce(`${rule.ref} is stored: revision ${updated.data.revision}.`);
    return updated !== null;
  }

  function readEntries(element: HTMLFormElement): { ref: string; fields: JsonObject } {
    const entered = new FormData(element);
    return { ref: before?.ref ?? String(entered.get('ref')).trim(), fields: readRuleForm(entered) };
  }

  async function test(event: unknown) {
    const { ref, fields } = readEntries(form.current!);
    return testRule('/rules', { rule: nameRule(ref, fields), event });
  }

  /** Drops what is about the form as it was, and compares what it says now with what has overtaken it. */
  function edit(element: HTMLFormElement) {
    drop();
    setEdits((count) => count + 1);
    if (overtaken === null) return;
    try {
      setOvertaken({ by: overtaken.by, mine: readEntries(element).fields });
    } catch (error) {
      // What cannot be read yet is not compared.
      if (!(error instanceof RequestError)) throw error;
    }
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
          onInput={({ currentTarget }) => edit(currentTarget)}
          onChange={notice}
          aria-busy={isBusy}
        >
          <RuleControls entries={entries} isNew={stored === null} isFixed={isBusy} />
          <p class="soft small">It starts runs in the name of whoever has stored it last.</p>
          <RefusalNote of={refusal} />
          {mayStoreRules() && (
            <div class="acts">
              <button type="submit" class="button primary" aria-disabled={isBusy}>
                {overtaken === null ? 'Store' : 'Store anyway'}
              </button>
            </div>
          )}
        </form>
        <RuleTestForm
          // A rule with a trigger has its type from there.
          type={about.type || (before?.type ?? '')}
          webhook={about.webhook || null}
          edits={edits}
          test={test}
        />
      </div>
      {overtaken !== null && (
        <Overtaken
          noun="rule"
          stored={writeFields(listRuleFields(overtaken.by.body.data))}
          mine={writeFields(overtaken.mine)}
        />
      )}
    </>
  );
}

function writeFields(fields: JsonObject): string {
  return `${JSON.stringify(fields, null, 2)}\n`;
}
