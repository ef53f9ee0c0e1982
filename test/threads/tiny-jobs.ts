import { AppError } from '../../model/app-error.ts';
import { WorkMeter } from '../../model/work.ts';
import { serveJobs } from '../../threads/serve.ts';

// The jobs of the threads in the tests of the pool.

const nest = (depth: number): number => 1 + nest(depth + 1);

const spin = () => {
  for (;;);
};

let counted = 0;

serveJobs({
  echo: (input: unknown) => input,
  /** Counts the calls in this thread. */
  count: () => {
    counted += 1;
    return counted;
  },
  environment: () => [Object.keys(process.env), process.execArgv],
  spin,
  brief: spin,
  allocate: () => {
    for (const held: number[][] = []; ; ) held.push(new Array(100_000).fill(held.length));
  },
  nest,
  large: () => 'a'.repeat(40 * 1024 * 1024),
  refuse: () => {
    const issues = [{ code: 'out_of_range', path: '/x', message: 'must be 1' }];
    throw new AppError('input_invalid', '/x: must be 1', { issues });
  },
  spend: () => new WorkMeter(1).charge(2),
  break: () => {
    throw new TypeError('a fault');
  },
});
