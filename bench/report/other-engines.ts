/** Figures that others have published about their engines, for docs/benchmarks.md. */
export const OTHER_ENGINES = `## Other engines

Only the workflow by hand is measured here, side by side with the definition. All other figures are those of whoever published them, on their machines, with their
settings and for their workflows: they say what to expect of an engine, and nothing about a ratio to Fermata.

| engine | figure | of | published by | side by side |
| --- | --- | --- | --- | --- |
| Temporal, workflow by hand in TypeScript | the tables above | the same shapes, server, machine and run | this page | **yes** |
| Temporal, Go | 39.0 s | one workflow of 400 short tasks in sequence, one worker | [Windmill, 2025](https://www.windmill.dev/docs/misc/benchmarks/competitors/results/go) | no |
| Windmill 1.483, Go | 19.7 s | the same | the same | no |
| Hatchet, Go | 35.8 s | the same | the same | no |
| Windmill 1.483, Python | 4.38 s; 2.09 s with a dedicated worker | one flow of 40 short tasks in sequence | [Windmill, 2025](https://www.windmill.dev/docs/misc/benchmarks/competitors/kestra) | no |
| Kestra 0.22, Python | 6.04 s | the same | the same | no |
| Kestra 0.23, open source | 0.47 s at 1,000 executions a minute; 0.9 s at 1,500; 24 s at 2,000 | two tasks, started by webhook; 4 vCPUs, Postgres on another machine | [Kestra](https://kestra.io/docs/performance/benchmark) | no |
| Conductor (Orkes' build) | more than 200 workflows a second | 13 steps and a sub-workflow each; one node, a laptop | [Orkes, 2022](https://orkes.io/blog/running-a-billion-workflows-per-month-with-netflix-conductor) | no |
| Activepieces | 95 flows a second, P50 15 ms, P99 63 ms; 287 a second with 2 apps and 8 workers | webhook, one code action, response; an app container of 2 CPUs, 2 workers of half a CPU, 500 requests | [Activepieces](https://www.activepieces.com/docs/install/architecture/benchmark) | no |
| n8n | up to 220 executions a second | webhook workflows on one instance of 4 GB (c5a.large) | [n8n](https://docs.n8n.io/deploy/host-n8n/configure-n8n/scaling/measure-performance) | no |
| Temporal, self-hosted | about 1,000 state transitions a second | 10 workflows at once of 10 activities; one pod of each service, Postgres | [a test on Kubernetes, 2025](https://piotrmucha.blog/2025/09/12/temporal-performance-tests) | no |

Of Trigger.dev, DBOS and Camunda 8 no figure was found that comes with its machine and its workflow.
Of the shapes above, the sequence is nearest to the flows of short tasks, and *runs over REST a minute* to what Kestra counts.`;
