/** Longest text that can have a format, in UTF-16 units. */
const MAX_CHARACTERS = 8_192;

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i;
const CLOCK = '(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)';
const DAYS = '(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)';
const DURATION = new RegExp(`^P(?:\\d+W|${DAYS}(?:T${CLOCK})?|T${CLOCK})$`);
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const FRAGMENT_POINTER = /^#(?:\/(?:[a-z0-9_\-.!$&'()*+,;:=@]|%[0-9a-f]{2}|~[01])*)*$/i;
const RELATIVE_POINTER = /^(?:0|[1-9]\d*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/;
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const URL_LABEL = /^[a-z0-9\u00a1-\uffff]+(?:-[a-z0-9\u00a1-\uffff]+)*$/iu;
const OCTET = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const MAILBOX =
  /^(?:"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"|[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*$/i;
const PATH = /^(?:[a-z0-9\-._~!$&'()*+,;=:@/]|%[0-9a-f]{2})*$/i;
const QUERY = /^(?:[a-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9a-f]{2})*$/i;
const USER = /^(?:[a-z0-9\-._~!$&'()*+,;=:]|%[0-9a-f]{2})*$/i;
const REGISTERED_NAME = /^(?:[a-z0-9\-._~!$&'()*+,;=]|%[0-9a-f]{2})*$/i;
const FUTURE_ADDRESS = /^v[0-9a-f]+\.[a-z0-9\-._~!$&'()*+,;=:]+$/i;
const TEMPLATE_LITERAL = /^(?:[!#$&-;=?-[\]_a-z~\u0080-\uffff]|%[0-9a-f]{2})*$/i;
const TEMPLATE_VARIABLE = /^(?:[a-z0-9_]|%[0-9a-f]{2})+(?:\.(?:[a-z0-9_]|%[0-9a-f]{2})+)*(?::[1-9]\d{0,3}|\*)?$/i;

/** The formats that are checked, each in time linear in the text; any other is a remark, as JSON Schema allows. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  'date-time': (text) => isDate(text.slice(0, 10)) && /^[t\s]$/i.test(text.slice(10, 11)) && isTime(text.slice(11)),
  duration: (text) => DURATION.test(text),
  uri: (text) => isUri(text, true),
  'uri-reference': (text) => isUri(text, false),
  'uri-template': isUriTemplate,
  url: isUrl,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  regex: isRegex,
  uuid: (text) => UUID.test(text),
  'json-pointer': (text) => JSON_POINTER.test(text),
  'json-pointer-uri-fragment': (text) => FRAGMENT_POINTER.test(text),
  'relative-json-pointer': (text) => RELATIVE_POINTER.test(text),
};

/** Returns the check of a format; undefined for a name that is not checked. Texts over 8,192 characters have no format. */
export function formatCheck(name: string): ((text: string) => boolean) | undefined {
  if (!Object.hasOwn(FORMATS, name)) return undefined;
  const check = FORMATS[name]!;
  return (text) => text.length <= MAX_CHARACTERS && check(text);
}

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

function isTime(text: string): boolean {
  const found = TIME.exec(text);
  if (found === null) return false;
  const [hour, minute, second, offsetHour, offsetMinute] = [1, 2, 3, 5, 6].map((group) => Number(found[group] ?? 0));
  if (hour! > 23 || minute! > 59 || second! > 60 || offsetHour! > 23 || offsetMinute! > 59) return false;
  if (second! < 60) return true;
  // A leap second is the last one of a day in UTC.
  const offset = (offsetHour! * 60 + offsetMinute!) * (found[4] === '-' ? -1 : 1);
  return (hour! * 60 + minute! - offset + 1440) % 1440 === 1439;
}

function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => HOST_LABEL.test(label));
}

function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet));
}

function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1)!;
  const dotted = last.at(-1)?.includes('.') === true;
  const hexadecimal = dotted ? [...groups.slice(0, -1), last.slice(0, -1)] : groups;
  if (dotted && !isIpv4(last.at(-1)!)) return false;
  if (!hexadecimal.flat().every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = hexadecimal.flat().length + (dotted ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || at > 64 || !MAILBOX.test(text.slice(0, at))) return false;
  const host = text.slice(at + 1);
  if (!host.startsWith('[') || !host.endsWith(']')) return isHostname(host);
  const address = host.slice(1, -1);
  return /^ipv6:/i.test(address) ? isIpv6(address.slice(5)) : isIpv4(address);
}

/** Checks a URI (RFC 3986) from the left: scheme, authority, path, query, fragment. */
function isUri(text: string, absolute: boolean): boolean {
  const [beforeFragment, fragment] = cut(text, '#');
  const [hierarchy, query] = cut(beforeFragment, '?');
  if (fragment !== null && !QUERY.test(fragment)) return false;
  if (query !== null && !QUERY.test(query)) return false;
  const colon = hierarchy.indexOf(':');
  const slash = hierarchy.indexOf('/');
  const hasScheme = colon !== -1 && (slash === -1 || colon < slash);
  // A colon in the first segment of a relative path would be read as the end of a scheme.
  if (hasScheme ? !SCHEME.test(hierarchy.slice(0, colon)) : absolute) return false;
  const rest = hasScheme ? hierarchy.slice(colon + 1) : hierarchy;
  if (!rest.startsWith('//')) return PATH.test(rest);
  const end = rest.indexOf('/', 2);
  return isAuthority(rest.slice(2, end === -1 ? undefined : end)) && (end === -1 || PATH.test(rest.slice(end)));
}

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at !== -1 && !USER.test(text.slice(0, at))) return false;
  const [, host, port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text.slice(at + 1)) ?? [];
  if (host === undefined || !/^\d*$/.test(port)) return false;
  if (!host.startsWith('[')) return REGISTERED_NAME.test(host);
  const address = host.slice(1, -1);
  return isIpv6(address) || FUTURE_ADDRESS.test(address);
}

/** Checks an absolute address of the web or of FTP, whose host has a top-level domain or is a public IPv4 address. */
function isUrl(text: string): boolean {
  const [, rest] = /^(?:https?|ftp):\/\/(.+)$/is.exec(text) ?? [];
  if (rest === undefined || /\s/.test(rest)) return false;
  const slash = rest.indexOf('/');
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const [host, port] = cut(authority.slice(authority.lastIndexOf('@') + 1), ':');
  if (port !== null && !/^\d{2,5}$/.test(port)) return false;
  if (/^[\d.]+$/.test(host)) return isIpv4(host) && !PRIVATE.test(host);
  const labels = host.split('.');
  return labels.length > 1 && labels.every((label) => URL_LABEL.test(label)) && /^[^\d-]{2,}$/u.test(labels.at(-1)!);
}

const PRIVATE = /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|22[4-9]|2[3-5]\d)\./;

function isUriTemplate(text: string): boolean {
  return text.split('{').every((piece, index) => {
    if (index === 0) return TEMPLATE_LITERAL.test(piece);
    const end = piece.indexOf('}');
    if (end === -1 || !TEMPLATE_LITERAL.test(piece.slice(end + 1))) return false;
    const variables = piece
      .slice(0, end)
      .replace(/^[+#./;?&=,!@|]/, '')
      .split(',');
    return variables.every((variable) => TEMPLATE_VARIABLE.test(variable));
  });
}

/** Checks an ECMAScript expression, which is only parsed here and never run. */
function isRegex(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

function cut(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}
