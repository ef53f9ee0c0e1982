/**
 * The states of an event: recorded, matched against the rules, or recorded although the schema of its trigger refuses its payload, so
 * that it matches nothing.
 */
export const EVENT_STATES = ['received', 'planned', 'invalid'] as const;

/** The state of an event. */
export type EventState = (typeof EVENT_STATES)[number];

/** The states of an enforcement: to be started, started, not started on purpose, or impossible to start. */
export const ENFORCEMENT_STATUSES = ['pending', 'started', 'suppressed', 'failed'] as const;

/** The state of an enforcement. */
export type EnforcementStatus = (typeof ENFORCEMENT_STATUSES)[number];
