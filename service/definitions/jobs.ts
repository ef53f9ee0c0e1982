import type { PartialDefinition } from '../../language/checks/partial-definition.ts';
import type { Validation } from '../../language/validate.ts';
import type { Definition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import type { ExaminationRequest } from './examination.ts';
import type { NamedSchema, UnusableSchema } from './stored-schemas.ts';

/** Jobs that examine definitions. */
export interface DefinitionJobs {
  /** Makes a definition out of a value whose shape may be wrong. */
  complete: { input: { value: Json }; result: PartialDefinition | null };
  examine: { input: ExaminationRequest; result: Validation };
  find_outdated: { input: { definition: Definition }; result: Issue[] };
  find_unusable_schema: { input: { schemas: readonly NamedSchema[] }; result: UnusableSchema | null };
}
