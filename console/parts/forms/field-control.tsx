import { useId } from 'preact/hooks';
import { isJsonObject, type Json, ownValue } from '../../../model/json.ts';
import { textFor } from './field-text.ts';
import type { ControlPlan, Field } from './plan.ts';

/** What a field is given. */
interface FieldProps {
  field: Field;
  /** The value to begin with; undefined: none. */
  value: Json | undefined;
  /** Whether it is the whole form, whose name needs not be shown. */
  isWhole?: boolean;
}

/** A field of a form: its label, its control or further fields, and what the schema says about it. */
export function FieldControl({ field, value, isWhole = false }: FieldProps) {
  const { label, note, control } = field;
  const id = useId();
  if (control.kind === 'group') {
    const values = isJsonObject(value) ? value : {};
    const fields = control.fields.map((each) => (
      <FieldControl key={each.path} field={each} value={ownValue(values, each.name)} />
    ));
    if (isWhole) return <div class="fields">{fields}</div>;
    return (
      <fieldset class="fields">
        <legend>{label}</legend>
        {note !== '' && <p class="soft small">{note}</p>}
        {fields}
      </fieldset>
    );
  }
  const words = [
    isWhole ? null : demandOf(field),
    control.kind === 'list' ? 'one per line' : null,
    control.kind === 'json' ? 'JSON' : null,
  ].filter((word) => word !== null);
  const hint = [words.join(', '), note].filter((text) => text !== '').join(': ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Entry id={id} hintId={hint === '' ? undefined : `${id}-hint`} field={field} control={control} value={value} />
      {hint !== '' && (
        <p class="soft small" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Returns the words that say whether a field must be filled in; null: it can be left empty. */
function demandOf({ isRequired, isDemanded }: Field): string | null {
  if (isDemanded) return 'required';
  return isRequired ? 'required if anything else in this group is filled in' : null;
}

interface EntryProps {
  id: string;
  /** The id of what is said about it, if anything is. */
  hintId: string | undefined;
  field: Field;
  control: Exclude<ControlPlan, { kind: 'group' }>;
  value: Json | undefined;
}

const MODES: Record<string, 'text' | 'decimal' | 'numeric'> = { text: 'text', number: 'decimal', integer: 'numeric' };

/** The control of a field that is no group. A secret is never filled in, except that one of several known values is chosen. */
function Entry({ id, hintId, field, control, value }: EntryProps) {
  const { path, isDemanded, isSecret } = field;
  const common = { id, name: path, required: isDemanded, 'aria-describedby': hintId };
  const text = textFor(control, value);
  if (control.kind === 'choice') {
    return (
      <select {...common}>
        <option value="">{isDemanded ? 'Choose one' : 'Not given'}</option>
        {control.choices.map((choice) => {
          const written = JSON.stringify(choice);
          return (
            <option key={written} value={written} selected={written === text}>
              {typeof choice === 'string' ? choice : written}
            </option>
          );
        })}
      </select>
    );
  }
  const shown = isSecret ? '' : text;
  if (control.kind === 'list' || control.kind === 'json' || shown.includes('\n')) {
    const looks = `${control.kind === 'json' ? 'mono' : ''} ${isSecret ? 'concealed' : ''}`.trim() || undefined;
    return <textarea {...common} class={looks} rows={4} autocomplete="off" spellcheck={false} defaultValue={shown} />;
  }
  if (isSecret) return <input {...common} type="password" autocomplete="new-password" />;
  return <input {...common} inputMode={MODES[control.kind]} autocomplete="off" defaultValue={shown} />;
}
