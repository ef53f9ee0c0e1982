/**
 * Waits until all promises have settled and returns their values; throws the first failure. Unlike `Promise.all`, it leaves nothing
 * under way that would still use a harness after its test has failed.
 */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
