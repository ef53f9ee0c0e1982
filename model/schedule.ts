/** When a schedule starts runs. Times in seconds, but for ISO 8601 instants. */
export interface ScheduleTimes {
  cron?: string[] | undefined;
  every?: number | undefined;
  time_zone?: string | undefined;
  start?: string | undefined;
  end?: string | undefined;
  jitter?: number | undefined;
}

/** The policies for a start while a run of the schedule is still open. */
export const OVERLAPS = ['skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other', 'allow_all'] as const;

/** The policy for a start while a run of the schedule is still open. */
export type Overlap = (typeof OVERLAPS)[number];
