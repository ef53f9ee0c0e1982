import type { Issue } from '../issue.ts';
import { jsonSize } from '../json.ts';
import { isStorableText, NOT_STORABLE } from '../text.ts';
import type { NewEvent } from './event.ts';
import { isReservedType } from './type-pattern.ts';

// The rules for the attributes of events, whichever way they come in.

/** The beginnings of sources that come from Fermata alone, from one principal, and from one webhook. */
const OWN_SOURCES = 'urn:fermata:';
const PRINCIPALS = '/principals/';
const WEBHOOKS = '/hooks/';

/** The most characters of a source, a subject and a sender's id. */
const MAX_TEXT = 500;

/** The largest payload, in bytes of JSON. */
export const MAX_EVENT_PAYLOAD = 1024 * 1024;

/** The most extension attributes of an event, and characters of the value of one. */
const MAX_EXTENSIONS = 20;
const MAX_EXTENSION_TEXT = 1_000;

/** Matches a type: visible ASCII without the asterisk, which stands for any segment in rules. */
const TYPE = /^[!-)+-~]{1,200}$/;
const EXTENSION_NAME = /^[a-z0-9]{1,20}$/;
const CONTROL = /\p{Cc}/u;

/** Reports whether a text can be the type of an event. */
export function isEventType(text: string): boolean {
  return TYPE.test(text);
}

/** Returns the source of a principal's events without another one; as CloudEvents demand, it is a URI reference. */
export function principalSource(subject: string): string {
  return `${PRINCIPALS}${encodeURI(subject.toWellFormed())}`;
}

/** Returns the source of the events of a webhook without another one. */
export function webhookSource(name: string): string {
  return `${WEBHOOKS}${name}`;
}

/**
 * Returns the attribute of an event that its sender may not give this value; null: there is none. `own` is the source of the sender: that of
 * another principal or webhook would occupy the ids of its events.
 */
export function reservedField(
  { type, source }: Pick<NewEvent, 'type' | 'source'>,
  own: string,
): 'type' | 'source' | null {
  if (isReservedType(type)) return 'type';
  const isReserved = [OWN_SOURCES, PRINCIPALS, WEBHOOKS].some((beginning) => source.startsWith(beginning));
  return isReserved && source !== own ? 'source' : null;
}

/** Finds the issues of the attributes of an event; `base` is the pointer of the event in the request. */
export function checkAttributes(event: NewEvent, base: string): Issue[] {
  const { type, source, subject, event_id, content_type, payload } = event;
  const issues: Issue[] = [];
  const add = (field: string, message: string, code = 'value_invalid') =>
    issues.push({ code, path: `${base}/${field}`, message });
  if (!isEventType(type)) add('type', 'must be 1 to 200 visible ASCII characters without "*"');
  for (const [field, text] of Object.entries({ source, subject, event_id, content_type })) {
    const message = text === null ? null : textFault(text);
    if (message !== null) add(field, message);
  }
  issues.push(...checkExtensions(event.extensions, base));
  if (jsonSize(payload) > MAX_EVENT_PAYLOAD) {
    add('payload', `must not have more than ${MAX_EVENT_PAYLOAD} bytes as JSON`, 'too_large');
  }
  return issues;
}

function textFault(text: string, most = MAX_TEXT): string | null {
  if (text.length === 0 || text.length > most) return `must have 1 to ${most} characters`;
  if (!isStorableText(text)) return NOT_STORABLE;
  return CONTROL.test(text) ? 'must not contain control characters' : null;
}

function checkExtensions(extensions: NewEvent['extensions'], base: string): Issue[] {
  const names = Object.keys(extensions);
  if (names.length > MAX_EXTENSIONS) {
    const message = `must not have more than ${MAX_EXTENSIONS} extension attributes`;
    return [{ code: 'out_of_range', path: base, message }];
  }
  return names.flatMap((name): Issue[] => {
    const path = `${base}/${name}`;
    const value = extensions[name]!;
    if (!EXTENSION_NAME.test(name)) {
      const message = 'the name of an extension attribute must be 1 to 20 lower-case letters and digits';
      return [{ code: 'name_invalid', path, message }];
    }
    const message = typeof value === 'string' && value !== '' ? textFault(value, MAX_EXTENSION_TEXT) : null;
    return message === null ? [] : [{ code: 'value_invalid', path, message }];
  });
}
