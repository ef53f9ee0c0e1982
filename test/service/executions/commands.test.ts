import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import { createExecutionCommands } from '../../../service/executions/commands.ts';

const principal = { tenant: 'acme', subject: 'ann' } as Principal;

/** Commands over one open run, what they do, and what they log. */
function scene({ isIndexed, isRefused }: { isIndexed: boolean; isRefused: boolean }) {
  const done: string[] = [];
  const logged: { workflow_id: string }[] = [];
  const commands = createExecutionCommands({
    reader: { get: async () => ({ n: 1, execution: { workflowId: 'wf_1', status: 'running' } }) },
    temporal: {
      namespace: 'default',
      cancel: async (id: string) => void done.push(`cancel ${id}`),
      terminate: async (id: string) => void done.push(`terminate ${id}`),
    },
    store: { noteEnders: async () => isIndexed, mark: async () => undefined },
    entries: { isRefused: (id: string) => id === 'wf_1' && isRefused },
    log: pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) }),
  } as never); // all that it needs
  return { commands, done, logged };
}

it.each(['cancel', 'terminate'] as const)('a run that the index does not have yet is not ended: %s', async (verb) => {
  const { commands, done } = scene({ isIndexed: false, isRefused: false });
  await expect(commands[verb](principal, '1024', 'x')).rejects.toMatchObject({ code: 'busy' });
  expect(done).toEqual([]);
});

it.each(['cancel', 'terminate'] as const)(
  'a run whose row the database refuses is ended, and logged: %s',
  async (verb) => {
    const { commands, done, logged } = scene({ isIndexed: false, isRefused: true });
    await commands[verb](principal, '1024', 'x');
    expect(done).toEqual([`${verb} wf_1`]);
    expect(logged).toMatchObject([{ workflow_id: 'wf_1' }]);
  },
);

it('a run that the index has is ended without a word', async () => {
  const { commands, done, logged } = scene({ isIndexed: true, isRefused: false });
  await commands.cancel(principal, '1024', 'x');
  expect([done, logged]).toEqual([['cancel wf_1'], []]);
});
