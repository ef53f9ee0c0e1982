import { useCallback, useRef } from 'preact/hooks';
import { randomKey } from '../../../client/keys.ts';
import { useRead } from '../../../client/reads.ts';
import { type ApiRequestOptions, request } from '../../../client/request.ts';
import { Dialog } from '../../../parts/forms/dialog.tsx';
import { focusHeading } from '../../../parts/heading.tsx';
import { countText } from '../../../parts/words.ts';
import { go, hrefOf, pageQuery, path } from '../../../routing/location.ts';
import type { BulkAct } from './bulk-acts.ts';
import type { Selection } from './selection.ts';

/** Asks before an act on many runs, and begins the job that does it. `subject` says how many runs are selected. */
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
  /** Returns the filter for everything that matches and had been created at a time, in milliseconds. */
  filterAt: (time: number) => Record<string, string>;
  close: () => void;
}) {
  const key = useRef(randomKey());
  const query = useRef(pageQuery.peek());
  // What was selected when the dialog opened: neither runs that start later nor other filters change it.
  const target = useRef<object>(null);
  target.current ??= selection.isAll ? { filter: filterAt(Date.now()) } : { ids: [...selection.ids] };

  async function begin(form: FormData) {
    const reason = String(form.get('reason') ?? '').trim();
    const { data } = await request<{ data: { job_id: string } }>(`/executions/bulk/${act.verb}`, {
      method: 'POST',
      headers: { 'idempotency-key': key.current },
      body: reason === '' ? target.current : { ...target.current, reason },
    });
    return () => {
      selection.clear();
      const shown = { ...Object.fromEntries(query.current), job: data.job_id };
      go(hrefOf('/runs', shown), { replace: path.peek() === '/runs' });
      // The button that has opened the dialog is gone.
      focusHeading();
    };
  }

  return (
    <Dialog title={`${act.word} ${subject}`} isDangerous={act.isDangerous} act={begin} close={close}>
      <p>{act.meaning} All other runs are left unchanged.</p>
      {selection.isAll && <Affected act={act} target={target.current} />}
      <label class="field">
        Reason
        <input name="reason" maxLength={1000} autocomplete="off" placeholder="optional, recorded with the runs" />
      </label>
    </Dialog>
  );
}

/** Says how many of the runs that match an act applies to, as the API counts them. */
function Affected({ act, target }: { act: BulkAct; target: object }) {
  const count = useCallback(
    (path: string, sent: ApiRequestOptions) =>
      request<{ data: { matched: number } }>(path, { ...sent, method: 'POST', body: target }),
    [target],
  );
  const { value, error } = useRead(`/executions/bulk/${act.verb}?dry_run=true`, count);
  return (
    <p role="status" class="strong">
      {error !== null && `The runs could not be counted: ${error.message}`}
      {error === null &&
        (value === undefined ? 'Counting the runs …' : `Applies to ${countText(value.data.matched, 'run')}.`)}
    </p>
  );
}
