import { contains, parseAddress, parseNetwork } from '../model/ip-address.ts';

/** Reports whether a port of a host is reached without a proxy. */
export function isExcepted(written: string, port: number, except: readonly string[]): boolean {
  const host = written
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const address = parseAddress(host);
  return except.some((entry) => {
    if (entry === '*') return true;
    const network = parseNetwork(entry);
    if (network !== null) return address !== null && contains(network, address);
    const [, name = '', only] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry.toLowerCase()) ?? [];
    if (only !== undefined && Number(only) !== port) return false;
    const domain = name.replace(/^\*?\./, '');
    return host === domain || host.endsWith(`.${domain}`);
  });
}
