/**
 * Returns the form in which names that grant something are compared (approvers, groups, addresses): NFC, trimmed, an address in
 * lower case. Pure.
 */
export function grantName(name: string): string {
  const plain = name.normalize('NFC').trim();
  return plain.includes('@') ? plain.toLowerCase() : plain;
}

/**
 * Returns the form in which names that forbid something are compared (starters, earlier votes): NFKC, trimmed, without case, so
 * that no other spelling of a name gets around them. Pure.
 */
export function forbidName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').trim();
}
