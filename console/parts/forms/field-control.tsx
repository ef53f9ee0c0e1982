import { useId } from 'preact/hooks';
import { isJsonObject, type Json, ownValue } from '../../../model/json.ts';
import type { Field } from './plan.ts';

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
  const { label, note, isRequired, control } = field;
  const id = useId();
  if (control.kind === 'group') {
    const values = isJsonObject(value) ? value : {};
    const fields = control.fields.map((each) => (
      <FieldControl key={each.path} field={each} value={ownValue(values, each.name) ?? each.start} />
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
    isRequired && !isWhole ? 'required' : null,
    control.kind === 'list' ? 'one in each line' : null,
    control.kind === 'json' ? 'JSON' : null,
  ].filter((word) => word !== null);
  const hint = [words.join(', '), note].filter((text) => text !== '').join(': ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Entry id={id} hintId={hint === '' ? undefined : `${id}-hint`} field={field} value={value} />
      {hint !== '' && (
        <p class="soft small" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface EntryProps extends FieldProps {
  id: string;
  /** The id of what is said about it, if anything is. */
  hintId: string | undefined;
}

const MODES: Record<string, 'text' | 'decimal' | 'numeric'> = { text: 'text', number: 'decimal', integer: 'numeric' };

/** The control of a field that is no group. */
function Entry({ id, hintId, field, value }: EntryProps) {
  const { path, isRequired, isSecret, control } = field;
  const common = { id, name: path, required: isRequired, 'aria-describedby': hintId };
  if (isSecret) return <input {...common} type="password" autocomplete="new-password" />;
  if (control.kind === 'choice') {
    const chosen = value === undefined ? '' : JSON.stringify(value);
    return (
      <select {...common}>
        <option value="">{isRequired ? 'Choose one' : 'Not given'}</option>
        {control.choices.map((choice) => {
          const written = JSON.stringify(choice);
          return (
            <option key={written} value={written} selected={written === chosen}>
              {typeof choice === 'string' ? choice : written}
            </option>
          );
        })}
      </select>
    );
  }
  const text = textFor(control.kind, value);
  if (control.kind === 'list' || control.kind === 'json' || text.includes('\n')) {
    const looks = control.kind === 'json' ? 'mono' : undefined;
    return <textarea {...common} class={looks} rows={4} spellcheck={false} defaultValue={text} />;
  }
  return <input {...common} inputMode={MODES[control.kind]} autocomplete="off" defaultValue={text} />;
}

/** Returns the text with which a control begins. */
function textFor(kind: Field['control']['kind'], value: Json | undefined): string {
  if (value === undefined) return '';
  if (kind === 'json') return JSON.stringify(value, null, 2);
  if (kind === 'list' && Array.isArray(value)) return value.map(wordFor).join('\n');
  return wordFor(value);
}

function wordFor(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
