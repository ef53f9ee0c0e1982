import { parseBody } from '../api/http/body-parser.ts';
import { findValuePlaces } from '../model/yaml-places.ts';
import { formatYaml } from '../model/yaml-text.ts';
import { findOutdated } from '../service/definitions/definition-guard.ts';
import { examineDefinition } from '../service/definitions/examination.ts';
import { completedDefinition } from '../service/definitions/partial-bodies.ts';
import { findUnusableSchema } from '../service/definitions/stored-schemas.ts';
import { drawDefinition, graphDefinition, layoutDefinition, writeMermaid } from '../service/graphs/jobs.ts';
import { simulateRun } from '../service/simulations/simulation.ts';
import type { JobName, Jobs } from './job-types.ts';
import { createMaskingJobs } from './maskings.ts';
import { createProjectionJobs } from './projections.ts';
import { serveJobs } from './serve.ts';
import { createStreamJobs } from './streams.ts';

// The module that each thread of the pool runs, bundled by module.ts.

const JOBS: {
  [Name in JobName]: (input: Jobs[Name]['input']) => Jobs[Name]['result'] | Promise<Jobs[Name]['result']>;
} = {
  parse: ({ type, bytes }) => parseBody(type, bytes),
  format_yaml: ({ value }) => formatYaml(value),
  find_places: ({ text, pointers }) => findValuePlaces(text, pointers),
  complete: ({ value }) => completedDefinition(value),
  examine: examineDefinition,
  find_outdated: ({ definition }) => findOutdated(definition),
  simulate: simulateRun,
  graph: graphDefinition,
  layout: layoutDefinition,
  mermaid: writeMermaid,
  draw: drawDefinition,
  find_unusable_schema: ({ schemas }) => findUnusableSchema(schemas),
  ...createProjectionJobs(),
  ...createStreamJobs(),
  ...createMaskingJobs(),
};

serveJobs(JOBS);
