import type { Validation } from '../../language/validate.ts';
import type { Principal } from '../../model/principal.ts';
import { createDefinitionExaminer, type DefinitionExaminer, type ExaminerDependencies } from './examiner.ts';
import { createDefinitionReader, type DefinitionReader, type DefinitionReaderDependencies } from './reader.ts';
import { createDefinitionWriter, type DefinitionWriter } from './writer.ts';

/** Manages workflow definitions; callers see only those of their tenant. */
export interface DefinitionService extends DefinitionReader, Omit<DefinitionExaminer, 'examine'>, DefinitionWriter {
  /** Finds all issues and warnings of a body of `update`. Throws `workflow_not_found`. */
  validateUpdate(principal: Principal, ref: string, body: unknown): Promise<Validation>;
}

/** The dependencies of the service: those of its parts. */
export type DefinitionDependencies = ExaminerDependencies & Omit<DefinitionReaderDependencies, 'examiner'>;

/** Creates the service from its parts. */
export function createDefinitionService(dependencies: DefinitionDependencies): DefinitionService {
  const examiner = createDefinitionExaminer(dependencies);
  const reader = createDefinitionReader({ ...dependencies, examiner });
  const writer = createDefinitionWriter({ ...dependencies, reader, examiner });
  const { validate, meaningIssues } = examiner;
  return {
    ...reader,
    ...writer,
    validate,
    meaningIssues,
    validateUpdate: async (principal, ref, body) => validate(principal, body, await reader.get(principal, ref)),
  };
}
