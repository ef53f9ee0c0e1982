import type { Task } from '../../model/definition.ts';
import { type Issue, jsonPointer, type Suggestions } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import {
  type Assignments,
  type Compilation,
  compileCondition,
  compileValue,
  type Reference,
  type SecretUse,
  type TemplateValue,
} from './value.ts';

/** The place in a definition where a template stands, which decides the names that it can see. */
export type Reader =
  | { at: 'task' | 'end'; task: string; items: boolean }
  | { at: 'when' }
  | { at: 'key' }
  | { at: 'variable'; name: string }
  | { at: 'output' };

/** The paths that the templates of one place read. */
export interface Reading {
  reader: Reader;
  references: readonly Reference[];
}

/** Compiles the templates of one place in a definition. */
export interface TemplateCompiler {
  /** `isTaskInput`: the value is the input of a task, where secrets are allowed. */
  value(value: Json, path: string, isTaskInput?: boolean): TemplateValue;
  condition(text: string, path: string): TemplateValue;
  assignments(values: Task['publish'], path: string): Assignments;
}

/** Collects what compiling a definition finds, and makes the compiler of each place. */
export class TemplateCompilers {
  readonly issues: Issue[] = [];
  readonly readings: Reading[] = [];
  readonly #secrets: boolean;
  readonly #suggestions: Suggestions;
  readonly #warnings: Issue[] | null;

  /** `secrets`: whether templates may read secrets; `warnings` collects warnings, null when the definition is compiled to run. */
  constructor(secrets: boolean, suggestions: Suggestions, warnings: Issue[] | null) {
    this.#secrets = secrets;
    this.#suggestions = suggestions;
    this.#warnings = warnings;
  }

  /** Returns the compiler for the templates that a reader reads. */
  for(reader: Reader): TemplateCompiler {
    const references: Reference[] = [];
    this.readings.push({ reader, references });
    const input = this.#compilation(references, this.#secrets ? 'allowed' : 'unknown');
    const other = this.#compilation(references, this.#secrets ? 'refused' : 'unknown');
    return {
      value: (value, path, isTaskInput = false) => compileValue(value, path, isTaskInput ? input : other),
      condition: (text, path) => compileCondition(text, path, other),
      assignments: (values, path) =>
        Object.entries(values ?? {}).map(([name, value]) => [
          name,
          compileValue(value, `${path}${jsonPointer([name])}`, other),
        ]),
    };
  }

  #compilation(references: Reference[], secrets: SecretUse): Compilation {
    return { issues: this.issues, references, secrets, suggestions: this.#suggestions, warnings: this.#warnings };
  }
}
