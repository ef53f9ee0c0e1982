import { DELEGATE_SIGNAL, type Delegation } from '../../../model/delegation.ts';
import type { Execution } from '../../../model/execution.ts';
import { DECISION_SIGNAL, type Decision } from '../../../model/inquiry.ts';
import type { InquiryScript } from '../../interpreter/inquiry-scripts.ts';
import { annDecides, signer } from '../../interpreter/signed.ts';
import { closed, followUntil, type Harness } from '../support/harness.ts';

let made = 0;
/** Sends a decision to a run as the API would, and gives its id. */
export async function decide(harness: Harness, id: string, given: Partial<Decision>): Promise<string> {
  made += 1;
  const decision: Decision = {
    id: `decision-${made}`,
    inquiry: 'ask',
    option: 'approve',
    response: null,
    comment: null,
    by: 'somebody',
    names: [],
    groups: [],
    channel: 'api',
    at: new Date().toISOString(),
    bound_to: null,
    ...given,
  };
  await harness.client.workflow.getHandle(id).signal(DECISION_SIGNAL, decision);
  return decision.id;
}

/** Sends a decision to a run as the API would that has signed it, once the run asks. */
export async function decideSigned(harness: Harness, id: string, given: Partial<Decision> = {}): Promise<void> {
  const inquiry = given.inquiry ?? 'ask';
  const execution = await followUntil(harness, id, hasAsked(inquiry));
  const asked = execution.inquiries.find(({ key }) => key === inquiry)!;
  const decision = annDecides(inquiry, { bound_to: asked.bound_to, at: new Date().toISOString(), ...given });
  const payload = signer.sealDecision(execution, decision, asked.what);
  await harness.client.workflow.getHandle(id).signal(DECISION_SIGNAL, payload);
}

/** Sends a delegation to a run as the API would that has signed it, once the run asks. */
export async function delegateSigned(
  harness: Harness,
  id: string,
  by: string,
  to: string,
  rest: Partial<Delegation> = {},
): Promise<void> {
  const execution = await followUntil(harness, id, hasAsked('ask'));
  const delegation: Delegation = {
    id: `${by} to ${to}`,
    inquiry: 'ask',
    by,
    names: [],
    groups: [],
    to,
    to_names: [],
    to_groups: [],
    reason: 'on holiday',
    at: new Date().toISOString(),
    ...rest,
  };
  await harness.client.workflow.getHandle(id).signal(DELEGATE_SIGNAL, signer.sealDelegation(execution, delegation));
}

/** Whether an inquiry has been asked. */
export const hasAsked = (key: string) => (execution: Execution) =>
  execution.inquiries.some((inquiry) => inquiry.key === key);
const taken = (id: string) => (execution: Execution) =>
  execution.closed !== null ||
  execution.inquiries.some(({ decisions }) => decisions.some(({ decision }) => decision.id === id));

/** Has a script happen to a run, and gives its workflow id once it has closed. */
export async function playScript(
  harness: Harness,
  { definition, input, starters, script }: InquiryScript,
): Promise<string> {
  const id = await harness.start(definition, { ...(input && { input }), ...(starters && { starters }) });
  for (const step of script) {
    if ('cancel' in step) {
      await followUntil(harness, id, ({ inquiries }) => inquiries.length > 0);
      await harness.client.workflow.getHandle(id).cancel();
    }
    if (!('decide' in step)) continue;
    const { decide: inquiry, ...rest } = step;
    const known =
      inquiry === 'nothing' ? await harness.execution(id) : await followUntil(harness, id, hasAsked(inquiry));
    const asked = known.inquiries.find(({ key }) => key === inquiry)?.bound_to ?? null;
    const bound_to = rest.bound_to === 'what is shown' ? asked : (rest.bound_to ?? null);
    const sent = await decide(harness, id, { inquiry, ...rest, bound_to });
    if (inquiry !== 'nothing') await followUntil(harness, id, taken(sent));
  }
  await closed(harness, id);
  return id;
}
