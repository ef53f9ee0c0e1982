import type { Issue } from '../issue.ts';
import type { Json } from '../json.ts';
import { WorkExceeded, type WorkMeter } from '../work.ts';
import { Evaluated } from './evaluated.ts';
import type { SchemaNode, SchemaValidation } from './node.ts';
import { Matcher } from './pattern.ts';
import type { ValuePlace } from './place.ts';

/** A failed check: the keyword, and the JSON pointer of the value. */
export interface SchemaIssue extends Issue {
  keyword: string;
}

interface Outcome {
  valid: boolean;
  evaluated: Evaluated | null;
}

/** The number of schemas inside each other that are checked at one time; a value of 100 levels needs far fewer. */
const MAX_DEPTH = 1_000;
const MAX_ISSUES = 100;
const MAX_ISSUE_CHARACTERS = 100_000;

/**
 * One validation. A check without a place stops at the first mismatch and reports nothing; with one it reports every
 * mismatch. A schema that several references lead to is checked once for a value, and explained once for a place.
 */
export class Walk implements SchemaValidation {
  readonly meter: WorkMeter;
  readonly matcher: Matcher;
  readonly issues: SchemaIssue[] = [];
  /** Mismatches beyond those in `issues`. */
  more = 0;
  #characters = 0;
  #depth = 0;
  readonly #outcomes = new Map<SchemaNode, Map<Json, Outcome>>();
  readonly #tracking: boolean;

  /** `tracking`: whether any schema depends on the entries that others have evaluated. */
  constructor(meter: WorkMeter, tracking: boolean) {
    this.meter = meter;
    this.matcher = new Matcher(meter);
    this.#tracking = tracking;
  }

  /** Returns whether a value matches a schema. Throws WorkExceeded. */
  visit(node: SchemaNode, value: Json, place: ValuePlace | null, evaluated: Evaluated | null): boolean {
    this.meter.charge(1);
    if (!node.shared) return this.#check(node, value, place, evaluated);
    if (place !== null) return this.#explain(node, value, place, evaluated);
    const { valid, evaluated: own } = this.#outcome(node, value);
    if (valid && own !== null) evaluated?.merge(own, this.meter);
    return valid;
  }

  /** Records a mismatch, unless `place` is null. Always returns false. */
  fail(place: ValuePlace | null, keyword: string, message: string, code = 'schema_mismatch'): false {
    if (place === null) return false;
    const path = this.issues.length < MAX_ISSUES && this.#characters < MAX_ISSUE_CHARACTERS ? place.pointer : null;
    if (path === null) this.more += 1;
    else {
      this.#characters += path.length;
      this.issues.push({ code, path, message, keyword });
    }
    return false;
  }

  #outcome(node: SchemaNode, value: Json): Outcome {
    const known = this.#outcomes.get(node) ?? new Map<Json, Outcome>();
    this.#outcomes.set(node, known);
    const before = known.get(value);
    if (before !== undefined) return before;
    const evaluated = this.#tracking ? new Evaluated() : null;
    const outcome = { valid: this.#check(node, value, null, evaluated), evaluated };
    known.set(value, outcome);
    return outcome;
  }

  #explain(node: SchemaNode, value: Json, place: ValuePlace, evaluated: Evaluated | null): boolean {
    const { valid, evaluated: own } = this.#outcome(node, value);
    if (valid) {
      if (own !== null) evaluated?.merge(own, this.meter);
    } else if (!place.explained.has(node)) {
      place.explained.add(node);
      this.#check(node, value, place, evaluated);
    }
    return valid;
  }

  #check(node: SchemaNode, value: Json, place: ValuePlace | null, evaluated: Evaluated | null): boolean {
    if (node.verdict !== null) {
      return node.verdict || this.fail(place, 'false', 'is not allowed here', 'unknown_field');
    }
    if (this.#depth >= MAX_DEPTH) throw new WorkExceeded();
    this.#depth += 1;
    const own = node.tracks ? new Evaluated() : evaluated;
    let valid = true;
    for (const check of node.checks) {
      if (check(this, value, place, own)) continue;
      valid = false;
      if (place === null) break;
    }
    this.#depth -= 1;
    if (node.tracks && valid && own !== null) evaluated?.merge(own, this.meter);
    return valid;
  }
}
