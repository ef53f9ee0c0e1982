import type { Validation } from '../language/validate.ts';
import type { ExaminationRequest } from './examination.ts';
import type { SimulatedRun, SimulationRequest } from './simulation.ts';

/** Work on a caller's data that may take long, by name: the input and the result of each job, both JSON. */
export interface Jobs {
  examine: { input: ExaminationRequest; result: Validation };
  simulate: { input: SimulationRequest; result: SimulatedRun };
}

/** The name of a job. */
export type JobName = keyof Jobs;

/** Runs jobs in a few threads, so that none of them holds the event loop of the API. */
export interface Pool {
  /**
   * Runs a job for a tenant and returns its result. Throws the AppError that the job throws; `work_exceeded` when the job takes
   * more time or memory than is allowed; `busy` when too many jobs wait, or no thread becomes free in time.
   */
  run<Name extends JobName>(name: Name, tenant: string, input: Jobs[Name]['input']): Promise<Jobs[Name]['result']>;
}
