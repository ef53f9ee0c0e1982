import { useState } from 'preact/hooks';
import { WEBHOOK_PRESETS, type WebhookPreset } from '../../../../model/webhook.ts';
import { request } from '../../../client/request.ts';
import type { ListedWebhook, MadeWebhook } from '../../../client/shapes.ts';
import { Dialog } from '../../../parts/forms/dialog.tsx';
import { readJsonText } from '../../../parts/forms/json-text.ts';
import { announce } from '../../../parts/notice.ts';

/** An act on a webhook that asks first. */
export type WebhookAct = 'edit' | 'rotate' | 'secret' | 'delete';

/** An example of the settings that a preset needs; a preset that is not here takes none. */
const SETTINGS: Partial<Record<WebhookPreset, string>> = {
  hmac: '{ "header": "x-signature", "algorithm": "sha256", "encoding": "hex", "signed": "body" }',
  bearer: '{}',
};

/** Creates a webhook. */
export function NewWebhookDialog({ close, onMade }: { close: () => void; onMade: (made: MadeWebhook) => void }) {
  const [preset, setPreset] = useState<WebhookPreset>('github');
  const settings = SETTINGS[preset];

  async function create(form: FormData) {
    const text = (field: string) => String(form.get(field) ?? '').trim();
    const body = {
      name: text('name'),
      preset,
      label: text('label') || null,
      ...(text('secret') === '' ? {} : { secret: text('secret') }),
      ...(form.has('settings')
        ? { settings: readJsonText(text('settings'), { name: 'settings', label: 'Settings' }, {}) }
        : {}),
      ...(form.has('insecure') ? { insecure: true } : {}),
    };
    const { data } = await request<{ data: MadeWebhook }>('/webhooks', { method: 'POST', body });
    return () => onMade(data);
  }

  return (
    <Dialog title="New webhook" confirm="Create" act={create} close={close}>
      <label class="field">
        Name
        <input name="name" required autocomplete="off" spellcheck={false} placeholder="pushes" />
      </label>
      <label class="field">
        Preset
        <select
          value={preset}
          onChange={({ currentTarget }) => setPreset(currentTarget.value as WebhookPreset)} // the options are presets
        >
          {WEBHOOK_PRESETS.map((each) => (
            <option key={each} value={each} selected={each === preset}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        Label
        <input name="label" autocomplete="off" placeholder="optional" />
      </label>
      {preset !== 'none' && <SecretField hint="generated, or made by the sender" />}
      {settings !== undefined && (
        <label class="field" key={preset}>
          Settings (JSON)
          <textarea name="settings" rows={3} class="mono" spellcheck={false} defaultValue={settings} />
        </label>
      )}
      {preset === 'none' && (
        <label class="choice">
          <input type="checkbox" name="insecure" />
          Whoever has the address may send events
        </label>
      )}
    </Dialog>
  );
}

/** Does an act on a webhook once it is confirmed. */
export function WebhookActDialog({
  act,
  webhook,
  close,
  onMade,
  onChanged,
}: {
  act: WebhookAct;
  webhook: ListedWebhook;
  close: () => void;
  /** Called with a webhook that has a new address. */
  onMade: (made: MadeWebhook) => void;
  /** Called once a webhook is changed or deleted. */
  onChanged: () => void;
}) {
  const { name } = webhook;
  const path = `/webhooks/${encodeURIComponent(name)}`;

  function announced(text: string) {
    return () => {
      announce(text);
      onChanged();
    };
  }

  async function rotate(form: FormData) {
    const body = { keep: Number(form.get('keep')) };
    const { data } = await request<{ data: MadeWebhook }>(`${path}/rotate`, { method: 'POST', body });
    return () => onMade(data);
  }

  async function setSecret(form: FormData) {
    await request(path, { method: 'PUT', body: { secret: String(form.get('secret')).trim() } });
    return announced(`${name} has its new secret.`);
  }

  async function change(form: FormData) {
    const text = (field: string) => String(form.get(field) ?? '').trim();
    const body = {
      label: text('label') || null,
      type: text('type') || null,
      keep_headers: text('keep_headers')
        .split(/[\s,]+/)
        .filter(Boolean),
      enabled: form.has('enabled'),
    };
    await request(path, { method: 'PUT', body });
    return announced(`${name} is changed.`);
  }

  async function remove() {
    await request(path, { method: 'DELETE' });
    return announced(`${name} is deleted.`);
  }

  if (act === 'edit') {
    return (
      <Dialog title={`Edit ${name}`} confirm="Store" act={change} close={close}>
        <p class="soft">Whoever changes a webhook cannot approve what its events start.</p>
        <label class="field">
          Label
          <input name="label" autocomplete="off" placeholder="optional" defaultValue={webhook.label ?? ''} />
        </label>
        <label class="field">
          Type of its events
          <input
            name="type"
            class="mono"
            autocomplete="off"
            spellcheck={false}
            placeholder="the one that the preset reads"
            defaultValue={webhook.type ?? ''}
          />
        </label>
        <label class="field">
          Headers that its events keep
          <input
            name="keep_headers"
            class="mono"
            autocomplete="off"
            spellcheck={false}
            placeholder="x-request-id, x-region"
            defaultValue={webhook.keep_headers.join(', ')}
          />
        </label>
        <label class="choice">
          <input type="checkbox" name="enabled" defaultChecked={webhook.enabled} />
          Enabled: requests to its address are accepted
        </label>
      </Dialog>
    );
  }
  if (act === 'rotate') {
    return (
      <Dialog title={`Rotate ${name}`} act={rotate} close={close}>
        <p>The webhook has a new address from now on. The secret stays.</p>
        <label class="field">
          Seconds for which the old address stays valid
          <input name="keep" type="number" min={0} step={1} required defaultValue="3600" />
        </label>
      </Dialog>
    );
  }
  if (act === 'secret') {
    return (
      <Dialog title={`Set the secret of ${name}`} confirm="Set secret" act={setSecret} close={close}>
        <p>From now on, only requests with this secret are accepted. Enter the secret that the sender uses.</p>
        <SecretField isRequired />
      </Dialog>
    );
  }
  return (
    <Dialog title={`Delete ${name}`} isDangerous act={remove} close={close}>
      <p>Requests to its address are refused from now on. Its events stay.</p>
    </Dialog>
  );
}

function SecretField({ hint = '', isRequired = false }: { hint?: string; isRequired?: boolean }) {
  return (
    <label class="field">
      Secret
      <input
        name="secret"
        type="password"
        class="mono"
        required={isRequired}
        autocomplete="new-password"
        placeholder={hint}
      />
    </label>
  );
}
