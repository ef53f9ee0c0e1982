import type { ParseJobs } from '../api/http/body-parser.ts';
import type { DefinitionJobs } from '../service/definitions/jobs.ts';
import type { StreamJobs } from '../service/executions/live-events/jobs.ts';
import type { GraphJobs } from '../service/graphs/jobs.ts';
import type { MaskingJobs } from '../service/histories/exports/jobs.ts';
import type { ProjectionJobs } from '../service/projections/jobs.ts';
import type { SimulationJobs } from '../service/simulations/simulation.ts';

/** All jobs that the threads run. */
export interface Jobs
  extends ParseJobs,
    DefinitionJobs,
    GraphJobs,
    SimulationJobs,
    ProjectionJobs,
    StreamJobs,
    MaskingJobs {}

/** The name of a job. */
export type JobName = keyof Jobs;
