/** Jobs by name. Inputs and results are JSON except for bytes and the events of histories. */
type JobTypes<Jobs> = Record<keyof Jobs, { input: unknown; result: unknown }>;

/** Runs a job and returns its result. */
export type RunJob<Jobs extends JobTypes<Jobs>> = <Name extends keyof Jobs & string>(
  name: Name,
  input: Jobs[Name]['input'],
) => Promise<Jobs[Name]['result']>;

/** Runs jobs that may take long, on data of callers, in a few threads, so that none of them blocks the event loop of the API. */
export interface JobPool<Jobs extends JobTypes<Jobs>> {
  /**
   * Runs a job for a tenant and returns its result. Throws the AppError that the job throws; `work_exceeded` when the job takes
   * more time or memory than is allowed; `busy` when too many jobs wait, or no thread becomes free in time.
   */
  run<Name extends keyof Jobs & string>(
    name: Name,
    tenant: string,
    input: Jobs[Name]['input'],
  ): Promise<Jobs[Name]['result']>;

  /**
   * Runs several jobs one after another in one thread: in the one assigned to `key`, which may still hold the results of earlier jobs.
   * While that is busy another free one is used, unless the work `waits` for it. Together the jobs may take as long as one of them.
   * Throws as `run` does.
   */
  runInThread<T>(
    tenant: string,
    key: string,
    work: (run: RunJob<Jobs>) => Promise<T>,
    options?: { waits?: boolean },
  ): Promise<T>;
}
