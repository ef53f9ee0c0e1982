import { expect, it } from 'vitest';
import { checkConnection } from '../../model/connection.ts';

it.each<[pack: 'database' | 'email', settings: object, bad: string[], good: string[]]>([
  [
    'database',
    {},
    [
      ...[
        'postgres://h:99999/db',
        'postgres:///db',
        'postgresql://h1,h2/db',
        'postgres://u:p%zz@h/db',
        'postgres://a b/c',
      ],
      ...[
        'postgres://%2Frun%2Fpostgresql/db',
        'postgres://[::1/db',
        'postgres://fd00::1/db',
        'postgres://h/db?sslmode=maybe',
        'mysql://h/db',
      ],
    ],
    ['postgres://u:p%40w@h:5433/db', 'postgresql://db_1.internal', 'postgres://u@[fd00::1]:5432/db?sslmode=require'],
  ],
  [
    'email',
    { from: 'ops@example.com' },
    [
      'smtp://',
      'smtp://h:99999',
      'smtp://a b',
      'smtp://u:p%zz@h',
      'smtp://h1,h2',
      'smtp://?tls=off',
      'http://h',
      'smtp://h?x',
    ],
    ['smtp://mail.internal', 'smtps://ops%40example.com:p%3Aw@h:465', 'smtp://[::1]:25?tls=off'],
  ],
])('a connection of %s has a URL that can work', (pack, settings, bad, good) => {
  const check = (url: string) => checkConnection(pack, { settings: { ...settings }, secrets: { url } });
  for (const url of bad) expect(check(url), url).toMatchObject({ issues: [{ path: '/secrets/url' }] });
  for (const url of good) expect(check(url), url).toMatchObject({ secrets: { url } });
});

it('the sender of mail is checked in one pass', () => {
  const from = `"${'\\"'.repeat(32_000)}`;
  const found = checkConnection('email', { settings: { from }, secrets: { url: 'smtp://h' } });
  expect(found).toMatchObject({ issues: [{ path: '/settings/from' }, { path: '/settings/from' }] });
});
