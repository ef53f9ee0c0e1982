import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { CliError, EXIT } from '../../cli/cli-error.ts';
import { addAdministrationCommands } from '../../cli/commands/access/administration.ts';
import { addConnectionCommands } from '../../cli/commands/access/connections.ts';
import { addMasterKeyCommands } from '../../cli/commands/access/master-keys.ts';
import { addDebugCommand } from '../../cli/commands/debug.ts';
import { addDefinitionCommands } from '../../cli/commands/definitions/definitions.ts';
import { addRuleCommands } from '../../cli/commands/definitions/rules.ts';
import { addWorkflowCommands } from '../../cli/commands/definitions/workflows.ts';
import { addEnforcementCommands } from '../../cli/commands/events/enforcements.ts';
import { addEventCommands } from '../../cli/commands/events/events.ts';
import { addWebhookCommands } from '../../cli/commands/events/webhooks.ts';
import { addBulkCommands } from '../../cli/commands/executions/bulk.ts';
import { addExecutionCommands } from '../../cli/commands/executions/executions.ts';
import { addExplanationCommands } from '../../cli/commands/executions/explanations.ts';
import { addInquiryCommands } from '../../cli/commands/inquiries.ts';
import { addScheduleCommands } from '../../cli/commands/schedules.ts';
import { createTools } from '../../mcp/tools.ts';
import { expandPermissions, PERMISSIONS, ROLES, type Role } from '../../model/permissions.ts';
import { PURE_ACTIONS } from '../../model/pure-actions.ts';
import { createTestApp, unreached } from '../api/test-app.ts';
import { codesIn, needs, page, roleTable } from './access-page.ts';

/** Every command of the command line, with arguments by which it comes to what it is for. */
const COMMANDS: Record<string, string> = {
  apply: '-f examples/first_run.json',
  pack: 'x -o x',
  validate: '-f package.json',
  graph: 'x.y',
  simulate: 'x',
  run: 'x',
  list: '',
  get: 'x',
  watch: 'x',
  cancel: 'x',
  terminate: 'x',
  pause: 'x',
  resume: 'x',
  retry: 'x',
  signal: 'x go',
  export: '',
  'inquiries list': '',
  'inquiries get': 'x',
  delegate: 'x --to y',
  approve: 'x --yes',
  deny: 'x --yes',
  'keys list': '',
  'keys create': 'x',
  'keys revoke': 'x',
  'rotate-signing-key': '',
  'revoke-signing-key': 'x',
  reindex: '',
  reseal: '',
  doctor: '',
  explain: 'x',
  logs: 'x',
  debug: 'x --no-open',
  skip: 'x wait',
  'workflows list': '',
  'workflows get': 'x',
  'workflows delete': 'x',
  'rules list': '',
  'rules get': 'x',
  'rules test': 'x --event package.json',
  'rules enable': 'x',
  'rules disable': 'x',
  'rules delete': 'x',
  'packs list': '',
  'packs create': 'x',
  'actions list': '',
  'actions get': 'x',
  'schedules list': '',
  'schedules get': 'x',
  'schedules create': '-f package.json',
  'schedules delete': 'x',
  'schedules pause': 'x',
  'schedules resume': 'x',
  'schedules trigger': 'x',
  'schedules backfill': 'x --from 2026-01-01T00:00:00Z --to 2026-01-02T00:00:00Z',
  'bulk cancel': 'x',
  'bulk terminate': 'x',
  'bulk pause': 'x',
  'bulk resume': 'x',
  'bulk retry': 'x',
  'bulk delete': 'x',
  'bulk get': 'x',
  'bulk abort': 'x',
  'connections list': '',
  'connections get': 'jira x',
  'connections set': 'jira x -f package.json',
  'connections delete': 'jira x',
  'secrets list': '',
  'secrets set': 'X -f package.json',
  'secrets delete': 'X',
  'events list': '',
  'events get': '1',
  'events matches': '1',
  'events watch': '',
  'events send': '--type x',
  'events replay': '1',
  'events erase': '1',
  'enforcements list': '',
  'enforcements get': '1',
  'webhooks list': '',
  'webhooks create': 'x --preset github',
  'webhooks secret': 'x -f package.json',
  'webhooks rotate': 'x',
  'webhooks delete': 'x',
};

