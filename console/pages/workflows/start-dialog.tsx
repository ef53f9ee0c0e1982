import { useRef } from 'preact/hooks';
import { request } from '../../client/request.ts';
import type { Run, ShownWorkflow } from '../../client/shapes.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { readJsonText } from '../../parts/forms/json-text.ts';
import { randomKey } from '../../parts/keys.ts';
import { announce } from '../../parts/notice.ts';
import { go, hrefOf } from '../../routing/location.ts';

/** Starts a run of a workflow, with an input whose fields are those that the workflow declares. */
export function StartDialog({ workflow, close }: { workflow: ShownWorkflow; close: () => void }) {
  const key = useRef(randomKey());
  const fields = listFields(workflow.param_schema);

  async function start(form: FormData) {
    const body = {
      action_ref: workflow.ref,
      parameters: readJsonText(String(form.get('input') ?? ''), 'The input', {}),
    };
    const headers = { 'idempotency-key': key.current };
    const { data } = await request<{ data: Run }>('/executions', { method: 'POST', body, headers });
    announce('The run has started.');
    go(hrefOf(`/runs/${data.id}`));
  }

  return (
    <Dialog title="Start a run" act={start} close={close}>
      {fields.length === 0 ? (
        <p>This workflow declares no input.</p>
      ) : (
        <ul class="declared">
          {fields.map(({ name, type, isRequired, description }) => (
            <li key={name}>
              <code>{name}</code>{' '}
              <span class="soft">{[type, isRequired && 'required'].filter(Boolean).join(', ')}</span>
              {description !== '' && <p class="soft small">{description}</p>}
            </li>
          ))}
        </ul>
      )}
      <label class="field">
        Input (JSON)
        <textarea
          name="input"
          rows={8}
          class="mono"
          spellcheck={false}
          defaultValue={JSON.stringify(
            Object.fromEntries(fields.map(({ name, start: value }) => [name, value])),
            null,
            2,
          )}
        />
      </label>
    </Dialog>
  );
}

/** A field that the input of a workflow may have, and the value with which somebody begins to write. */
interface DeclaredField {
  name: string;
  type: string;
  isRequired: boolean;
  description: string;
  start: unknown;
}

const EMPTY: Record<string, unknown> = { string: '', array: [], object: {}, boolean: false };

function listFields(schema: ShownWorkflow['param_schema']): DeclaredField[] {
  const { properties, required } = (schema ?? {}) as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(properties ?? {}).map(([name, property]) => {
    const { type, default: start, description } = (property ?? {}) as Record<string, unknown>;
    const word = typeof type === 'string' ? type : '';
    return {
      name,
      type: word,
      isRequired: required?.includes(name) ?? false,
      description: typeof description === 'string' ? description : '',
      start: start ?? EMPTY[word] ?? null,
    };
  });
}
