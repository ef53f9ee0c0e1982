import { useMemo, useRef, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../model/json.ts';
import { RequestError } from '../../client/request-error.ts';
import { announce } from '../notice.ts';
import { FieldControl } from './field-control.tsx';
import { hasSecret, planForm } from './plan.ts';
import { readSchemaForm, wholeName } from './read-form.ts';

/**
 * The fields for a value that a JSON schema describes, to stand in a form; `readSchemaForm` reads them. `name` tells them from other fields of
 * the form, and names the field that takes all of it as JSON, to which a switch leads. Fields begin with the defaults of the schema.
 */
export function SchemaForm({ schema, name }: { schema: JsonObject; name: string }) {
  const block = useRef<HTMLDivElement>(null);
  const plan = useMemo(() => planForm(schema, name), [schema, name]);
  const [isJson, setJson] = useState(false);
  const [value, setValue] = useState<Json | undefined>(plan.start);
  const canBeJson = plan.control.kind === 'group' && !hasSecret(plan);

  function toggle() {
    const form = block.current?.closest('form');
    if (!form) return;
    try {
      setValue(readSchemaForm(schema, name, new FormData(form)) ?? {});
      setJson(!isJson);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      announce(error.message);
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
      {canBeJson && (
        <button type="button" role="switch" class="switch" aria-checked={isJson} onClick={toggle}>
          As JSON
        </button>
      )}
    </div>
  );
}
