import { request } from '../../../client/request.ts';
import type { ShownPack } from '../../../client/shapes.ts';
import { Dialog } from '../../../parts/forms/dialog.tsx';

/** Makes a pack to which workflows can belong; `suggested` is a name for it. */
export function NewPackDialog({
  suggested,
  close,
  onMade,
}: {
  suggested: string;
  close: () => void;
  onMade: (ref: string) => void;
}) {
  async function create(form: FormData) {
    const body = { ref: String(form.get('ref')).trim(), label: String(form.get('label')).trim() };
    const { data } = await request<{ data: ShownPack }>('/packs', { method: 'POST', body });
    return () => onMade(data.ref);
  }

  return (
    <Dialog title="New pack" confirm="Create" act={create} close={close}>
      <label class="field">
        Name
        <input name="ref" required autocomplete="off" spellcheck={false} defaultValue={suggested} />
      </label>
      <label class="field">
        Label
        <input name="label" required autocomplete="off" />
      </label>
    </Dialog>
  );
}
