import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import type { Control, ControlAction, ControlRecord } from '../../../model/control.ts';
import type { ExecutionStatus } from '../../../model/status.ts';
import { createChildPauses } from '../../../service/controls/child-pauses.ts';
import { createControlService } from '../../../service/controls/controls.ts';
import { ann } from '../people.ts';

const OUTPUT = { outcome: 'approve' };

/** Skips the task `ask` in an open run of some interpreter; returns the code of the refusal, or `sent`. */
async function skip(
  interpreter: number,
  waits: string,
  output: typeof OUTPUT | null,
  mayDecide: boolean,
  before = 0,
): Promise<string> {
  const execution = {
    workflowId: 'w',
    status: 'running',
    controls: Array.from({ length: before }, () => ({})),
    waitingFor: [{ kind: waits, task: 'ask#2[1]' }],
    run: { interpreter, definition: { tasks: [{ name: 'ask', action: 'core.inquiry' }] } },
    inquiries: waits === 'inquiry' ? [{ task: 'ask#2[1]', status: 'pending' }] : [],
  };
  return control(execution, { what: 'skip', key: 'ask#2[1]', output }, mayDecide);
}

/** Sends a control to an open run; returns the code of the refusal, or `sent`. */
async function control(execution: object, action: ControlAction, mayDecide = true): Promise<string> {
  let sent = false;
  const signal = async () => {
    sent = true;
    return false;
  };
  const demandApprover = async () => {
    if (!mayDecide) throw new AppError('self_approval', 'ann has started the run');
  };
  const service = createControlService({
    temporal: { signal },
    projections: {},
    executions: { get: async () => ({ n: 1, execution }) },
    inquiries: { demandApprover },
    signer: { sealControl: () => ({}) },
    clock: Date.now,
  } as never);
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

/** A run of a tree: what it has taken, and what it was sent while no worker served it. */
interface Run {
  workflowId: string;
  status: ExecutionStatus;
  controls: ControlRecord[];
  children: { key: string; child: string; open: boolean }[];
  above?: { workflowId: string };
  inbox: Control[];
}

/** A run `top` with so many sub-workflows on each level below it, on a server that fails, or has no workers, when it is told to. */
function tree(widths: readonly number[]) {
  const runs = new Map<string, Run>();
  const server = { works: true, fails: false, signals: 0, atOnce: 0, most: 0, onSignal: () => {} };
  const grow = (workflowId: string, level: number, above?: string): void => {
    const keys = Array.from({ length: widths[level] ?? 0 }, (_, at) => `t${at}`);
    const children = keys.map((key) => ({ key, child: `${workflowId}.${key}`, open: true }));
    const parent = above === undefined ? {} : { above: { workflowId: above } };
    runs.set(workflowId, { workflowId, status: 'running', controls: [], children, inbox: [], ...parent });
    for (const { child } of children) grow(child, level + 1, workflowId);
  };
  grow('top', 0);

  function take(run: Run, control: Control): void {
    if (run.controls.some((each) => each.control.id === control.id)) return;
    const pauses = control.what === 'pause';
    const stands = (run.status === 'paused') === pauses;
    run.controls.push({ control, refused: stands ? (pauses ? 'already_paused' : 'not_paused') : null, taken: '' });
    if (!stands) run.status = pauses ? 'paused' : 'running';
  }

  const read = async (id: string) => {
    const { inbox, ...run } = runs.get(id)!;
    const more = inbox.length === 0 ? {} : { unsettled: true };
    return {
      execution: { ...structuredClone(run), projection: 'complete', closed: null, lastEventId: 9, run: null, ...more },
    };
  };
  const children = createChildPauses({
    temporal: {
      signal: async (id: string, { payload }: { payload: Control }) => {
        server.most = Math.max(server.most, ++server.atOnce);
        await Promise.resolve();
        server.atOnce -= 1;
        if (server.fails) throw new AppError('busy', 'Temporal is away');
        server.signals += 1;
        server.onSignal();
        const run = runs.get(id)!;
        if (server.works) take(run, payload);
        else run.inbox.push(payload);
        return true;
      },
      follow: async function* (id: string) {
        if (runs.get(id)!.inbox.length === 0) yield { events: [{ eventId: 9 }] };
      },
    } as never,
    projections: { read } as never,
    signer: { sealControl: (_: unknown, control: Control) => control as never },
    holds: { settle: async () => undefined },
    log: pino({ level: 'silent' }),
    clock: () => 0,
  });
  let count = 0;
  const steps = {
    pause: async () => take(runs.get('top')!, { what: 'pause', id: `p${++count}`, by: 'ann', reason: null }),
    resume: async () => take(runs.get('top')!, { what: 'resume', id: `r${++count}`, by: 'ann', reason: null }),
    'pause of the child': async () => take(runs.get('top.t0')!, { what: 'pause', id: 'own', by: 'bob', reason: null }),
    'resume of the child': async () =>
      take(runs.get('top.t0')!, { what: 'resume', id: `own${++count}`, by: 'bob', reason: null }),
    request: () => children.passOn('top'),
    keeper: async () => {
      for (const { workflowId, status, above } of runs.values()) {
        await children.take(workflowId, status, above === undefined ? null : runs.get(above.workflowId)!.status);
      }
    },
    'workers stop': async () => void Object.assign(server, { works: false }),
    'workers start': async () => {
      server.works = true;
      for (const run of runs.values()) for (const control of run.inbox.splice(0)) take(run, control);
    },
    'Temporal fails': async () => void Object.assign(server, { fails: true }),
    'Temporal answers': async () => void Object.assign(server, { fails: false }),
  };
  return { runs, server, steps, children };
}

it.each<[(keyof ReturnType<typeof tree>['steps'])[], string]>([
  [['pause', 'request'], 'paused paused paused'],
  [['pause', 'request', 'resume', 'request'], 'running running running'],
  // Sub-workflows that a request did not reach.
  [['pause', 'keeper'], 'paused paused paused'],
  [['pause', 'request', 'resume', 'keeper'], 'running running running'],
  [['pause', 'Temporal fails', 'request', 'Temporal answers', 'keeper'], 'paused paused paused'],
  [
    ['pause', 'request', 'resume', 'Temporal fails', 'request', 'Temporal answers', 'keeper'],
    'running running running',
  ],
  // A pause that is taken after the resume that followed it.
  [['workers stop', 'pause', 'request', 'resume', 'request', 'workers start'], 'running paused running'],
  [['workers stop', 'pause', 'request', 'resume', 'request', 'workers start', 'keeper'], 'running running running'],
  // Two pauses, the first of which was never undone below.
  [['pause', 'request', 'resume', 'pause', 'request', 'keeper'], 'paused paused paused'],
  [['pause', 'request', 'resume', 'pause', 'request', 'resume', 'request'], 'running running running'],
  // A control of the child itself stays in effect.
  [['pause of the child', 'pause', 'request', 'resume', 'request', 'keeper'], 'running paused paused'],
  [['pause', 'request', 'resume of the child', 'keeper', 'keeper'], 'paused running running'],
  [['pause', 'request', 'pause', 'request', 'keeper', 'resume', 'keeper'], 'running running running'],
])('a run and what is below it, after %j: %s', async (all, expected) => {
  const { runs, steps } = tree([1, 1]);
  for (const step of all) await steps[step]();
  expect([...runs.values()].map(({ status }) => status).join(' ')).toBe(expected);
});

it('a request passes a pause on to a few sub-workflows at a time, to none after its limit, and the keeper to the rest', async () => {
  const { runs, server, steps, children } = tree([10, 10]);
  const limit = new AbortController();
  server.onSignal = () => server.signals === 30 && limit.abort();
  await steps.pause();
  await children.passOn('top', limit.signal);
  expect(server.signals).toBeGreaterThanOrEqual(30);
  expect(server.signals).toBeLessThan(38);
  expect(server.most).toBeLessThanOrEqual(8);
  await steps.keeper();
  expect([...runs.values()].filter(({ status }) => status !== 'paused')).toEqual([]);
  expect(server.signals).toBe(110);
});
