import { useMemo, useRef, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../model/json.ts';
import { RequestError } from '../../client/request-error.ts';
import { FieldControl } from './field-control.tsx';
import { readDefaults } from './field-text.ts';
import { hasSecret, planForm } from './plan.ts';
import { canShow, readSchemaForm, wholeName } from './read-form.ts';
import { SwitchButton } from './switch-button.tsx';
import { markWrong } from './wrong-control.ts';

const CHANGED_BY_FIELDS = 'The fields cannot show this JSON without changing it. Change it, or leave it as JSON.';

interface SchemaFormProps {
  schema: JsonObject;
  name: string;
  /** Whether a value for which the schema has no fields can be left empty. */
  mayBeEmpty?: boolean;
}

/**
 * The fields for a value that a JSON schema describes, to stand in a form; `readSchemaForm` reads them. `name` distinguishes them from other
 * fields of the form, and names the field that takes all of it as JSON, to which a switch leads. Fields begin with the defaults of the schema.
 */
export function SchemaForm({ schema, name, mayBeEmpty = false }: SchemaFormProps) {
  const block = useRef<HTMLDivElement>(null);
  const plan = useMemo(() => planForm(schema, name, { mayBeEmpty }), [schema, name, mayBeEmpty]);
  const [isJson, setJson] = useState(false);
  const [value, setValue] = useState<Json | undefined>(() => readDefaults(plan));
  const [refusal, setRefusal] = useState<string | null>(null);
  const canBeJson = plan.control.kind === 'group' && !hasSecret(plan);

  function toggle() {
    const form = block.current?.closest('form');
    if (!form) return;
    try {
      const read = readSchemaForm(schema, name, new FormData(form)) ?? {};
      if (isJson && !canShow(plan, read)) {
        setRefusal(CHANGED_BY_FIELDS);
        return;
      }
      setValue(read);
      setJson(!isJson);
      setRefusal(null);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRefusal(error.message);
      markWrong(form, error.control);
    }
  }

  return (
    <div class="schema-form" ref={block}>
      {isJson ? (
        <label class="field">
          {name} (JSON)
          <textarea
            name={wholeName(name)}
            rows={8}
            class="mono"
            spellcheck={false}
            defaultValue={JSON.stringify(value, null, 2)}
          />
        </label>
      ) : (
        <FieldControl field={plan} value={value} isWhole />
      )}
      {refusal !== null && (
        <p class="wrong" role="alert">
          {refusal}
        </p>
      )}
      {canBeJson && (
        <SwitchButton isOn={isJson} turn={toggle}>
          As JSON
        </SwitchButton>
      )}
    </div>
  );
}
