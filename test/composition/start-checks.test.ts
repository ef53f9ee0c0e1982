import { expect, it } from 'vitest';
import { channelArgsFor } from '../../composition/ports.ts';
import { nodeWarning } from '../../composition/run.ts';

const OLD = 'has had no security fixes since April 2026';
const NOT_SUPPORTED = 'is not supported';

it.each<[version: string, fault: string | null]>([
  ['18.20.0', NOT_SUPPORTED],
  ['20.18.3', NOT_SUPPORTED],
  ['20.19.0', OLD],
  ['20.20.2', OLD],
  ['21.20.0', NOT_SUPPORTED],
  ['22.0.0', NOT_SUPPORTED],
  ['22.12.0', NOT_SUPPORTED],
  ['22.13.0', null],
  ['22.20.0', null],
  ['23.20.0', NOT_SUPPORTED],
  ['24.0.0', null],
  ['24.19.0', null],
  ['26.10.0', null],
])('Node.js %s warns at the start: %s', (version, fault) => {
  const warning = nodeWarning(version);
  if (fault === null) expect(warning).toBeNull();
  else expect(warning).toContain(`Node.js ${version} ${fault}`);
});

it.each([
  ['127.0.0.1:7233', true],
  ['127.1.2.3:7233', true],
  ['localhost:7233', true],
  ['http://localhost:7233', true],
  ['[::1]:7233', true],
  ['localhost.example.com:7233', false],
  ['1270.0.0.1:7233', false],
  ['temporal.example.com:7233', false],
  ['10.0.0.1:7233', false],
])('Temporal at %s is reached without a proxy: %s', (address, direct) => {
  expect(channelArgsFor(address)).toEqual(direct ? { 'grpc.enable_http_proxy': 0 } : {});
});
