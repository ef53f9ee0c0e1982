import { AppError } from '../../model/app-error.ts';
import { hasPermission, type Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import type { People } from './people.ts';

/** The permission that starts in somebody's name take as long as they are made. */
const STARTS: Permission = 'execution:execute';

/**
 * Returns the principal of an earlier request, in whose name runs are started, with its present permissions. Throws `forbidden` when it is
 * disabled, or may not start runs any more; `part` says what it has to do with them, such as "who last changed the schedule".
 */
export async function demandStanding(
  people: Pick<People, 'asItStands'>,
  principal: Principal,
  part: string,
): Promise<Principal> {
  const { subject } = principal;
  const standing = await people.asItStands(principal);
  if (standing === null) throw new AppError('forbidden', `${subject}, ${part}, is disabled`);
  if (hasPermission(standing, STARTS)) return standing;
  const message = `${subject}, ${part}, does not have the permission "${STARTS}"`;
  throw new AppError('forbidden', message, { details: { permission: STARTS } });
}
