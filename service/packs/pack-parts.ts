import { PackRefSchema, RefSchema } from '../../model/definition.ts';
import { ActionCreateSchema, type PackImport } from '../../model/definition-requests.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { issuesOfAction } from '../actions/custom-actions.ts';

/** A workflow or an action of a pack, as far as its refs are known. */
interface Part {
  path: string;
  ref: string | undefined;
  packRef: string | undefined;
}

/** Finds what is wrong with the actions of a pack, and with the refs of all its parts. */
export function issuesOfPack({ pack, actions, workflows }: PackImport): Issue[] {
  const parts = [...partsOf('/actions', actions), ...partsOf('/workflows', workflows)];
  const ofActions = actions.flatMap((action, index) => placed(issuesOfAction(action), index));
  return ordered(issuesOfRefs(parts, pack.ref), ofActions);
}

/** Finds the same in a body whose shape is wrong, of the parts whose shape is right. */
export function issuesOfPartialPack(body: unknown): Issue[] {
  if (!isJsonObject(body as Json)) return [];
  const { pack, actions, workflows } = body as JsonObject;
  const parts = [...partsOf('/actions', listIn(actions)), ...partsOf('/workflows', listIn(workflows))];
  const ref = pack !== undefined && isJsonObject(pack) ? PackRefSchema.safeParse(pack.ref).data : undefined;
  const ofActions = listIn(actions).flatMap((action, index) => {
    const parsed = ActionCreateSchema.safeParse(action);
    return parsed.success ? placed(issuesOfAction(parsed.data), index) : [];
  });
  return ordered(issuesOfRefs(parts, ref), ofActions);
}

/** Puts the issues of actions before those of workflows. */
function ordered(ofRefs: readonly Issue[], ofActions: readonly Issue[]): Issue[] {
  const isOfAction = ({ path }: Issue): boolean => path.startsWith('/actions/');
  return [...ofRefs.filter(isOfAction), ...ofActions, ...ofRefs.filter((issue) => !isOfAction(issue))];
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

function placed(issues: readonly Issue[], action: number): Issue[] {
  return issues.map((issue) => ({ ...issue, path: `/actions/${action}${issue.path}` }));
}

function partsOf(list: '/actions' | '/workflows', entries: readonly unknown[]): Part[] {
  return entries.map((entry, index) => {
    const fields = isJsonObject(entry as Json) ? (entry as JsonObject) : {};
    const [ref, packRef] = [RefSchema.safeParse(fields.ref).data, PackRefSchema.safeParse(fields.pack_ref).data];
    return { path: `${list}/${index}`, ref, packRef };
  });
}

function listIn(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
