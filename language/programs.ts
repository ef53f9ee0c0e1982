import type { Definition } from '../model/definition.ts';
import { compileDefinition, type Program } from './program.ts';

/** Programs that are kept. */
const KEPT = 200;

const kept = new Map<string, Program>();

/**
 * A definition, compiled; runs of the same one share it, since nothing in it ever changes. `secrets` as in compileDefinition.
 */
export function programOf(definition: Definition, secrets: boolean): Program {
  const key = `${secrets} ${JSON.stringify(definition)}`;
  const known = kept.get(key);
  if (known !== undefined) {
    // The least recently used is the first to go.
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const program = compileDefinition(definition, secrets);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
  kept.set(key, program);
  return program;
}
