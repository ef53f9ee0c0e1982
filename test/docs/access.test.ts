import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { executionTools } from '../../mcp/execution-tools.ts';
import { inquiryTools } from '../../mcp/inquiry-tools.ts';
import { workflowTools } from '../../mcp/workflow-tools.ts';
import { PERMISSIONS, permissionsOf, ROLES, type Role } from '../../model/permissions.ts';
import { PURE_ACTIONS } from '../../service/bare-starts.ts';
import { createTestApp, unreached } from '../api/test-app.ts';

const page = readFileSync('docs/access.md', 'utf8');
const codesIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The rows of the table of roles, as cells. */
const table = page
  .split('\n## ')
  .find((section) => section.startsWith('Roles'))!
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** What each section about a permission lists. */
const sections = new Map(
  page
    .split('\n### ')
    .slice(1)
    .map((section): [string, string[]] => {
      const [permission, ...listed] = codesIn(section.split('\n## ')[0]!);
      return [permission!, listed];
    }),
);

describe('docs/access.md', () => {
  it('has every permission once, with the roles that have it', () => {
    const [head, ...rows] = table;
    const roles = head!.slice(2, -2);
    expect(roles).toEqual(Object.keys(ROLES));
    const expected = PERMISSIONS.map((permission) => [
      `\`${permission}\``,
      ...roles.map((role) => (permissionsOf([role as Role], []).has(permission) ? 'yes' : '')),
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
        name: `${method.toUpperCase()} ${path}`,
        permission: operation['x-permission'],
      })),
    );
    const none = unreached('a service');
    const tools = [
      ...executionTools(none, none, { retries: none, deletions: none }),
      ...workflowTools(none),
      ...inquiryTools(none, none),
    ].map(({ name, permission }) => ({ name: `MCP ${name}`, permission }));
    const expected = new Map<string, string[]>();
    for (const { name, permission } of [...routes, ...tools]) {
      if (permission !== undefined) expected.set(permission, [...(expected.get(permission) ?? []), name]);
    }
    const sorted = (lists: Map<string, string[]>) =>
      Object.fromEntries([...lists].map(([permission, names]) => [permission, [...names].sort()]));
    expect(sorted(sections)).toEqual(sorted(expected));
  });

  it('names the actions that need no permission of their own', () => {
    const [, listed = ''] = /pure actions are ([^;]*?)\. They/.exec(page) ?? [];
    expect(codesIn(listed).sort()).toEqual([...PURE_ACTIONS].sort());
  });
});
