import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Keeps a hundred MiB or so, lets as much become garbage again and again after it has grown old, and prints how large the heap was at most. */
const GROW = `
  const kept = Array.from({ length: 1_000_000 }, (_, n) => ({ n, text: String(n) }));
  const passing = new Array(100_000);
  globalThis.gc();
  const used = process.memoryUsage().heapUsed;
  let most = 0;
  for (let n = 0; n < 4_000_000; n += 1) {
    passing[n % passing.length] = { n, list: [n, { n }] };
    if (n % 50_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
  }
  console.log(most / used, kept.length);`;

/** Returns how many times as large as what it keeps the heap of a process becomes, which without `before` may grow to four times that. */
function growthOf(before: string, mebibytes = 4096): number {
  const heap = ['--expose-gc', `--max-old-space-size=${mebibytes}`, '--heap-growing-percent=300'];
  const options = [...heap, '--import', 'tsx', '--input-type=module', '--eval'];
  return Number.parseFloat(execFileSync(process.execPath, [...options, before + GROW], { encoding: 'utf8' }));
}

it('a heap becomes three times as large as what is in use at most, with its young part, and not four times', () => {
  const limit = `(await import('./composition/run.ts')).limitHeapGrowth();`;
  expect(growthOf(limit)).toBeLessThan(3.5);
  expect(growthOf('')).toBeGreaterThan(3.5);
  // V8 itself lets a small heap grow by less, and that is left to it.
  expect(growthOf(limit, 1024)).toBeGreaterThan(3.5);
});
