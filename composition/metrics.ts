import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestObserver } from '../api/http/environment.ts';
import type { Config } from '../model/config.ts';
import type { Permits } from '../model/permits.ts';
import type { IndexService } from '../service/index/service.ts';
import { createEventMetrics, type EventMetrics } from './event-metrics.ts';
import { buildServerUrl, freePort, listenError } from './ports.ts';

/** The metrics of a process, in Prometheus' format (docs/monitoring.md, Metrics). */
export interface Metrics {
  url: string;
  observe: RequestObserver;
  /** The metrics of events, which are those of the API. */
  events(): EventMetrics;
  /** Adds the metrics of the execution index. */
  watchIndex(index: Pick<IndexService, 'state'>): void;
  /** Adds the metrics of worker processes: what `read` gives, in Prometheus' text format, and the two counts. */
  watchWorker(read: () => Promise<string>): void;
  countRestart(): void;
  countStrike(): void;
  close(): Promise<void>;
}

/** In seconds: from the time of a list to the longest wait of a request. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Serves `/metrics`, and `/healthz` for the health check of a process that serves nothing else: 503 unless it `isUp`.
 * `ownProcess: false` leaves out the metrics of this process, if those of its worker process represent both. Returns null
 * if the settings have no port. Throws an Error that names the port if it is taken.
 */
export async function serveMetrics(
  { FERMATA_METRICS_PORT: port, FERMATA_HOST: host }: Pick<Config, 'FERMATA_METRICS_PORT' | 'FERMATA_HOST'>,
  { isUp = () => true, ownProcess = true }: { isUp?: () => boolean; ownProcess?: boolean } = {},
): Promise<Metrics | null> {
  if (port === undefined) return null;
  const registry = new Registry();
  if (ownProcess) collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'fermata_http_request_duration_seconds',
    help: 'Requests to the API, until their answer began.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  let restarts: Counter | null = null;
  let strikes: Counter | null = null;
  let readWorker = async () => '';
  const server = createServer(async (request, response) => {
    const [path] = (request.url ?? '').split('?');
    if (path === '/healthz') {
      const up = isUp();
      response.writeHead(up ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: up ? 'ok' : 'unavailable' }));
    } else if (path === '/metrics') {
      const own = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(own + (await readWorker().catch(() => '')));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error) => reject(listenError(error, host, port, 'FERMATA_METRICS_PORT')));
    server.listen(port, host, resolve);
  });
  return {
    url: buildServerUrl(host, (server.address() as AddressInfo).port),
    observe: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    events: () => createEventMetrics(registry),
    watchWorker: (read) => {
      const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] });
      restarts = counter(
        'fermata_worker_restarts_total',
        'Worker processes started in the place of one that had ended.',
      );
      strikes = counter('fermata_run_strikes_total', 'Worker processes that a run is proven to have stopped.');
      readWorker = read;
    },
    countRestart: () => restarts?.inc(),
    countStrike: () => strikes?.inc(),
    watchIndex: (index) => {
      new Gauge({
        name: 'fermata_index_set_aside',
        help: 'Runs that cannot be written to the index and are tried again.',
        registers: [registry],
        collect() {
          this.set(index.state().setAside);
        },
      });
      new Gauge({
        name: 'fermata_index_queued',
        help: 'Runs that requests have read and that are not written to the index yet.',
        registers: [registry],
        collect() {
          this.set(index.state().queued);
        },
      });
      new Gauge({
        name: 'fermata_index_standing_seconds',
        help: 'For how long no round of the index has succeeded.',
        registers: [registry],
        collect() {
          this.set((index.state().standing ?? 0) / 1000);
        },
      });
      new Gauge({
        name: 'fermata_index_lag_seconds',
        help: 'By how much lists may be behind Temporal.',
        registers: [registry],
        collect() {
          // The lag is unknown before the first round.
          this.set((index.state().lag ?? Number.NaN) / 1000);
        },
      });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The number of tenants in `fermata_slots`: those with the most activities. */
const MOST_TENANTS = 20;

/** The metrics of a worker process. */
export interface WorkerMetrics {
  /** The address at which Temporal's SDK serves its metrics. */
  sdkAddress: string;
  /** Adds the permits of the worker, by tenant. */
  watchSlots(permits: Pick<Permits, 'tenants'>): void;
  /** Returns all metrics, in Prometheus' text format. */
  read(): Promise<string>;
}

/** Collects the metrics of a worker process; `ownProcess: false` leaves out all but those of Temporal's SDK. */
export async function collectWorkerMetrics(ownProcess: boolean): Promise<WorkerMetrics> {
  const registry = new Registry();
  if (ownProcess) collectDefaultMetrics({ register: registry });
  const sdkAddress = `127.0.0.1:${await freePort()}`;
  const ofSdk = () =>
    fetch(`http://${sdkAddress}/metrics`, { signal: AbortSignal.timeout(2_000) }).then(
      (answer) => answer.text(),
      () => '',
    );
  const watchSlots: WorkerMetrics['watchSlots'] = (permits) => {
    new Gauge({
      name: 'fermata_slots',
      help: 'Activities of a tenant that run, and that wait for a permit.',
      labelNames: ['tenant', 'state'],
      registers: [registry],
      collect() {
        this.reset();
        const largest = permits.tenants().sort((a, b) => b.running + b.waiting - a.running - a.waiting);
        for (const { tenant, running, waiting } of largest.slice(0, MOST_TENANTS)) {
          this.set({ tenant, state: 'running' }, running);
          this.set({ tenant, state: 'waiting' }, waiting);
        }
      },
    });
  };
  return { sdkAddress, watchSlots, read: async () => (await registry.metrics()) + (await ofSdk()) };
}
