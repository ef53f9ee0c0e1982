import { type CommandDependencies, createExecutionCommands, type ExecutionCommands } from './commands.ts';
import { createExecutionReader, type ExecutionReader, type ReaderDependencies } from './reader.ts';
import { createExecutionStarter, type ExecutionStarter, type StarterDependencies } from './starter.ts';

/** Everything that can be done with single executions, as the interfaces need it. Services depend on the parts that they use. */
export interface ExecutionService extends ExecutionReader, ExecutionStarter, ExecutionCommands {}

/** The dependencies of the service: those of its parts. */
export type ExecutionDependencies = ReaderDependencies &
  Omit<StarterDependencies, 'reader'> &
  Omit<CommandDependencies, 'reader'>;

/** Creates the service from its parts. */
export function createExecutionService(dependencies: ExecutionDependencies): ExecutionService {
  const reader = createExecutionReader(dependencies);
  const starter = createExecutionStarter({ ...dependencies, reader });
  const commands = createExecutionCommands({ ...dependencies, reader });
  return { ...reader, ...starter, ...commands };
}
