import { useRef } from 'preact/hooks';
import { randomKey } from '../../client/keys.ts';
import { Dialog } from '../../parts/forms/dialog.tsx';
import { readJsonText } from '../../parts/forms/json-text.ts';
import { announce } from '../../parts/notice.ts';
import { go, hrefOf } from '../../routing/location.ts';
import { type ActPlace, perform, type RunAct } from './acts.ts';

/** An act that somebody is about to do; `given` is what the advice has filled in. */
export interface Intent {
  act: RunAct;
  place: ActPlace;
  given: Record<string, unknown>;
}

/** Asks before an act, does it, and announces what came of it. */
export function ActDialog({ intent, close, onDone }: { intent: Intent; close: () => void; onDone: () => void }) {
  const { act, place, given } = intent;
  const key = useRef(randomKey());

  async function confirm(form: FormData) {
    const started = await perform(act, place, bodyOf(act, form, given), key.current);
    return () => {
      announce(act.done);
      if (started !== null) go(hrefOf(`/runs/${started.id}`));
      else if (act.name === 'delete') go(hrefOf('/runs'));
      else onDone();
    };
  }

  return (
    <Dialog title={act.title} isDangerous={act.isDangerous} act={confirm} close={close}>
      <p>{act.meaning}</p>
      {act.name === 'retry' && (
        <p>
          <a href={hrefOf(`/runs/${place.id}/fork`, { from: String(given.from ?? 'failed') })} onClick={close}>
            See first what would run again
          </a>
        </p>
      )}
      {act.name === 'signal' && (
        <>
          <label class="field">
            Name
            <input name="name" required defaultValue={String(given.name ?? '')} autocomplete="off" />
          </label>
          <label class="field">
            Payload (JSON)
            <textarea name="payload" rows={4} class="mono" spellcheck={false} placeholder="null" />
          </label>
        </>
      )}
      {act.hasReason && (
        <label class="field">
          Reason
          <input name="reason" maxLength={1000} autocomplete="off" placeholder="optional, recorded with the run" />
        </label>
      )}
    </Dialog>
  );
}

/** Returns the body of the request. Throws a RequestError for a payload that is not JSON. */
function bodyOf({ name, hasReason }: RunAct, form: FormData, given: Record<string, unknown>): Record<string, unknown> {
  const text = (field: string) => String(form.get(field) ?? '').trim();
  if (name === 'signal') {
    const payload = readJsonText(text('payload'), { name: 'payload', label: 'Payload' }, null);
    return { name: text('name'), payload };
  }
  return hasReason && text('reason') !== '' ? { ...given, reason: text('reason') } : given;
}
