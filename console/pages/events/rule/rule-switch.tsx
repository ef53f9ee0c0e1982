import { useState } from 'preact/hooks';
import { request } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import type { ShownRule } from '../../../client/shapes.ts';
import { announce } from '../../../parts/notice.ts';

/** Enables or disables a rule; the button is the same one, so that the focus stays. */
export function RuleSwitch({
  rule: { ref, enabled },
  path,
  onDone,
}: {
  rule: ShownRule;
  path: string;
  onDone: () => void;
}) {
  const [isActing, setActing] = useState(false);

  async function turn() {
    if (isActing) return;
    setActing(true);
    try {
      await request(path, { method: 'PUT', body: { enabled: !enabled } });
      announce(`${ref} is ${enabled ? 'disabled' : 'enabled'}.`);
      onDone();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      announce(`${ref} was not changed: ${error.message}`);
    } finally {
      setActing(false);
    }
  }

  return (
    <button type="button" class="button" aria-disabled={isActing} onClick={turn}>
      {enabled ? 'Disable' : 'Enable'} this rule
    </button>
  );
}
