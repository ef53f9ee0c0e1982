import { type LookupAddress, type LookupOptions, lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { deniedNetworks } from '../model/networks.ts';

/** Bytes of the header block of an answer. */
const MAX_HEADER_BYTES = 16 * 1024;

/** An address that nothing here may reach; `code` is `EGRESS_DENIED`. */
export class EgressError extends Error {
  readonly code = 'EGRESS_DENIED';

  constructor(host: string, address: string) {
    super(host === address ? `${host} may not be reached` : `${host} (${address}) may not be reached`);
    this.name = 'EgressError';
  }
}

/** What actions and notices reach the world by: addresses are checked where a connection is made, so also after each redirect. */
export interface Egress {
  /** The standard's `fetch`, without timeouts: the signal of the caller ends it. Rejects with an EgressError as the cause where an address may not be reached. */
  fetch: typeof undiciFetch;
  /** An address of a host, to connect to it by anything but HTTP. Throws an EgressError, and what looking it up throws. */
  addressOf(host: string): Promise<string>;
  /** Looks names up, for what connects by itself; addresses that are written out are not looked up by anybody. */
  lookup: LookupFunction;
  close(): Promise<void>;
}

/** Makes it; `networks` are denied beside those that always are (`deniedNetworks`). */
export function createEgress(networks: readonly string[] = []): Egress {
  const denied = new BlockList();
  for (const { address, prefix, family } of deniedNetworks(networks)) denied.addSubnet(address, prefix, family);
  const isDenied = (address: string) => denied.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  // What a name means is what is connected to: nobody can change it in between.
  const lookup: LookupFunction = (host, options: LookupOptions, done) => {
    resolve(host, options, (error: Error | null, found: string | LookupAddress[], family?: number) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      const bad = error === null ? addresses.find(isDenied) : undefined;
      if (bad === undefined) (done as (...result: unknown[]) => void)(error, found, family);
      else done(new EgressError(host, bad), '', 0);
    });
  };
  const connect = buildConnector({ lookup });
  const agent = new Agent({
    // Whoever asks bounds the time: a task may wait for longer than undici's own 300 seconds.
    ...{ headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: MAX_HEADER_BYTES },
    connect(options, done) {
      // An address that is written out is not looked up.
      const host = options.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0 && isDenied(host)) done(new EgressError(host, host), null);
      else connect(options, done);
    },
  });
  return {
    lookup,
    addressOf: (host) =>
      new Promise((found, failed) => {
        if (isIP(host) !== 0 && isDenied(host)) failed(new EgressError(host, host));
        else lookup(host, {}, (error, address) => (error === null ? found(String(address)) : failed(error)));
      }),
    fetch: (input, init) => undiciFetch(input, { ...init, dispatcher: agent }),
    close: () => agent.close(),
  };
}

/** The EgressError that is why something failed; undefined: it failed otherwise. */
export function egressErrorIn(error: unknown): EgressError | undefined {
  return errorIn(error, EgressError);
}

/** Finds an error of a class among an error and its causes; undefined when there is none. */
export function errorIn<E extends Error>(error: unknown, type: new (...args: never[]) => E): E | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof type) return cause;
  return undefined;
}
