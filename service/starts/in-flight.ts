/**
 * Creates a limit on concurrent work per tenant. The function that it returns admits one more and returns the function that ends it, or
 * returns null when the tenant has `most` already.
 */
export function createInFlight(most: number): (tenant: string) => (() => void) | null {
  const inFlight = new Map<string, number>();
  return (tenant) => {
    const others = inFlight.get(tenant) ?? 0;
    if (others >= most) return null;
    inFlight.set(tenant, others + 1);
    return () => {
      const left = inFlight.get(tenant)! - 1;
      if (left === 0) inFlight.delete(tenant);
      else inFlight.set(tenant, left);
    };
  };
}
