import { PackRefSchema, RefSchema } from '../../model/definition.ts';
import { ActionCreateSchema, type PackImport } from '../../model/definition-requests.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { TriggerCreateSchema } from '../../model/rules/trigger.ts';
import { issuesOfTrigger } from '../../model/rules/trigger-issues.ts';
import { issuesOfAction } from '../actions/custom-actions.ts';

/** A part of a pack, as far as its refs are known. */
interface Part {
  path: string;
  ref: string | undefined;
  packRef: string | undefined;
}

/** The lists of parts that share their refs. */
const NAMESPACES = [['triggers'], ['actions', 'workflows'], ['rules']] as const;
type PartKind = (typeof NAMESPACES)[number][number];

/** Finds what is wrong with the triggers and the actions of a pack, and with the refs of all its parts. */
export function issuesOfPack(body: PackImport): Issue[] {
  return ordered([
    ...NAMESPACES.flatMap((kinds) =>
      issuesOfRefs(
        kinds.flatMap((kind) => partsOf(kind, body[kind])),
        body.pack.ref,
      ),
    ),
    ...body.triggers.flatMap((trigger, index) => placed(issuesOfTrigger(trigger), 'triggers', index)),
    ...body.actions.flatMap((action, index) => placed(issuesOfAction(action), 'actions', index)),
  ]);
}

/** Finds the same in a body whose shape is wrong, of the parts whose shape is right. */
export function issuesOfPartialPack(body: unknown): Issue[] {
  if (!isJsonObject(body)) return [];
  const { pack } = body;
  const ref = isJsonObject(pack) ? PackRefSchema.safeParse(pack.ref).data : undefined;
  return ordered([
    ...NAMESPACES.flatMap((kinds) =>
      issuesOfRefs(
        kinds.flatMap((kind) => partsOf(kind, listIn(body[kind]))),
        ref,
      ),
    ),
    ...listIn(body.triggers).flatMap((trigger, index) => {
      const parsed = TriggerCreateSchema.safeParse(trigger);
      return parsed.success ? placed(issuesOfTrigger(parsed.data), 'triggers', index) : [];
    }),
    ...listIn(body.actions).flatMap((action, index) => {
      const parsed = ActionCreateSchema.safeParse(action);
      return parsed.success ? placed(issuesOfAction(parsed.data), 'actions', index) : [];
    }),
  ]);
}

/** Puts the issues of each kind of parts together, in the order in which an import writes them. */
function ordered(issues: readonly Issue[]): Issue[] {
  const kinds: readonly string[] = NAMESPACES.flat();
  const rank = ({ path }: Issue): number => kinds.indexOf(path.split('/')[1]!);
  return issues.toSorted((a, b) => rank(a) - rank(b));
}

/** `packRef` is undefined where it is not known. */
function issuesOfRefs(parts: readonly Part[], packRef: string | undefined): Issue[] {
  const refs = new Set<string>();
  return parts.flatMap(({ path, ref, packRef: named }) => {
    const issues: Issue[] = [];
    if (packRef !== undefined && named !== undefined && named !== packRef) {
      issues.push({ code: 'ref_mismatch', path: `${path}/pack_ref`, message: `must be "${packRef}"` });
    }
    if (ref === undefined) return issues;
    if (refs.has(ref)) issues.push({ code: 'duplicate', path: `${path}/ref`, message: `"${ref}" is here twice` });
    refs.add(ref);
    return issues;
  });
}

function placed(issues: readonly Issue[], kind: PartKind, index: number): Issue[] {
  return issues.map((issue) => ({ ...issue, path: `/${kind}/${index}${issue.path}` }));
}

function partsOf(kind: PartKind, entries: readonly unknown[]): Part[] {
  return entries.map((entry, index) => {
    const fields = isJsonObject(entry) ? entry : {};
    const [ref, packRef] = [RefSchema.safeParse(fields.ref).data, PackRefSchema.safeParse(fields.pack_ref).data];
    return { path: `/${kind}/${index}`, ref, packRef };
  });
}

function listIn(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
