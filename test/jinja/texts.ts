import { type Draw, type Maker, word } from './draw.ts';

const PERCENT = (
  '%s %d %5d %-5d| %05d %+d %x %X %#x %o %f %.2f %08.3f %.0f %e %.1e %g %.3g %G %5s| %-5s| %.2s %r %c %% %i %#o %+.1f %a %u %E %F ' +
  '%#.3g %.3d %-+8.2f| %5c| %.0e %#X %10.4r %hd %5% %q'
)
  .split(' ')
  .concat('% d', '% .1f');

const BRACES = (
  ':>6 :<6 :^6 :*^7 :05 :, :_ :.2f :.0f :,.2f :e :.2e :g :.3g :.3 :% :.1% :x :#x :b :o :c :d :+d :08, !r !s !r:>8 :=+6 :é>5 :n ' +
  ':#b :010.3f :_x !a :X :E :G :F :s :.2s :<08 :^+9.1f :#.4g :_b :.0% :😀^5 !x :1000'
)
  .split(' ')
  .concat('', ': d');

/** Makers of expressions that give text. */
export function textMakers(draw: Draw): readonly Maker[] {
  return [...byOperator(draw), ...byFilter(draw), ...byFormat(draw), ...byMethod(draw)];
}

function byOperator({ pick, any, of }: Draw): readonly Maker[] {
  return [
    (d) => `(${any(d)} ~ ${any(d)})`,
    (d) => `(${of('text', d)} + ${of('text', d)})`,
    (d) => `(${of('text', d)} * ${pick(['0', '1', '2', '3', '-1'])})`,
    (d) =>
      `${of('text', d)}[${pick(['0', '-1', '1:', ':2', '::-1', '1:4', '-3:', '::2', '9', '-2::-1', '4:1:-1', ':-1', '::0', 'n:'])}]`,
    (d) => `(${of('text', d)} if ${of('flag', d)} else ${of('text', d)})`,
    (d) => `(${of('text', d)} if ${of('flag', d)})`,
  ];
}

function byFilter(draw: Draw): readonly Maker[] {
  const { pick, any, of } = draw;
  const plain = 'string upper lower title capitalize trim escape e striptags urlencode tojson safe pprint'.split(' ');
  const inWords = [
    "replace('a', 'b')",
    'wordcount',
    'center(20)',
    'center(width=9)',
    'indent(width=2, first=true, blank=true)',
    "indent(width='é')",
    'tojson(indent=1)',
    'trim(none)',
    'length',
  ];
  return [
    (d) => `(${any(d)} | ${pick(plain)})`,
    (d) => `(${any(d)} | ${pick(inWords)})`,
    (d) =>
      `(${of('text', d)} | replace(${word(draw)}, ${word(draw)}${pick(['', ', 1', ', 0', ', count=2', ', none'])}))`,
    (d) =>
      `(${of('text', d)} | truncate(${pick(['3', '5', '8', '20', 'length=6'])}${pick(['', ', killwords=true', ", end='…'", ', leeway=0', ", killwords=true, end='', leeway=0"])}))`,
    (d) =>
      `(${of('text', d)} | truncate(${pick(['3', '5', '8'])}${pick([', true', ", false, '…'", ", true, '', 0", ", false, '', none"])}))`,
    (d) =>
      `(${of('text', d)} | wordwrap(${pick(['1', '3', '5', '8', '20'])}${pick(['', ', false', ", true, '/'", ', break_on_hyphens=false', ", wrapstring='|'", ', break_long_words=false'])}))`,
    (d) =>
      `(${of('text', d)} | ${pick(['center', 'center(9)', 'center(14)', 'indent', 'indent(2)', 'indent(3, true)', "indent('> ')", 'indent(1, blank=true)', "trim('ab ')", "trim('é😀ß')", 'trim(chars=none)'])})`,
    (d) =>
      `(${of('list', d)} | ${pick(['join', "join(',')", "join('-', attribute='name')", "join(d='+')", "map('string') | join", "join('é', 'age')", "join('/', attribute=0)", 'join(1)'])})`,
    (d) =>
      `(${of('number', d)} | ${pick(['filesizeformat', 'filesizeformat(true)', 'filesizeformat(binary=false)', 'string', 'tojson', 'pprint'])})`,
    (d) =>
      `(${of('text', d)} | ${pick(['first', 'last', 'reverse', 'min', 'max', 'list | join("|")', 'unique | join', 'sort | join', 'batch(2) | list'])})`,
    (d) =>
      `(${of('dict', d)} | ${pick(['urlencode', 'tojson', 'xmlattr', 'tojson(2)', 'xmlattr(false)', 'xmlattr(autospace=true)', 'items | urlencode', 'string', 'pprint'])})`,
    () => `(${pick(["[('a', 'é /')]", "[['q', 1], ['q', none]]", "{'a b': '&=?'}", "'é/ ?&=+~'"])} | urlencode)`,
  ];
}

