import { expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import type { ControlAction } from '../../model/control.ts';
import type { Principal } from '../../model/principal.ts';
import { createControlService } from '../../service/controls.ts';

const OUTPUT = { outcome: 'approve' };
const ann: Principal = {
  ...{ id: 1, tenant: 'one', tenantRef: 'one', subject: 'ann', kind: 'person', onBehalfOf: null },
  ...{ roles: ['operator'], permissions: [], groups: [] },
};

/** What a skip of the task `ask` comes to in an open run of some interpreter: the code of the refusal, or `sent`. */
async function skip(
  interpreter: number,
  waits: string,
  output: typeof OUTPUT | null,
  mayDecide: boolean,
  before = 0,
): Promise<string> {
  const execution = {
    ...{
      workflowId: 'w',
      status: 'running',
      controls: Array.from({ length: before }, () => ({})),
      waitingFor: [{ kind: waits, task: 'ask#2[1]' }],
    },
    run: { interpreter, definition: { tasks: [{ name: 'ask', action: 'core.inquiry' }] } },
    inquiries: waits === 'inquiry' ? [{ task: 'ask#2[1]', status: 'pending' }] : [],
  };
  return control(execution, { what: 'skip', key: 'ask#2[1]', output }, mayDecide);
}

/** What a control of an open run comes to: the code of the refusal, or `sent`. */
async function control(execution: object, action: ControlAction, mayDecide = true): Promise<string> {
  let sent = false;
  const signal = async () => {
    sent = true;
    return false;
  };
  const demandApprover = async () => {
    if (!mayDecide) throw new AppError('self_approval', 'ann has started the run');
  };
  const service = createControlService(
    ...([
      { temporal: { signal }, projections: {} },
      { get: async () => ({ n: 1, execution }) },
      { inquiries: { demandApprover }, signer: { sealControl: () => ({}) } },
      Date.now,
    ] as never as Parameters<typeof createControlService>),
  );
  const refused = await service.control(ann, '1', action, null).then(
    () => 'done',
    (error: AppError) => error.code,
  );
  return sent ? 'sent' : refused;
}

it.each<[number, string, typeof OUTPUT | null, boolean, string]>([
  // The run itself makes a withdrawal of it.
  [9, 'inquiry', null, false, 'sent'],
  [9, 'timer', null, false, 'sent'],
  [9, 'retry', null, true, 'sent'],
  // Nobody says in its place what people would have said.
  [9, 'inquiry', OUTPUT, true, 'skip_output_refused'],
  [9, 'retry', OUTPUT, true, 'skip_output_refused'],
  [8, 'inquiry', OUTPUT, true, 'skip_output_refused'],
  [8, 'timer', OUTPUT, true, 'skip_output_refused'],
  // In an older run the task succeeds: then it is a decision.
  [8, 'inquiry', null, true, 'sent'],
  [8, 'inquiry', null, false, 'self_approval'],
  [8, 'timer', null, true, 'task_not_waiting'],
  [8, 'retry', null, true, 'task_not_waiting'],
])(
  'interpreter %i, a question that waits for %s, output %j, by who may decide: %s: %s',
  async (version, waits, output, may, expected) => {
    expect(await skip(version, waits, output, may)).toBe(expected);
  },
);

it.each([
  [998, 'sent'],
  [999, 'sent'],
  [1_000, 'controls_full'],
])('a run that has taken %i controls: %s', async (before, expected) => {
  expect(await skip(9, 'timer', null, true, before)).toBe(expected);
});

it.each<[string, ControlAction, boolean, string]>([
  ['paused', { what: 'pause' }, false, 'execution_paused'],
  ['running', { what: 'pause' }, false, 'sent'],
  ['paused', { what: 'resume' }, false, 'sent'],
  ['running', { what: 'resume' }, false, 'execution_not_paused'],
  ['waiting', { what: 'resume' }, false, 'execution_not_paused'],
  ['running', { what: 'skip', key: 'a', output: null }, false, 'task_not_waiting'],
  // The pause, the resume or the wait may be what it has not taken yet.
  ['paused', { what: 'pause' }, true, 'sent'],
  ['running', { what: 'resume' }, true, 'sent'],
  ['waiting', { what: 'resume' }, true, 'sent'],
  ['running', { what: 'skip', key: 'a', output: null }, true, 'sent'],
])('a run that reads %s, %j, with a workflow task outstanding: %s: %s', async (status, action, unsettled, expected) => {
  const execution = { workflowId: 'w', status, controls: [], waitingFor: [], inquiries: [], run: null };
  expect(await control({ ...execution, ...(unsettled ? { unsettled } : {}) }, action)).toBe(expected);
});
