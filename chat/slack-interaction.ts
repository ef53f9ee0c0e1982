import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** A button press or form submission in Slack. */
export interface SlackInteraction {
  kind: 'press' | 'submit';
  sealed: string;
  team: string;
  app: string;
  user: string;
  /** Where the button is; empty for a form. */
  channel: string;
  trigger: string;
  /** Identifies the click; equal in repeated deliveries. */
  once: string;
  /** Returns the text of a block of the form; empty if there is none. */
  written(block: string): string;
}

/** Reads the payload of an interaction; null if it decides nothing. */
export function readInteraction(payload: Json): SlackInteraction | null {
  if (!isJsonObject(payload)) return null;
  const { type, team, api_app_id: app, user, channel, trigger_id: trigger, actions, view } = payload;
  const common = {
    team: idOf(team),
    app: textOf(app),
    user: idOf(user),
    channel: idOf(channel),
    trigger: textOf(trigger),
  };
  if (type === 'block_actions' && Array.isArray(actions)) {
    const action = actions.find((each) => isJsonObject(each) && textOf(each.action_id).startsWith('decide:'));
    if (!isJsonObject(action ?? null)) return null;
    const { value, action_ts: at } = action as JsonObject;
    return { ...common, kind: 'press', sealed: textOf(value), once: textOf(at), written: () => '' };
  }
  if (type === 'view_submission' && isJsonObject(view ?? null)) {
    const { callback_id: callback, private_metadata: sealed, id, state } = view as JsonObject;
    if (callback !== 'decide') return null;
    const values = objectOf(objectOf(state).values);
    return {
      ...common,
      kind: 'submit',
      sealed: textOf(sealed),
      once: textOf(id),
      written: (block) => writtenIn(objectOf(objectOf(values[block]).value)),
    };
  }
  return null;
}

function writtenIn({ value, selected_option: option }: JsonObject): string {
  return textOf(value ?? objectOf(option).value);
}

function idOf(of: Json | undefined): string {
  return textOf(objectOf(of).id);
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value ?? null) ? (value as JsonObject) : {};
}

/** Returns a text of a payload; empty if it is anything else. */
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
