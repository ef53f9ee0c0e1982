import { expect, it } from 'vitest';
import { CliError, EXIT } from '../../cli/cli-error.ts';
import { watch } from '../../cli/commands/executions/watch.ts';
import type { Output } from '../../cli/output.ts';
import type { Service } from '../../cli/service.ts';

/** Creates a service whose stream ends at once, and which answers reads with these errors, and then with an execution. */
function createService(errors: CliError[]): Service {
  return {
    target: { url: '', key: '' },
    send: async () => new Response('event: end\ndata: {}\n\n'),
    async ask() {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return { data: { id: 7, status: 'completed' } };
    },
  };
}

const output = { json: false, note: () => undefined } as unknown as Output;

it('a run that has ended is read once the API responds again, and not if the API refuses', async () => {
  const absent = createService([new CliError(EXIT.unreachable, 'the API responded with status 503')]);
  expect(await watch(absent, output, '7')).toEqual({ id: 7, status: 'completed' });
  const refusal = new CliError(EXIT.refused, 'not found');
  await expect(watch(createService([refusal]), output, '7')).rejects.toBe(refusal);
});
