import { readFile, writeFile } from 'node:fs/promises';
import type { Results } from './results.ts';

// The measurements of all parts, for the report: parts that take hours need not run together.

const FILE = new URL('../measured.json', import.meta.url);

/** Returns what is kept of all parts that have been measured on this machine. */
export async function readResults(): Promise<Partial<Results>> {
  const text = await readFile(FILE, 'utf8').catch(() => '{}');
  return JSON.parse(text) as Partial<Results>;
}

/** Keeps the results of some parts in place of earlier ones. */
export async function keepResults(results: Partial<Results>): Promise<void> {
  const kept = await readResults();
  const conditions = { ...kept.conditions, ...results.conditions };
  await writeFile(FILE, JSON.stringify({ ...kept, ...results, conditions }));
}
