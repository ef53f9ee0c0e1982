import type { ComponentChildren } from 'preact';
import type { RuleEntries } from './rule-fields.ts';

/** The fields of a rule; nothing can be entered while they are fixed, but the focus stays. */
export function RuleControls({ entries, isNew, isFixed }: { entries: RuleEntries; isNew: boolean; isFixed: boolean }) {
  return (
    <>
      {isNew && (
        <TextField name="ref" label="Name" hint="pack.name" value={entries.ref} isRequired isFixed={isFixed}>
          It begins with the name of a pack, and never changes.
        </TextField>
      )}
      <TextField name="label" label="Label" value={entries.label} isRequired isFixed={isFixed} />
      <TextField
        name="type"
        label="Event type"
        hint="com.github.push or com.github.*"
        value={entries.type}
        isFixed={isFixed}
      />
      <TextField name="webhook" label="Webhook" hint="any" value={entries.webhook} isFixed={isFixed}>
        Only events that came in by the webhook with this name.
      </TextField>
      <label class="field">
        Condition
        <textarea
          name="when"
          rows={3}
          class="mono"
          spellcheck={false}
          readOnly={isFixed}
          defaultValue={entries.when}
          placeholder="event.payload.ref == 'refs/heads/main'"
        />
      </label>
      <div class="rule-start">
        {/* A list of choices cannot be read-only. */}
        <label class="field" inert={isFixed}>
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
        <TextField
          name="started"
          label="Name of what it starts"
          hint="pack.name"
          value={entries.started}
          isRequired
          isFixed={isFixed}
        />
      </div>
      <label class="field">
        Parameters (JSON)
        <textarea
          name="parameters"
          rows={5}
          class="mono"
          spellcheck={false}
          readOnly={isFixed}
          defaultValue={entries.parameters}
        />
      </label>
      <label class="field">
        Further fields (JSON)
        <textarea
          name="further"
          rows={isNew ? 3 : 8}
          class="mono"
          spellcheck={false}
          readOnly={isFixed}
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
  isFixed,
  children,
}: {
  name: string;
  label: string;
  value: string;
  hint?: string;
  isRequired?: boolean;
  isFixed: boolean;
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
        readOnly={isFixed}
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
