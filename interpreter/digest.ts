import { digest } from '../expression/encoding.ts';
import { deriveUuid } from '../model/execution-id.ts';
import type { InquiryRequest, PlannedTask } from '../model/inquiry.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { ActionSpec, Parameters, RunInput } from '../model/run-input.ts';

// The digest: one hash of everything that a decision is about. It is computed here when an inquiry is shown, when a decision is taken,
// and when it is checked later.

/** Characters of canonical JSON that cost one unit of work to hash. */
const CHARACTERS_PER_UNIT = 64;

/** The parts of a digest that are the same for every question of a run: hashes of its code and of its parameters. */
export interface RunDigest {
  code: string;
  parameters: string;
}

/** A digest: `what` does not depend on the run, `bound_to` belongs to one question of one run. */
export interface QuestionDigest {
  what: string;
  bound_to: string;
}

/** Computes the parts of a digest that a run fixes when it begins; null for a run that asks nobody, itself or in its sub-workflows. */
export function digestRun(run: RunInput, input: Parameters): { digest: RunDigest; units: number } | null {
  // Only the run above a sub-workflow knows the code of the tree.
  const given = (run.depth ?? 0) > 0 ? run.code : undefined;
  if (given === undefined && !asksPeople(run)) return null;
  const code = given === undefined ? canonicalJson(codeParts(run)) : null;
  const parameters = canonicalJson({ blind: run.blind ?? null, input });
  return {
    digest: { code: given ?? digest(code!, 'sha256'), parameters: digest(parameters, 'sha256') },
    units: unitsToHash(parameters) + unitsToHash(code ?? ''),
  };
}

/** Computes the digest of an inquiry, and the units of work that this takes. */
export function digestQuestion(
  run: RunInput,
  { code, parameters }: RunDigest,
  { key, request, plan }: { key: string; request: InquiryRequest; plan: PlannedTask[] },
): { digest: QuestionDigest; units: number } {
  // Where people are notified is not part of what they decide. A field that a request gains later must be left out for runs of earlier
  // interpreter versions: the recorded histories show when it is not.
  const { notify: _, ...asked } = request;
  const text = canonicalJson({ v: 2, code, parameters, asked, plan } as unknown as Json);
  const what = digest(text, 'sha256');
  const bound = { v: 2, tenant: run.tenant ?? '', execution: deriveUuid(run.n), inquiry: key, what };
  return {
    digest: { what, bound_to: digest(canonicalJson(bound), 'sha256') },
    units: unitsToHash(text),
  };
}

/** Returns the hash of a run's definition; computes it when the definition is not stored. */
export function hashOfDefinition({ hash, definition }: Pick<RunInput, 'hash' | 'definition'>): string {
  return hash ?? digest(canonicalJson(definition as unknown as Json), 'sha256');
}

/** Returns the units of work that it costs to hash a text. */
export function unitsToHash(text: string): number {
  return text.length / CHARACTERS_PER_UNIT;
}

/** Returns everything that a run can execute: the definitions of the root and of all workflows in its tree, and their actions. */
function codeParts(run: RunInput): Json {
  const workflows = Object.entries(run.workflows ?? {}).map(([ref, { hash, actions }]) => [ref, { hash, actions }]);
  return {
    ref: run.ref,
    hash: hashOfDefinition(run),
    actions: run.actions,
    workflows: Object.fromEntries(workflows),
  } as unknown as Json;
}

/** Returns whether a run, or a sub-workflow that it can reach, can ask people. */
function asksPeople({ actions, workflows = {} }: RunInput): boolean {
  const asks = (specs: Readonly<Record<string, ActionSpec>>) =>
    Object.values(specs).some(({ waits }) => waits === 'inquiry');
  return asks(actions) || Object.values(workflows).some((embedded) => asks(embedded.actions));
}
