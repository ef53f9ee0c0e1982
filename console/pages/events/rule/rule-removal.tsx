import { useState } from 'preact/hooks';
import { request } from '../../../client/request.ts';
import { Dialog } from '../../../parts/forms/dialog.tsx';
import { announce } from '../../../parts/notice.ts';
import { go, hrefOf } from '../../../routing/location.ts';

/** Deletes a rule, once somebody has confirmed that. */
export function RuleRemoval({ rule, path }: { rule: string; path: string }) {
  const [isAsked, setAsked] = useState(false);

  async function remove() {
    await request(path, { method: 'DELETE' });
    return () => {
      announce(`${rule} is deleted.`);
      go(hrefOf('/events/rules'));
    };
  }

  return (
    <>
      <button type="button" class="button" onClick={() => setAsked(true)}>
        Delete this rule
      </button>
      {isAsked && (
        <Dialog title="Delete this rule" isDangerous act={remove} close={() => setAsked(false)}>
          <p>
            All its revisions are lost. Events and the runs that it has started stay; matches that still wait start
            nothing.
          </p>
        </Dialog>
      )}
    </>
  );
}
