/** Days whose runs are counted: today and those before it. */
export const DAYS = 7;

const DAY = 86_400_000;

/** Returns when the last days began, which are UTC days, since those are counted beforehand; `now` is in milliseconds. */
export function daysBefore(now: number): string {
  return new Date(Math.floor(now / DAY) * DAY - (DAYS - 1) * DAY).toISOString();
}

/** Returns the path of the API that counts the runs of each workflow since an instant. */
export function recentRunsPath(since: string): string {
  return `/executions/stats?${new URLSearchParams({ group_by: 'action_ref', created_after: since })}`;
}
