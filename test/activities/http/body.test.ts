import { expect, it } from 'vitest';
import { readBody } from '../../../activities/http/body.ts';

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const read = (bytes: Buffer, type: string) => {
  const { encoding, body } = readBody(bytes, type, {});
  return [encoding, body];
};

it.each<[type: string, bytes: Buffer, encoding: string, body: unknown]>([
  // JSON is UTF-8, whatever its parameters say.
  ['application/json', utf8('{"a":"é"}'), 'json', { a: 'é' }],
  ['application/json', utf8('\ufeff{"a":1}'), 'json', { a: 1 }],
  ['APPLICATION/VND.API+JSON; v=1', utf8('[1]'), 'json', [1]],
  ['text/json', utf8('null'), 'json', null],
  ['application/json; charset=iso-8859-1', utf8('"é"'), 'json', 'é'],
  ['application/json', utf8('{"a":'), 'text', '{"a":'],
  ['application/json', latin1('"caf\xe9"'), 'base64', latin1('"caf\xe9"').toString('base64')],
  ['application/json', utf8(' '), 'text', ' '],
  // Text by its charset.
  ['text/plain', utf8('café'), 'text', 'café'],
  ['text/plain; charset=iso-8859-1', latin1('caf\xe9'), 'text', 'café'],
  ['text/html;charset="windows-1252"', latin1('\x80\x81\x9f'), 'text', '€\x81Ÿ'],
  ['text/plain; charset=Shift_JIS', Buffer.from('93fa967b', 'hex'), 'text', '日本'],
  ['text/csv; header=present; charset=utf-16le', Buffer.from('a\0b\0'), 'text', 'ab'],
  ['application/problem+xml', utf8('<a/>'), 'text', '<a/>'],
  ['application/x-www-form-urlencoded', utf8('a=1'), 'text', 'a=1'],
  ['application/octet-stream; charset=utf-8', utf8('x'), 'text', 'x'],
  ['', utf8('plain'), 'text', 'plain'],
  // Bytes that are not text, or not in their charset.
  ['', Buffer.from([0xff, 0xfe, 0xfd]), 'base64', '//79'],
  ['text/plain', latin1('caf\xe9'), 'base64', 'Y2Fm6Q=='],
  ['text/plain; charset=no-such', utf8('x'), 'base64', 'eA=='],
  ['image/png', utf8('x'), 'base64', 'eA=='],
  ['application/octet-stream', utf8('x'), 'base64', 'eA=='],
  ['application/zip', Buffer.alloc(3), 'base64', 'AAAA'],
  // Nothing.
  ['application/json', Buffer.alloc(0), 'none', null],
  ['image/png', Buffer.alloc(0), 'none', null],
])('%s', (type, bytes, encoding, body) => {
  expect(read(bytes, type)).toEqual([encoding, body]);
});
