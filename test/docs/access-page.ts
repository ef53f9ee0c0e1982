import { readFileSync } from 'node:fs';

/** The page that says what each role may do, and what each operation needs. */
export const page = readFileSync('docs/access.md', 'utf8');

/** Returns everything that stands in backticks in a text. */
export const codesIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The rows of the table of roles, as cells. */
export const roleTable = page
  .split('\n## ')
  .find((section) => section.startsWith('Roles'))!
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** Returns the permissions that a role has by the page. */
export function permissionsByPage(role: string): Set<string> {
  const [head, ...rows] = roleTable;
  const column = head!.indexOf(role);
  return new Set(rows.filter((row) => row[column] === 'yes').map((row) => codesIn(row[1]!)[0]!));
}

/** The permission of an operation, null for none, and whether only the tenant `default` has the operation. */
export interface Need {
  operation: string;
  permission: string | null;
  home: boolean;
}

/** Every operation of the page: `POST /path`, `MCP tool`, `fermata command`. */
export const needs: Need[] = page
  .split('\n### ')
  .slice(1)
  .flatMap((section) => {
    const [heading, ...rest] = section.split('\n## ')[0]!.split('\n');
    const [permission = null, home] = codesIn(heading!);
    return codesIn(rest.join('\n'))
      .filter((code) => / /.test(code))
      .map((operation) => ({ operation, permission, home: home === 'default' }));
  });

/** Permissions that some requests need in addition to that of their operation. */
export const further: [operation: string, permission: string][] = page
  .split('needs also |')[1]!
  .split('\n### ')[0]!
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => {
    const [, what, permission] = line.split('|');
    return [codesIn(what!)[0]!, codesIn(permission!)[0]!];
  });
