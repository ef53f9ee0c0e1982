import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { findTemporal } from '../../../dev/temporal-binary.ts';
import { parseExecutionId, workflowIdOf } from '../../../model/execution-id.ts';

/** Returns the history of an execution, named by its UUID, as `temporal workflow show` writes it. */
export async function showHistory(namespace: string, uuid: string): Promise<string> {
  const binary = await findTemporal(process.env, () => undefined);
  const workflowId = workflowIdOf(parseExecutionId(uuid)!.n);
  const where = ['--address', inject('temporalAddress'), '--namespace', namespace, '--workflow-id', workflowId];
  const { stdout } = await promisify(execFile)(binary, ['workflow', 'show', ...where, '--output', 'json'], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}
