import { RE2JS } from 're2js';
import type { WorkMeter } from '../work.ts';
import { toRe2 } from './pattern-syntax.ts';

/** Largest pattern of a schema, in characters and in instructions of its program. */
export const MAX_PATTERN_CHARACTERS = 10_000;
export const MAX_PATTERN_INSTRUCTIONS = 5_000;

/** The error of a pattern that cannot be checked in linear time, or is not a regular expression. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** A pattern of a schema; the program itself is kept for a while only. */
export interface Pattern {
  source: string;
  instructions: number;
}

interface Program {
  regex: RE2JS;
  instructions: number;
  /** Characters that it may still read: its automaton grows with what it reads. */
  left: number;
}

const programs = new Map<string, Program>();
const KEPT = 64;
const READS = 4_000;

/** Compiles an ECMAScript pattern. Throws PatternError, whose message fits behind the place of the pattern. */
export function compilePattern(source: string): Pattern {
  return { source, instructions: programOf(source).instructions };
}

/** Matches the patterns of one validation; holds their programs, so that each is compiled once in it, however many there are. */
export class Matcher {
  readonly #meter: WorkMeter;
  readonly #programs = new Map<string, Program>();

  constructor(meter: WorkMeter) {
    this.#meter = meter;
  }

  /** Returns whether a text contains a match of a pattern, in time linear in the text; charges before the text is read. */
  matches({ source, instructions }: Pattern, text: string): boolean {
    this.#meter.charge(10 + Math.ceil((text.length * instructions) / 16));
    const program = this.#programs.get(source) ?? programOf(source);
    program.left -= text.length;
    if (program.left >= 0) this.#programs.set(source, program);
    else {
      programs.delete(source);
      this.#programs.delete(source);
    }
    return program.regex.test(text);
  }
}

function programOf(source: string): Program {
  const known = programs.get(source);
  if (known !== undefined) return known;
  const compiled = compile(source);
  const [oldest] = programs.keys();
  if (programs.size >= KEPT && oldest !== undefined) programs.delete(oldest);
  programs.set(source, compiled);
  return compiled;
}

function compile(source: string): Program {
  if (source.length > MAX_PATTERN_CHARACTERS) throw new PatternError('has more than 10,000 characters');
  const translated = toRe2(source);
  if ('problem' in translated) throw new PatternError(translated.problem);
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(translated.text);
  } catch (error) {
    throw new PatternError(`is not a regular expression: ${(error as Error).message}`, { cause: error });
  }
  const instructions = regex.programSize();
  if (instructions > MAX_PATTERN_INSTRUCTIONS) throw new PatternError('is too large once its counts are expanded');
  return { regex, instructions, left: READS };
}
