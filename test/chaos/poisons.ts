import type { Client } from '@temporalio/client';
import { DEFAULT_TENANT } from '../../composition/bootstrap.ts';
import type { Task } from '../../model/definition.ts';
import { integerId, workflowIdOf } from '../../model/execution-id.ts';
import { type ActionSpec, OWN_TASK_QUEUE, type RunInput, type RunMemo } from '../../model/run-input.ts';
import { nextNumber } from '../run-numbers.ts';

/** Definitions that stop the worker process which runs them, under an interpreter that does not count its work. */
export const POISONS: Readonly<Record<string, Task>> = {
  'allocates without end': {
    name: 'a',
    action: 'core.transform',
    with_items: '{{ range(0, 100000) }}',
    input: { data: "{{ ('a' * 900000) ~ item }}" },
  },
  'never yields': {
    name: 'a',
    action: 'core.transform',
    with_items: '{{ range(0, 100000) }}',
    input: { data: '{{ range(0, 1000) | sum }}' },
  },
};

/** The last interpreter version whose steps have no limit in time. */
const INTERPRETER = 7;

const inline: ActionSpec = { inline: true, timeout: 600, heartbeat_timeout: 30, queue_timeout: 86_400 };

/** Starts such a run as an API of that time would have; gives its integer id. */
export async function startPoison(client: Client, task: Task): Promise<number> {
  const n = nextNumber();
  const ref = 'examples.poison';
  const input: RunInput = {
    interpreter: INTERPRETER,
    n,
    ref,
    version: '1.0.0',
    revision: 1,
    hash: null,
    definition: { tasks: [task] },
    actions: { 'core.transform': inline },
  };
  const memo: RunMemo = {
    n,
    tenant: DEFAULT_TENANT.id,
    ref,
    revision: 1,
    definition_id: null,
    executor: 1,
    owner: 'dev',
    enforcement: null,
    parent: null,
    tags: [],
    actions: ['core.transform'],
  };
  await client.workflow.start(ref, {
    workflowId: workflowIdOf(n),
    taskQueue: OWN_TASK_QUEUE,
    args: [{}, input],
    memo: { fermata: memo },
  });
  return integerId(n);
}
