import { AppError } from '../../model/app-error.ts';
import type { PackImport } from '../../model/definition-requests.ts';
import { canonicalJson, type JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { ActionService } from '../actions/custom-actions.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import type { RuleService } from '../rules/rules.ts';
import type { TriggerService } from '../rules/triggers.ts';
import type { PackService } from './packs.ts';

/** The services that an import writes through. */
export interface PackParts {
  packs: PackService;
  triggers: TriggerService;
  actions: ActionService;
  definitions: DefinitionService;
  rules: RuleService;
}

/** The change that an import makes to one thing. */
export interface Imported {
  ref: string;
  change: 'created' | 'updated' | 'unchanged' | 'deleted';
}

/** Makes a pack equal to a given one, without its parts. */
export async function importPack(
  packs: PackService,
  principal: Principal,
  pack: PackImport['pack'],
): Promise<Imported> {
  const { ref, ...fields } = pack;
  try {
    const before = await packs.get(principal, ref);
    if (isAsGiven(before as unknown as JsonObject, fields as JsonObject)) return { ref, change: 'unchanged' };
    await packs.update(principal, ref, fields);
    return { ref, change: 'updated' };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'pack_not_found') throw error;
    await packs.create(principal, pack);
    return { ref, change: 'created' };
  }
}

/** Makes an action equal to a given one. */
export async function importAction(
  actions: ActionService,
  principal: Principal,
  action: PackImport['actions'][number],
): Promise<Imported> {
  const { ref, pack_ref: _, ...fields } = action;
  const before = await actions.find(principal, ref);
  if (before === null) {
    await actions.create(principal, action);
    return { ref, change: 'created' };
  }
  if (isAsGiven(before as unknown as JsonObject, fields as unknown as JsonObject)) return { ref, change: 'unchanged' };
  await actions.update(principal, ref, fields);
  return { ref, change: 'updated' };
}

/** Makes a trigger equal to a given one. */
export async function importTrigger(
  triggers: TriggerService,
  principal: Principal,
  trigger: PackImport['triggers'][number],
): Promise<Imported> {
  const { ref, pack_ref: _, type: __, ...given } = trigger;
  const before = await triggers.find(principal, ref);
  if (before === null) {
    await triggers.create(principal, trigger);
    return { ref, change: 'created' };
  }
  if (isAsGiven(before as unknown as JsonObject, given as JsonObject)) return { ref, change: 'unchanged' };
  await triggers.update(principal, ref, given);
  return { ref, change: 'updated' };
}

/** Reports whether all given fields have their values already; fields that are not given stay unchanged. */
function isAsGiven(before: JsonObject, given: JsonObject): boolean {
  return Object.entries(given).every(
    ([field, value]) => value === undefined || canonicalJson(before[field] ?? null) === canonicalJson(value),
  );
}
