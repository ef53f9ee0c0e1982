/** Returns the parameters that are neither null nor empty. */
export function present(parameters: Record<string, string | null | undefined>): Record<string, string> {
  const entries = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(entries);
}
