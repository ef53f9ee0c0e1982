import type { Command } from 'commander';

/** The options by which executions are selected. */
export interface FilterOptions {
  status?: string;
  action?: string;
  pack?: string;
  since?: string;
  until?: string;
  search?: string;
  result?: string;
  parent?: string;
  enforcement?: string;
  executor?: string;
}

/** Adds the options by which executions are selected to a command. */
export function addFilters(command: Command): Command {
  return command
    .option('--status <status>', 'a status, such as requested, running, completed or failed')
    .option('--action <ref>', "the ref of the execution or of one of its tasks' actions; * is a wildcard")
    .option('--pack <ref>')
    .option('--since <time>', 'created at or after this time (ISO 8601 with a time zone)')
    .option('--until <time>', 'created before this time (ISO 8601 with a time zone)')
    .option('--search <text>', 'an id in any of its forms, or part of one')
    .option('--result <text>', 'text anywhere in the result')
    .option('--parent <id>', 'the execution that started them, in any form of its id')
    .option('--enforcement <id>', 'the enforcement that started them')
    .option('--executor <id>', 'the integer id of the principal that started them');
}

/** Returns the filters as the query of a list has them; those that are not given are undefined. */
export function buildQuery(options: FilterOptions): Record<string, string | undefined> {
  const { status, action, pack, since, until, search, result, parent, enforcement, executor } = options;
  return {
    status,
    parent,
    enforcement,
    executor,
    search,
    action_ref: action,
    pack_name: pack,
    created_after: since,
    created_before: until,
    result_contains: result,
  };
}
