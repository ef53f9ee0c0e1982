import { useRef } from 'preact/hooks';
import { randomKey } from '../../client/keys.ts';
import { request } from '../../client/request.ts';
import type { Run, ShownAction } from '../../client/shapes.ts';
import { Dialog } from '../../parts/forms/dialog.tsx';
import { readSchemaForm } from '../../parts/forms/read-form.ts';
import { SchemaForm } from '../../parts/forms/schema-form.tsx';
import { announce } from '../../parts/notice.ts';
import { go, hrefOf } from '../../routing/location.ts';

const NAME = 'Input';

/** A workflow, or an action by itself. */
type Startable = Pick<ShownAction, 'ref' | 'param_schema'>;

/** Starts a run of a workflow or an action, with a form for the input that it declares. */
export function StartDialog({ of, close }: { of: Startable; close: () => void }) {
  const key = useRef(randomKey());
  const schema = of.param_schema ?? {};

  async function start(form: FormData) {
    const parameters = readSchemaForm(schema, NAME, form) ?? {};
    const body = { action_ref: of.ref, parameters };
    const headers = { 'idempotency-key': key.current };
    const { data } = await request<{ data: Run }>('/executions', { method: 'POST', body, headers });
    return () => {
      announce('The run has started.');
      go(hrefOf(`/runs/${data.id}`));
    };
  }

  return (
    <Dialog title="Start a run" act={start} close={close}>
      <p class="soft">
        <code>{of.ref}</code>
        {of.param_schema === null && ' does not declare its input.'}
      </p>
      <SchemaForm schema={schema} name={NAME} mayBeEmpty />
    </Dialog>
  );
}
