import type { Definition } from '../model/definition.ts';
import { compileDefinition } from './definition-compiler.ts';
import type { Program } from './program.ts';

/** Characters of definitions whose programs are kept. */
const KEPT = 10_000_000;

const kept = new Map<string, Program>();
let characters = 0;

/**
 * Compiles a definition, or returns the program that runs of the same definition share: it never changes. `secrets` as in
 * compileDefinition.
 */
export function compileOnce(definition: Definition, secrets: boolean): Program {
  const key = `${secrets} ${JSON.stringify(definition)}`;
  const known = kept.get(key);
  if (known !== undefined) {
    // The least recently used program is dropped first.
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const program = compileDefinition(definition, secrets);
  kept.set(key, program);
  characters += key.length;
  for (const oldest of kept.keys()) {
    if (characters <= KEPT) break;
    kept.delete(oldest);
    characters -= oldest.length;
  }
  return program;
}
