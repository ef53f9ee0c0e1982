import { expect, it } from 'vitest';
import { channelArgsFor } from '../../composition/ports.ts';
import { nodeWarning } from '../../composition/run.ts';

it.each([
  ['20.19.0', true],
  ['21.7.3', true],
  ['22.0.0', false],
  ['22.20.0', false],
  ['24.19.0', false],
])('Node.js %s warns at the start: %s', (version, warns) => {
  expect(nodeWarning(version)?.includes(version) ?? false).toBe(warns);
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
