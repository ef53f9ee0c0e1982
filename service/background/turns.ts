/** Returns names in order, those behind the last one that had its turn first: with each round another one is first. */
export function inTurn(names: readonly string[], last: string): readonly string[] {
  const after = names.findIndex((name) => name > last);
  return after === -1 ? names : [...names.slice(after), ...names.slice(0, after)];
}
