import { isJsonObject, type Json } from '../../../model/json.ts';
import type { Mask } from '../../../model/mask.ts';
import { createRenewedMask, type RenewedMask } from '../../projections/masks.ts';

/**
 * Creates the mask of an export, which hides some values. Every text is treated as the message of a failure: a run makes messages of its data, and what is hidden
 * in a message must not depend on where the message is.
 */
export function createExportMask(values: readonly Json[]): RenewedMask {
  const mask = createRenewedMask(values);
  const hide: Mask['hide'] = (shown) => {
    if (typeof shown === 'string') return mask.hideInMessage(shown);
    if (typeof shown === 'number') return mask.hide(shown);
    if (Array.isArray(shown)) {
      const entries = shown.map(hide);
      return entries.every((entry, at) => entry === shown[at]) ? shown : entries;
    }
    if (shown === null || shown === undefined || !isJsonObject(shown)) return shown;
    const fields = Object.entries(shown).map(([name, field]): [string, Json] => [name, hide(field)]);
    return fields.every(([name, field]) => field === shown[name]) ? shown : Object.fromEntries(fields);
  };
  return { hide, hideInMessage: mask.hideInMessage, renew: mask.renew };
}
