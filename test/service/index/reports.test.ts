import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { IndexEntry } from '../../../model/index-entry.ts';
import type { RunReport } from '../../../model/run-report.ts';
import { createRunReports } from '../../../service/index/reports.ts';
import type { ExecutionStore } from '../../../store/executions/executions.ts';

const report = (workflowId: string, status: RunReport['status']): RunReport => ({
  workflowId,
  firstRunId: 'first',
  runId: 'run',
  workflowType: 'p.w',
  memo: null,
  started: 0,
  at: 0,
  historyLength: 3,
  status,
  waiting: status === 'waiting' ? 'signal' : null,
  asked: 0,
});

it('reports that could not be written are written later, the newest of each run; what was wrong is logged once', async () => {
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line).err.message) });
  const rounds: string[][] = [];
  const stop = new AbortController();
  const store = {
    async write(entries: IndexEntry[]) {
      rounds.push(entries.map(({ workflowId, status }) => `${workflowId} ${status}`));
      if (rounds.length > 2) return stop.abort();
      // One comes while the others are being written.
      take(report('a', 'waiting'));
      throw new Error('the disk is full');
    },
  };
  // As a process has them: apart from each other.
  const { take, run } = createRunReports({ store: store as unknown as ExecutionStore, namespace: 'default', log });
  for (const workflowId of ['a', 'b']) take(report(workflowId, 'running'));
  await run(stop.signal);
  const again = ['a waiting', 'b running'];
  expect(rounds.map((round) => round.toSorted())).toEqual([['a running', 'b running'], again, again]);
  expect(logged).toEqual(['the disk is full']);
});
