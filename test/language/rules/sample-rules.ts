import { type CompiledRule, compileRule } from '../../../language/rules/compiler.ts';
import type { TemplateEvent } from '../../../model/events/event.ts';
import type { RuleContent } from '../../../model/rules/rule.ts';

/** The content of a rule that matches every event of the type `t` and starts `p.w` without parameters, but for what is given. */
export function sampleContent(given: Partial<RuleContent> = {}): RuleContent {
  return {
    trigger_ref: null,
    type: 't',
    webhook: null,
    when: null,
    workflow: 'p.w',
    action_ref: null,
    version: null,
    parameters: {},
    run_tags: [],
    dedupe: null,
    throttle: null,
    ordered: false,
    allow_loops: false,
    ...given,
  };
}

/** The same, compiled as revision 3 of `p.r`. */
export function sampleRule(given: Partial<RuleContent> = {}): CompiledRule {
  return compileRule({ ref: 'p.r', revision: 3 }, sampleContent(given));
}

/** An event of the type `t` from outside, but for what is given. */
export function sampleEvent(given: Partial<TemplateEvent> = {}): TemplateEvent {
  return {
    id: 7,
    event_id: 'e-1',
    type: 't',
    source: '/test',
    subject: null,
    time: null,
    trigger_ref: null,
    webhook: null,
    verified: true,
    headers: {},
    extensions: {},
    content_type: 'application/json',
    payload: null,
    payload_bytes: 4,
    depth: 0,
    replay_of: null,
    execution: null,
    received: '2026-11-29T12:00:00.000Z',
    ...given,
  };
}
