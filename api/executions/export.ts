import { z } from '@hono/zod-openapi';
import { deriveUuid, integerId } from '../../model/execution-id.ts';
import { type Json, plainText } from '../../model/json.ts';
import { JsonValueSchema } from '../../model/json-value.ts';
import { EXECUTION_STATUSES, executionWord } from '../../model/status.ts';
import type { ExecutionPage } from '../../service/index/lists.ts';
import { parsedOrText } from '../../service/index/rows.ts';

// The rows of an export, in three formats.

/** One execution in an export. Its fields, in this order, are the columns of the CSV. */
export const ExportedSchema = z
  .object({
    id: z.int(),
    uuid: z.string(),
    workflow_id: z.string(),
    action_ref: z.string(),
    status: z.string(),
    parent: z.int().nullable(),
    enforcement: z.int().nullable(),
    executor: z.int().nullable(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    duration_ms: z.int().nullable(),
    error_code: z.string().nullable(),
    error: z.string().nullable(),
    result: JsonValueSchema.describe('The output; as text if the index has only its beginning.'),
    state: z.enum(EXECUTION_STATUSES),
  })
  .openapi('ExportedExecution');

type Exported = z.infer<typeof ExportedSchema>;
type Row = ExecutionPage['rows'][number];

/** The media type of each format. */
export const EXPORT_TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
};

/** The name of a format. */
export type ExportFormat = keyof typeof EXPORT_TYPES;

/** Characters after which a part of an export ends; a part ends with the row that exceeds them. */
const PART = 64 * 1024;

/** A format: what comes before the first row, a row, what separates rows, and what comes after the last row. */
interface Writing {
  head: string;
  row: (row: Row) => string;
  between: string;
  foot: string;
}

const HEAD = csvLine(Object.keys(ExportedSchema.shape));

const FORMATS: Record<ExportFormat | 'raw', Writing> = {
  csv: { head: HEAD, row: (row) => csvLine(cellsOf(row).map(asText)), between: '', foot: '' },
  raw: { head: HEAD, row: (row) => csvLine(cellsOf(row)), between: '', foot: '' },
  json: { head: '[', row: (row) => JSON.stringify(exported(row)), between: ',\n', foot: ']\n' },
  ndjson: { head: '', row: (row) => `${JSON.stringify(exported(row))}\n`, between: '', foot: '' },
};

/**
 * Writes rows in a format, in parts of about 64 KiB. In CSV that is not `raw`, cells that spreadsheets would take for
 * formulas begin with an apostrophe; CSV with `bom` begins with a byte order mark. The options do not affect other
 * formats.
 */
export async function* writeExport(
  format: ExportFormat,
  { raw, bom }: { raw: boolean; bom: boolean },
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string> {
  const { head, row: written, between, foot } = FORMATS[raw && format === 'csv' ? 'raw' : format];
  let part = bom && format === 'csv' ? `\uFEFF${head}` : head;
  let separator = '';
  for await (const rows of pages) {
    for (const row of rows) {
      part += separator + written(row);
      separator = between;
      if (part.length < PART) continue;
      yield part;
      part = '';
    }
  }
  yield part + foot;
}

function exported(row: Row): Exported {
  return {
    id: integerId(row.n),
    uuid: deriveUuid(row.n),
    workflow_id: row.workflowId,
    action_ref: row.ref,
    status: executionWord(row.status),
    parent: row.parent,
    enforcement: row.enforcement,
    executor: row.executor,
    created: row.created.toISOString(),
    updated: row.updated.toISOString(),
    duration_ms: row.closed === null ? null : row.closed.getTime() - row.created.getTime(),
    error_code: row.errorCode,
    error: row.error,
    // The other columns describe the failure.
    result: row.error === null ? parsedOrText(row.result) : null,
    state: row.status,
  };
}

/** Returns the cells of a row; values that are not text are written as JSON. */
function cellsOf(row: Row): string[] {
  const values = Object.values(exported(row)) as Json[];
  return values.map((value) => (value === null ? '' : plainText(value)));
}

/** The characters that spreadsheets take for the beginning of a formula; some also accept full-width forms. */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Returns a cell that no spreadsheet takes for a formula, by adding an apostrophe where needed. */
function asText(cell: string): string {
  return FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
}

/** Returns a line of CSV (RFC 4180). Characters that other readers take for separators are quoted, too. */
function csvLine(values: readonly string[]): string {
  const quote = (text: string) => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `${values.map(quote).join(',')}\r\n`;
}
