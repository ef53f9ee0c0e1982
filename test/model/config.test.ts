import { expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../model/config.ts';

it('has a default for everything that npm start needs', () => {
  const { config, warnings } = readConfig({ PATH: '/bin', FERMATA_PORT: '' });
  expect(config).toMatchObject({ FERMATA_HOST: '127.0.0.1', FERMATA_PORT: 8080, FERMATA_DATA_DIR: '.fermata' });
  expect(warnings).toEqual([]);
});

it('refuses bad settings by name, all of them', () => {
  const read = () => readConfig({ FERMATA_PORT: '99999', DATABASE_URL: 'mysql://x', FERMATA_LOG_LEVEL: 'loud' });
  expect(read).toThrow(ConfigError);
  for (const name of ['FERMATA_PORT', 'DATABASE_URL', 'FERMATA_LOG_LEVEL']) expect(read).toThrow(name);
});

it('says of a bad setting what it must be, and not what it is', () => {
  for (const FERMATA_PORT of ['hunter2', '-1', '1.5', '65536', 'NaN', '0x1z']) {
    const read = () => readConfig({ FERMATA_PORT });
    expect(read, FERMATA_PORT).toThrow('invalid settings:\n  FERMATA_PORT: must be a whole number from 0 to 65535');
  }
  const secrets = {
    DATABASE_URL: 'hunter2',
    FERMATA_SMTP_URL: 'hunter2',
    FERMATA_SECRET_KEY: 'hunter2',
    FERMATA_JWT_SECRET: 'hunter2',
  };
  const said = (() => {
    try {
      return String(readConfig(secrets));
    } catch (error) {
      return (error as Error).message;
    }
  })();
  expect(said.split('\n')).toHaveLength(1 + Object.keys(secrets).length);
  expect(said).not.toContain('hunter2');
});

it.each<[name: string, bad: string[], good: string[]]>([
  [
    'FERMATA_EGRESS_PROXY',
    ['http://us%er:pw@p:3128', 'http://u:%zz@p', 'socks5://p:1', 'p:3128'],
    ['http://token@p:3128', 'https://us%40er:pw@p:3128', 'http://[fd00::1]:3128'],
  ],
  ...['FERMATA_CORS_ORIGINS', 'FERMATA_CODEC_ORIGINS'].map((name): [string, string[], string[]] => [
    name,
    [
      ...['https://*.example.com', 'https://Portal.example.com', 'HTTPS://a.example', 'https://a.example:443'],
      ...[
        'http://a.example:80',
        'https://a.example/',
        'https://a.example,',
        'null',
        'ftp://a.example',
        'https://u@a.example',
      ],
    ],
    ['https://a.example', 'http://localhost:8080,https://a.example:8443', 'http://[::1]:8080'],
  ]),
])('%s takes what can work alone', (name, bad, good) => {
  for (const text of bad) expect(() => readConfig({ [name]: text }), text).toThrow(name);
  for (const text of good) expect(readConfig({ [name]: text }).config, text).toMatchObject({ [name]: text });
});

it('warns of a name that is no setting, with the one that was meant', () => {
  expect(readConfig({ FERMATA_PROT: '1' }).warnings).toEqual([
    'FERMATA_PROT is not a setting of Fermata. Did you mean "FERMATA_PORT"?',
  ]);
});
