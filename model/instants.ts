/** Returns an instant (ISO 8601, UTC) as people read it, to the minute. */
export function minuteOf(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}
