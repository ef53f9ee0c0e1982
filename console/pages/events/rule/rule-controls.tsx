import type { ComponentChildren } from 'preact';
import type { RuleEntries } from './rule-fields.ts';

/** The fields of a rule. */
export function RuleControls({ entries, isNew }: { entries: RuleEntries; isNew: boolean }) {
  return (
    <>
      {isNew && (
        <TextField name="ref" label="Name" hint="pack.name" value={entries.ref} isRequired>
          It begins with the name of a pack, and never changes.
        </TextField>
      )}
      <TextField name="label" label="Label" value={entries.label} isRequired />
      <TextField name="type" label="Event type" hint="com.github.push or com.github.*" value={entries.type} />
      <TextField name="webhook" label="Webhook" hint="any" value={entries.webhook}>
        Only events that came in by the webhook with this name.
      </TextField>
      <label class="field">
        Condition
        <textarea
          name="when"
          rows={3}
          class="mono"
          spellcheck={false}
          defaultValue={entries.when}
          placeholder="event.payload.ref == 'refs/heads/main'"
        />
      </label>
      <div class="rule-start">
        <label class="field">
          Starts
          <select name="kind">
            <option value="workflow" selected={entries.kind === 'workflow'}>
              Workflow
            </option>
            <option value="action_ref" selected={entries.kind === 'action_ref'}>
              Action
            </option>
          </select>
        </label>
        <TextField name="started" label="Name of what it starts" hint="pack.name" value={entries.started} isRequired />
      </div>
      <label class="field">
        Parameters (JSON)
        <textarea name="parameters" rows={5} class="mono" spellcheck={false} defaultValue={entries.parameters} />
      </label>
      <label class="field">
        Further fields (JSON)
        <textarea
          name="further"
          rows={isNew ? 3 : 8}
          class="mono"
          spellcheck={false}
          defaultValue={entries.further}
          placeholder='{ "dedupe": { "key": "{{ event.event_id }}", "window": 3600 } }'
        />
      </label>
    </>
  );
}

function TextField({
  name,
  label,
  value,
  hint = '',
  isRequired = false,
  children,
}: {
  name: string;
  label: string;
  value: string;
  hint?: string;
  isRequired?: boolean;
  children?: ComponentChildren;
}) {
  const id = `rule-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        required={isRequired}
        defaultValue={value}
        placeholder={hint}
        autocomplete="off"
        spellcheck={false}
        aria-describedby={children === undefined ? undefined : `${id}-note`}
      />
      {children !== undefined && (
        <p class="soft small" id={`${id}-note`}>
          {children}
        </p>
      )}
    </div>
  );
}
