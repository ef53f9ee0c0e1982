import { type Issue, valueAt } from '../model/issue.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import { CliError, EXIT } from './cli-error.ts';
import type { Source } from './files.ts';
import { formatCell } from './output.ts';
import { issueLines, type Service } from './service.ts';

// Workflows, rules and triggers in single files.

/** The kinds of parts that a file with one object can hold. */
type PartKind = 'workflow' | 'rule' | 'trigger';

/** The issues and warnings of a part of a pack. */
export interface PartValidation {
  valid: boolean;
  issues: Issue[];
  warnings: Issue[];
}

/** The changes that were applied, and warnings about them, one per line. */
export interface Applied {
  changes: JsonObject[];
  warnings: string[];
}

/** Fields that only one kind of parts has. */
const OWN_FIELDS: [PartKind, readonly string[]][] = [
  ['workflow', ['definition', 'tasks', 'param_schema', 'out_schema']],
  ['rule', ['workflow', 'action_ref', 'trigger_ref', 'when', 'parameters']],
  ['trigger', ['type', 'schema', 'examples']],
];

/** Returns the kind of the part of a pack that a file holds, by its fields; a workflow in doubt. */
export function findPartKind(content: JsonObject): PartKind {
  const found = OWN_FIELDS.find(([, fields]) => fields.some((field) => Object.hasOwn(content, field)));
  return found !== undefined && Object.hasOwn(content, 'ref') ? found[0] : 'workflow';
}

/** Finds all issues and warnings of a part of a pack that is not stored. */
export async function validatePart(service: Service, kind: PartKind, body: JsonObject): Promise<PartValidation> {
  if (kind !== 'trigger') {
    const { data } = await service.ask('POST', `/api/v1/${kind}s/validate`, { body });
    return data as unknown as PartValidation;
  }
  // Loaded where there is a trigger: it takes longer than most commands.
  const { examineTrigger } = await import('./trigger-check.ts');
  const issues = examineTrigger(body);
  return { valid: issues.length === 0, issues, warnings: [] };
}

/** Returns the warnings of an answer, one per line. */
export function warningLines(warnings: Json | undefined): string[] {
  return issueLines((warnings ?? []) as unknown as Issue[]);
}

/** How a file is applied: whether nothing is to be stored, and the refs that earlier files of the same command have. */
interface ApplyContext {
  dry: boolean;
  applied: ReadonlySet<Json | undefined>;
}

/** Stores the part of a pack that a file holds. Throws a CliError with the issues of one that is refused. */
export async function applyPart(
  service: Service,
  source: Extract<Source, { kind: 'file' }>,
  { dry, applied }: ApplyContext,
): Promise<Applied> {
  const { path: file, content, warnings: ofFile } = source;
  const kind = findPartKind(content);
  const { ref, pack_ref: pack, ...fields } = content;
  if (typeof ref !== 'string') throw new CliError(EXIT.usage, `${file} is not a ${kind}: "ref" is missing`);
  const refused = (error: unknown): never => {
    if (!(error instanceof CliError)) throw error;
    const hint = error.code === 'pack_not_found' ? `: fermata packs create ${formatCell(pack)}` : '';
    throw new CliError(error.exitCode, `${file}: ${error.message}${hint}`, { lines: [...error.lines], cause: error });
  };
  const base = `/api/v1/${kind}s`;
  const path = `${base}/${encodeURIComponent(ref)}`;
  const before = await service.ask('GET', path).then(
    ({ data }) => data as JsonObject,
    (error: unknown) => (error instanceof CliError && error.code === `${kind}_not_found` ? null : refused(error)),
  );
  const done = (revision: Json | undefined, change: string, warnings: Json | undefined = []) => ({
    changes: [{ kind, ref, change, ...(revision !== undefined && { revision }) }],
    warnings: [...warningLines(warnings), ...issueLines(ofFile)].map((line) => `${file} ${line}`),
  });
  const write = async (method: string, to: string, body: JsonObject, change: string) => {
    const { data, warnings } = await service.ask(method, to, { body }).catch(refused);
    return done((data as JsonObject).revision, change, warnings);
  };
  if (before === null) {
    if (!dry) return write('POST', base, content, 'created');
    const warnings = await examined(service, kind, content, { file, applied });
    return done(kind === 'trigger' ? undefined : 0, 'created', warnings);
  }
  const changed = Object.entries(fields).filter(
    ([name, value]) => canonicalJson(before[name] ?? null) !== canonicalJson(value),
  );
  if (changed.length === 0) return done(before.revision, 'unchanged');
  if (dry) {
    const body = { ...keptOf(kind, before, content), ...content };
    return done(before.revision, 'updated', await examined(service, kind, body, { file, applied }));
  }
  // The type of a trigger never changes, so it is sent only where it differs, and refused.
  const body = kind === 'trigger' ? Object.fromEntries(changed) : fields;
  return write('PUT', path, body, 'updated');
}

/** Issues about what earlier files of the same command store. */
const MAY_BE_APPLIED = new Set(['unknown_action', 'unknown_workflow', 'unknown_trigger']);

/**
 * Returns the warnings of a part that is not stored, which may name parts of earlier files. Throws a CliError (refused) with its issues.
 */
async function examined(
  service: Service,
  kind: PartKind,
  body: JsonObject,
  { file, applied }: { file: string; applied: ReadonlySet<Json | undefined> },
): Promise<Json> {
  const { issues, warnings } = await validatePart(service, kind, body);
  const open = issues.filter(({ code, path }) => !MAY_BE_APPLIED.has(code) || !applied.has(valueAt(body, path)));
  if (open.length === 0) return warnings as unknown as Json;
  throw new CliError(EXIT.refused, `${file} is invalid`, { lines: issueLines(open) });
}

/** The fields that an update keeps unless it names them, or one that stands in place of them. */
const KEPT: Record<PartKind, (string | [string, string])[]> = {
  workflow: ['pack_ref', 'label', 'version', 'definition', 'param_schema', 'out_schema'],
  rule: [
    'pack_ref',
    'label',
    'when',
    'webhook',
    'version',
    'parameters',
    ['trigger_ref', 'type'],
    ['workflow', 'action_ref'],
  ],
  trigger: ['pack_ref', 'label', 'type', 'schema', 'examples'],
};

function keptOf(kind: PartKind, before: JsonObject, content: JsonObject): JsonObject {
  const kept = KEPT[kind].flatMap((field) => {
    if (typeof field === 'string') return [field];
    if (field.some((name) => Object.hasOwn(content, name))) return [];
    return field.filter((name) => before[name] !== null).slice(0, 1);
  });
  return Object.fromEntries(kept.map((name) => [name, before[name]!]));
}
