import { useRef } from 'preact/hooks';
import { request } from '../../../client/request.ts';
import { Dialog } from '../../../parts/dialog.tsx';
import { randomKey } from '../../../parts/keys.ts';
import { go, hrefWith } from '../../../routing/location.ts';
import type { BulkAct } from './bulk-acts.ts';
import type { Selection } from './selection.ts';

/** Asks before an act on many runs, and begins the job that does it. `subject` says how many runs. */
export function BulkDialog({
  act,
  subject,
  selection,
  filterAt,
  close,
}: {
  act: BulkAct;
  subject: string;
  selection: Selection;
  /** Returns the filter for everything that had been created at a time, in milliseconds. */
  filterAt: (time: number) => Record<string, string>;
  close: () => void;
}) {
  const key = useRef(randomKey());
  // Runs that start from now on are not what was chosen.
  const openedAt = useRef(Date.now());

  async function begin(form: FormData) {
    const reason = String(form.get('reason') ?? '').trim();
    const target = selection.isAll ? { filter: filterAt(openedAt.current) } : { ids: [...selection.ids] };
    const { data } = await request<{ data: { job_id: string } }>(`/executions/bulk/${act.verb}`, {
      method: 'POST',
      headers: { 'idempotency-key': key.current },
      body: reason === '' ? target : { ...target, reason },
    });
    selection.clear();
    go(hrefWith({ job: data.job_id }), { replace: true });
    // The button that has opened the dialog is gone.
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }

  return (
    <Dialog title={`${act.word} ${subject}`} isDangerous={act.isDangerous} act={begin} close={close}>
      <p>{act.meaning} Others of them stay as they are.</p>
      <label class="field">
        Reason
        <input name="reason" maxLength={1000} autocomplete="off" placeholder="optional, recorded with the runs" />
      </label>
    </Dialog>
  );
}