function byFormat({ pick, chance, any, of }: Draw): readonly Maker[] {
  return [
    (d) => `('${pick(PERCENT)}' % ${chance(0.8) ? `(${of('number', d)},)` : of('text', d)})`,
    (d) => `('${pick(PERCENT)}' % ${any(d)})`,
    (d) =>
      `('${pick(PERCENT)} ${pick(PERCENT)}' | format(${of('number', d)}, ${chance(0.5) ? of('number', d) : of('text', d)}))`,
    (d) => `('%(a)${pick(PERCENT).slice(1)}' % {'a': ${of('number', d)}})`,
    (d) => `('%(a)s %(b)${pick(PERCENT).slice(1)}' | format(a=${any(d)}, b=${of('number', d)}))`,
    (d) => `('%*d|%.*f' % (${pick(['5', '-4', '0'])}, ${of('number', d)}, ${pick(['0', '2'])}, ${of('number', d)}))`,
    (d) => `('{${pick(BRACES)}}').format(${chance(0.7) ? of('number', d) : any(d)})`,
    (d) =>
      `('{a${pick(BRACES)}} {0${pick(BRACES)}}').format(${of('number', d)}, a=${chance(0.5) ? of('text', d) : of('number', d)})`,
    (d) => `('{0[a]} {1.zz} {{}}').format(${of('dict', d)}, 1)`,
    (d) =>
      `('{${pick(['0[0]', '0[a]', '0[name]', '1[0][0]', '0[zz]', ''])}}{{x}}').format(${any(d)}, ${of('list', d)})`,
    (d) =>
      `('{:{}}|{:>{w}}').format(${any(0)}, ${pick(['5', '0', "'^7'"])}, ${of('number', d)}, w=${pick(['4', '9'])})`,
    (d) => `('{:.{}f}').format(${of('number', d)}, ${pick(['0', '1', '3'])})`,
  ];
}

function byMethod(draw: Draw): readonly Maker[] {
  const { pick, of } = draw;
  return [
    (d) =>
      `${of('text', d)}.${pick(['upper', 'lower', 'title', 'capitalize', 'swapcase', 'casefold', 'strip', 'lstrip', 'rstrip', 'expandtabs'])}()`,
    (d) => `${of('text', d)}.${pick(['strip', 'lstrip', 'rstrip', 'removeprefix', 'removesuffix'])}(${word(draw)})`,
    (d) => `${of('text', d)}.${pick(['strip', 'lstrip', 'rstrip'])}(${pick(['none', "'aHdß '", "'é😀'"])})`,
    (d) => `${of('text', d)}.replace(${word(draw)}, ${word(draw)}${pick(['', ', 1', ', -1'])})`,
    (d) =>
      `${of('text', d)}.${pick(['center', 'ljust', 'rjust'])}(${pick(['3', '8', '13'])}${pick(['', ", '*'", ", 'é'", ", '😀'", ", 'ab'"])})`,
    (d) => `${of('text', d)}.zfill(${pick(['3', '7', '12'])})`,
    (d) => `${of('text', d)}.expandtabs(${pick(['4', '0', 'tabsize=2'])})`,
    (d) => `${word(draw)}.join(${of('list', d)})`,
    (d) => `${word(draw)}.join(${of('text', d)})`,
  ];
}
