import { type Draw, type Maker, word } from './draw.ts';

const PATTERNS =
  '[a-z]; [0-9]+; (\\\\w)(\\\\w); (?P<x>l+); l*; ^.; \\\\bW; o$; a|b|; (l)|(o); [^ ]+; \\\\s+; (?i)HELLO; (H)(e)?(z)?; \\\\d{2,}; ß; é?; .; x*'.split(
    '; ',
  );
const REPLACEMENTS = [
  '#',
  '',
  '$1',
  '\\\\1',
  '\\\\g<0>',
  '<\\\\g<1>>',
  '\\\\g<x>',
  '\\\\\\\\',
  'é\\\\n',
  '\\\\2\\\\1',
  '$',
];
const TIMES = [
  't',
  "'2026-01-02'",
  "'2024-02-29T12:00:00Z'",
  "'2026-02-29'",
  "'2026-12-31T23:59:59.999999-11:00'",
  "'1969-12-31T23:59:59.5Z'",
  "'2026-06-30 08:05'",
  "'2026-13-01'",
  "'2026-01-01T24:00:00Z'",
  "'x'",
  '0',
  '1e9',
  '1751234567.25',
  '-86400.5',
  'n',
];
const VERSIONS =
  "'1.0.0' '1.0.0-alpha.1' '1.0.0-alpha.beta' '1.0.0-rc.1+b' '1.0.0+x' '2.0.0' '10.2.3' '1.0.0-alpha' '1.0.0-1'".split(
    ' ',
  );
const JSON_TEXTS = ["'[1, 2.5]'", '\'{"a": "é"}\'', "'null'", "'[true, 1e2]'", "'{'", '\'"\\\\u00e9"\'', "''", "' 3 '"];

/** Makers of expressions with the filters that Jinja2 lacks; reference.py says in Python what they mean. */
export function ownMakers(draw: Draw): readonly Maker[] {
  const { pick, any, of } = draw;
  const flags = () => pick(['', '', '', ', ignorecase=true', ', multiline=true', ', dotall=true']);
  return [
    (d) =>
      `(${of('dict', d)} | ${pick(['keys', 'values', 'merge', "merge({'k': 1}, d)", 'combine(d)', 'combine(deep, recursive=true)', "combine({'a': {'y': [2]}}, {'l': [1]}, list_merge='append', recursive=true)", "combine({'c': [9]}, list_merge='prepend')", "combine({'c': [9]}, list_merge='keep')"])})`,
    (d) =>
      `(${of('list', d)} | ${pick(['flatten', 'flatten(1)', 'flatten(levels=0)', 'zip(xs)', 'zip(ts, ys)', 'zip'])} | list)`,
    (d) => `(${any(d)} | ${pick(['to_json', 'json_dump', 'to_json(2)', 'to_json(indent=0)'])})`,
    () => `(${pick(JSON_TEXTS)} | ${pick(['from_json', 'json_parse'])})`,
    (d) => `(${any(d)} | to_json | from_json)`,
    (d) => `(${pick(["'yes'", "'Off'", "' TRUE '", "'x'", '1', "''", of('flag', d)])} | bool)`,
    (d) =>
      `(${pick(['deep', of('dict', d)])} | dig(${pick(["'a', 'x'", "'l', 0, 'k'", "'zz'", "'zz', default=1", "'a', 'y', -1"])}))`,
    (d) => `(${of('text', d)} | split(${pick(["','", '', "' ', 1", "sep='l'", 'maxsplit=1', "''"])}))`,
    (d) =>
      `(${of('text', d)} | ${pick(['regex_match', 'regex_search', 'regex_findall'])}('${pick(PATTERNS)}'${flags()}))`,
    (d) => `(${of('text', d)} | regex_replace('${pick(PATTERNS)}', '${pick(REPLACEMENTS)}'${flags()}))`,
    (d) => `(${of('text', d)} | regex_substring('${pick(PATTERNS)}'${pick(['', ', 1', ', -1', ', result_index=0'])}))`,
    (d) =>
      `(${of('text', d)} | ${pick(['b64encode', 'b64encode | b64decode', "hash('md5')", 'hash', "hash('sha1')", "hash(algorithm='sha512')", 'b64decode', 'urlencode | urldecode'])})`,
    () =>
      `(${pick(TIMES)} | ${pick(['to_timestamp', 'date', 'strftime', "strftime('%Y-%m-%d %H:%M:%S.%f')", "date('%a %A %b %B %d %j %y %w')", "strftime('%I %p %z %Z %% %F %T')", "date(format='%H')", "strftime('%Q')", "strftime('é%d')"])})`,
    (d) => `(${of('number', d)} | human_duration)`,
    () => `(${pick(VERSIONS)} | version_compare(${pick(VERSIONS)}))`,
    (d) => `(${word(draw)} in ${of('text', d)} | split(${word(draw)}))`,
  ];
}
