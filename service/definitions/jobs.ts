import type { Validation } from '../../language/validate.ts';
import type { Definition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import type { ExaminationRequest } from './examination.ts';
import type { SimulatedRun, SimulationRequest } from './simulation.ts';
import type { NamedSchema, UnusableSchema } from './stored-schemas.ts';

/** Jobs that examine and play definitions. */
export interface DefinitionJobs {
  examine: { input: ExaminationRequest; result: Validation };
  find_outdated: { input: { definition: Definition }; result: Issue[] };
  simulate: { input: SimulationRequest; result: SimulatedRun };
  find_unusable_schema: { input: { schemas: readonly NamedSchema[] }; result: UnusableSchema | null };
}