/** Returns what a command asks the API for: the first change, or what it reads where it changes nothing. */
async function requestOf(command: string, args: string): Promise<string> {
  const asked: string[] = [];
  const answer = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    const options = ['approve', 'deny'].map((outcome) => ({ ref: outcome, label: outcome, outcome }));
    return { data: { options, bound_to: 'x' } } as never;
  };
  const refuse = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    throw new CliError(EXIT.refused, 'a stream and an export are asked for once');
  };
  const service = { target: { url: '', key: '' }, ask: answer, send: refuse };
  const output = { json: true, show: () => {}, note: () => {}, warn: () => {} };
  const program = new Command().exitOverride();
  const session = async () => ({ service, output });
  for (const add of [addWorkflowCommands, addExecutionCommands, addInquiryCommands]) add(program, session);
  for (const add of [
    addAdministrationCommands,
    addMasterKeyCommands,
    addConnectionCommands,
    addWebhookCommands,
    addEventCommands,
    addEnforcementCommands,
  ])
    add(program, session);
  for (const add of [addDefinitionCommands, addExplanationCommands, addScheduleCommands, addBulkCommands]) {
    add(program, session);
  }
  addDebugCommand(program, session, () => output);
  addRuleCommands(program, session);
  const names = program.commands.flatMap((each) =>
    each.commands.length === 0 ? [each.name()] : each.commands.map((under) => `${each.name()} ${under.name()}`),
  );
  expect(names.sort()).toEqual(Object.keys(COMMANDS).sort());
  // Only the request matters here, not the command's use of the answer.
  await program
    .parseAsync([...command.split(' '), ...args.split(' ').filter(Boolean)], { from: 'user' })
    .catch(() => {});
  return (
    asked.find((each) => !each.startsWith('GET')) ?? asked.filter((each) => each !== 'GET /readyz')[0] ?? 'nothing'
  );
}

describe('docs/access.md', () => {
  it('has every permission once, with the roles that have it', () => {
    const [head, ...rows] = roleTable;
    const roles = head!.slice(2, -2);
    expect(roles).toEqual(Object.keys(ROLES));
    const expected = PERMISSIONS.map((permission) => [
      `\`${permission}\``,
      ...roles.map((role) => (expandPermissions([role as Role], []).has(permission) ? 'yes' : '')),
    ]);
    expect(rows.map((row) => row.slice(1, -2))).toEqual(expected);
    for (const row of rows) expect(row.at(-2)).not.toBe('');
  });

  it('lists every route and tool under the permission that it needs, and no other', async () => {
    const app = createTestApp({}, { payloads: unreached('payloads') });
    const { paths } = (await (await app.request('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { 'x-permission'?: string }>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        operation: `${method.toUpperCase()} ${path}`,
        permission: operation['x-permission'] ?? null,
      })),
    );
    const tools = createTools(unreached('the services')).map(({ name, permission }) => ({
      operation: `MCP ${name}`,
      permission,
    }));
    const listed = needs.filter(({ operation }) => /^(MCP|[A-Z]+ \/(?!mcp|docs|openapi\.json))/.test(operation));
    const sorted = (rows: { operation: string; permission: string | null }[]) =>
      rows.map(({ operation, permission }) => `${operation}: ${permission}`).sort();
    expect(sorted(listed)).toEqual(sorted([...routes, ...tools]));
  });

  it('lists every command under the permission of the route that it calls', async () => {
    const routes = needs.filter(({ operation }) => operation.includes(' /'));
    const found = await Promise.all(
      Object.entries(COMMANDS).map(async ([command, args]) => {
        const request = await requestOf(command, args);
        const matches = ({ operation }: { operation: string }) =>
          new RegExp(`^${operation.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(request);
        const [route] = routes.filter(matches).sort((a, b) => a.operation.length - b.operation.length);
        return [`fermata ${command}`, route?.permission, route?.home];
      }),
    );
    const listed = needs
      .filter(({ operation, permission }) => operation.startsWith('fermata ') && permission !== null)
      .map(({ operation, permission, home }) => [operation, permission, home]);
    expect(listed.sort()).toEqual(found.sort());
  });

  it('names the actions that need no permission of their own', () => {
    const [, listed = ''] = /pure actions are ([^;]*?)\. They/.exec(page) ?? [];
    expect(codesIn(listed).sort()).toEqual([...PURE_ACTIONS].sort());
  });
});
