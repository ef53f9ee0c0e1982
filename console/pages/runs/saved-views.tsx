import { useRef, useState } from 'preact/hooks';
import { RequestError } from '../../client/request-error.ts';
import { session } from '../../client/session.ts';
import { Dialog } from '../../parts/forms/dialog.tsx';
import { Glyph } from '../../parts/glyph.tsx';
import { announce } from '../../parts/notice.ts';
import { hrefOf, pageQuery, ROOT } from '../../routing/location.ts';
import { forgetView, savedViews, saveView, viewsKey } from './views.ts';

/** The lists that somebody has saved in this browser, and a way to save the one that is shown. */
export function SavedViews() {
  const who = session.value;
  if (!who) return null;
  const key = viewsKey(ROOT, who);
  return <ViewsOf key={key} owner={key} />;
}

/** The views that are kept under the key of their owner. */
function ViewsOf({ owner }: { owner: string }) {
  const [views, setViews] = useState(() => savedViews(owner));
  const [isSaving, setSaving] = useState(false);
  const saver = useRef<HTMLButtonElement>(null);

  async function save(form: FormData) {
    const name = String(form.get('name') ?? '').trim();
    const { page, job, ...kept } = Object.fromEntries(pageQuery.peek());
    const saved = saveView(owner, { name, query: String(new URLSearchParams(kept)) });
    return () => {
      setViews(saved);
      announce(`The view "${name}" is kept in this browser.`);
    };
  }

  function forget(name: string) {
    try {
      setViews(forgetView(owner, name));
      // The button that was pressed goes.
      saver.current?.focus();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      announce(error.message);
    }
  }

  return (
    <div class="views">
      {views.length > 0 && (
        <ul aria-label="Saved views">
          {views.map(({ name, query }) => (
            <li key={name}>
              <a href={hrefOf('/runs', Object.fromEntries(new URLSearchParams(query)))}>{name}</a>
              <button
                type="button"
                class="button quiet icon"
                aria-label={`Forget ${name}`}
                onClick={() => forget(name)}
              >
                <Glyph of="close" size={12} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <button type="button" class="button" ref={saver} onClick={() => setSaving(true)}>
        Save view
      </button>
      {isSaving && (
        <Dialog title="Save view" act={save} close={() => setSaving(false)}>
          <p>The filters that are set now are kept in this browser under a name.</p>
          <label class="field">
            Name
            <input name="name" required maxLength={60} pattern=".*\S.*" autocomplete="off" />
          </label>
        </Dialog>
      )}
    </div>
  );
}
