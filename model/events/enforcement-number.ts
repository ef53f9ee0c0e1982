/** The first number of an enforcement that Fermata mints; smaller ones belong to the systems of callers. */
export const FIRST_ENFORCEMENT = 4_294_967_297;

/** Returns whether the number of an enforcement can only be one that Fermata has minted: no caller may give it. */
export function isMintedEnforcement(number: number): boolean {
  return number >= FIRST_ENFORCEMENT - 1;
}
