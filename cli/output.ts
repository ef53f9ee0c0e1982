import { type Json, type JsonObject, plainText } from '../model/json.ts';

/** The output of a command: tables for people, JSON for programs. */
export interface Output {
  readonly json: boolean;
  /** Prints a result as JSON, or as the given lines. */
  show(data: Json, lines: () => string[]): void;
  /** Prints a line for people. */
  note(line: string): void;
  /** Prints a warning; next to JSON it goes to standard error. */
  warn(line: string): void;
}

/** Creates the output. By default it is JSON unless standard output is a terminal. */
export function createOutput({ json, table }: { json?: boolean; table?: boolean }, stdout: NodeJS.WriteStream): Output {
  const asJson = json ?? (table !== true && stdout.isTTY !== true);
  const write = (line: string) => stdout.write(`${line}\n`);
  return {
    json: asJson,
    show: (data, lines) => {
      if (asJson) write(JSON.stringify(data, null, 2));
      else for (const line of lines()) write(line);
    },
    note: (line) => {
      if (!asJson) write(line);
    },
    warn: (line) => {
      if (asJson) console.error(`warning  ${line}`);
      else write(`warning  ${line}`);
    },
  };
}

/** Formats rows below their headers, in columns. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [lineOf(heads), ...rows.map(lineOf)];
}

/** Formats some fields of rows as a table with their names as headers. */
export function formatTable(rows: readonly JsonObject[], fields: readonly string[]): string[] {
  const heads = fields.map((field) => field.replaceAll('_', ' ').toUpperCase());
  return table(
    heads,
    rows.map((row) => fields.map((field) => formatCell(row[field]))),
  );
}

/** Formats names and values, one per line. */
export function pairs(values: JsonObject): string[] {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values).map(([name, value]) => `${name.padEnd(width)}  ${formatCell(value)}`);
}

/** Formats a value for a cell. */
export function formatCell(value: Json | undefined): string {
  if (value === null || value === undefined) return '-';
  return plainText(value);
}
