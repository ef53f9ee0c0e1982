/** Changes that were built or tried for speed and are not in the product, for docs/benchmarks.md. */
export const NOT_KEPT = `## Tried and not kept

**Local tasks.** The first attempt of a task can run as a local activity of Temporal, within the workflow task: one event of history instead of six. As a word of the language (\`local: true\`) this was built and
compared with the same workflow by hand with normal activities, on a busy machine: a sequence of 10 took 0.41× the time and 0.14× the CPU of the server, a fan-out of 100 0.42× and 0.19×, a loop of 100 0.59× ±0.38 and
0.23×. It is not in the product, for three reasons:

- A projection must see the steps that the run took. When a workflow task times out while local activities are open, the SDK takes it up again with the run in memory, so that their results and later events may reach it
  in another order than history has. Random graphs found two such disagreements between a run and its projection, with a cache of two runs and workers that are restarted.
- The order can be kept: each step notes its time and its number of events in history, by one more local activity. With that 96 random graphs agreed, but each step of anything else became dearer, and a worker that
  was restarted every five seconds stopped serving once, for a reason that was not found.
- Of the built-in actions only \`core.http\` with a method that changes nothing could use it: the others that may safely run twice need a connection, whose secret a local activity would hold up the workflow task for.

**A start that waits.** \`POST /executions\` with \`wait\` reads the history as it comes, and answers once it has the last event. That takes two thirds of the API's CPU that a start takes which is read back
and then waited for, but the worker and the server take most of both: a client that waits and reads nothing at all makes 1.34× ±0.15 the runs. No answer can make more.

**A decision that is not verified.** An answer to an inquiry is signed, and the run itself verifies the signature, in JavaScript and again in each replay; that is the difference in CPU to an inquiry by hand, which
believes any signal. A workflow's sandbox has no native cryptography. Verification with the multiples of the key kept is the fastest that was found, and it stays.

**A start that does not wait for its claim.** The row of a run is inserted before Temporal is called, which takes 7 % of a start. Both at once is not possible: numbers follow the clock, so two APIs
that start in the same millisecond draw the same one, and only the insertion shows which of them, and whose tenant, has it. Temporal's call itself takes 70 %.

**Eager starts.** Starts by the API's own worker need both in one process; runs are kept apart from the API instead.
`;
