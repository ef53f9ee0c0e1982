// The first interpreter version with each behaviour, for `state.version >= …`. A run keeps the behaviour of the version that it was
// started with (`INTERPRETER_VERSION` in model/run-input.ts lists what each version brought). One name stands for one behaviour, so
// that a search for it finds everything that the behaviour consists of.

/** All events of one activation count before anything new starts; earlier versions settle after each event. */
export const EVENTS_TOGETHER = 2;

/** Tasks that a decided failure keeps from starting are withdrawn before the next one starts. */
export const EARLY_WITHDRAWAL = 2;

/** Templates do not see a visit that has not started. */
export const HELD_VISITS_HIDDEN = 2;

/** A visit that ends by itself while the run stops still publishes. */
export const STOPPED_VISITS_PUBLISH = 2;

/** The number of activities and sub-workflows under way is limited. */
export const IN_FLIGHT_LIMIT = 3;

/** Signals with reserved names bring decisions and controls; earlier versions treat them as plain signals. */
export const RESERVED_SIGNALS = 4;

/** A run whose history is long continues as a new run. */
export const CONTINUATION = 5;

/** Templates may name secrets. */
export const SECRETS = 6;

/** Work is counted and bounded, and a run with much of it does it in slices. */
export const BOUNDED_WORK = 8;

/**
 * Fermata's own workers are sent the seconds of an attempt: waiting for a permit does not count, and a busy worker may hand a task back.
 */
export const PERMITS_APART = 8;

/** Bytes (`binary/plain`) are not a value; earlier versions treat them as null. */
export const BYTES_REFUSED = 8;

/** A decision is bound to the digest of interpreter/digest.ts; a retry keeps a decision only while that digest stays the same. */
export const ONE_DIGEST = 9;

/** Decisions, delegations and controls count only as statements that Fermata has signed for the run (interpreter/statements.ts). */
export const SIGNED_STATEMENTS = 9;

/** Values are checked against schemas by Fermata's own validator, whose work is counted. */
export const OWN_SCHEMA_CHECKS = 8;

/** Names are compared in one normal form (model/names.ts), and a vote by another name of a person is a second vote. */
export const NORMAL_NAMES = 9;

/** An admin may override a question: one decision in place of those of everybody who is asked. */
export const OVERRIDE = 9;

/** Skipping a question withdraws it: its task fails, and `on_success` is never followed without a decision. */
export const WITHDRAWAL = 9;

/** The form of an inquiry belongs to its options; earlier versions require it for each of them. */
export const OPTION_FORMS = 9;

/** The output of an approved inquiry holds the response of each person who approved. */
export const EACH_RESPONSE = 9;

/** More people are asked when nobody has decided for a while. */
export const ESCALATION = 9;

/** A person who is asked may name another one to decide on their behalf. */
export const DELEGATION = 9;

/** A run that continues as new passes on the hash of the chain's start, by which a worker checks the warrant of the chain. */
export const CARRIED_START = 10;

/** A run knows the time for which its schedule started it, and passes it on to sub-workflows. */
export const SCHEDULED_TIME = 10;

/** A signed statement ends a delegation; the person who delegated decides again. */
export const DELEGATION_ENDS = 10;

/** A task that workers hand back is issued again for as long as its action may wait for a worker, however often that is. */
export const POSTPONED_BY_TIME = 10;

/** A run that has verified many forgeries refuses statements unverified until it has continued as new. */
export const FLOODS_REFUSED = 10;

/** Templates follow the second dialect (expression/dialect.ts). */
export const SECOND_DIALECT = 10;

/** Templates follow the third dialect. */
export const THIRD_DIALECT = 11;

/** A delay until a time is bounded like one in seconds: Temporal cuts longer timers. */
export const BOUNDED_DELAYS = 10;

/** Templates see every field of a failure, null where nothing is known. */
export const COMPLETE_ERRORS = 10;

/** Attempts are counted: templates see how many a task has made, and a failure names the one in which it happened. */
export const ATTEMPTS_COUNTED = 10;

/** A `retry.when` that reads something undefined is false; earlier versions fail the task with `template_error`. */
export const UNDEFINED_IS_NO_RETRY = 10;

/** Several transitions of one visit to one task, which is in no loop, open a lineage each; earlier versions open none. */
export const LINEAGE_PER_TRANSITION = 10;

/** Defaults are filled in wherever a schema applies; earlier versions do so through `properties` alone. */
export const ALL_DEFAULTS = 10;

/** JSON that a value cannot represent exactly, such as an integer beyond 2^53, is refused as the output of a task and as a signal. */
export const EXACT_PAYLOADS = 10;

/** The visits that one visit leads to start together; earlier versions start no more of them once an inline one has failed the run. */
export const STARTED_TOGETHER = 10;

/** The failure of a task names the items that never started. */
export const UNSTARTED_ITEMS = 10;

/** A failure of a task that follows a failure, such as its handler, has that failure as its last cause. */
export const HANDLED_CAUSES = 10;

/** A skip also ends the wait for an attempt that Temporal makes; earlier versions refuse it. */
export const ATTEMPTS_SKIPPED = 10;
