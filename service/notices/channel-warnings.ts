import type { Definition } from '../../model/definition.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Announcer } from '../../model/notice.ts';

/** Warns of channels that a definition uses and that a tenant has not set up. */
export async function warnOfChannels(
  channels: readonly Pick<Announcer, 'channel' | 'ready'>[],
  tenant: string,
  definition: Definition,
): Promise<Issue[]> {
  const found = notifiesOf(definition).flatMap(({ notify, path }) =>
    channels
      .filter(({ channel }) => Object.hasOwn(notify, channel))
      .map(async ({ channel, ready }): Promise<Issue[]> => {
        const readiness = await ready(tenant);
        if (readiness.ok) return [];
        const message = `notices through ${channel} cannot be sent: ${readiness.setting} is missing`;
        return [{ code: 'channel_not_set_up', path: `${path}/${channel}`, message }];
      }),
  );
  return (await Promise.all(found)).flat();
}

/** Finds the `notify` entries of a definition that are not templates. */
function notifiesOf({ tasks }: Definition): { notify: JsonObject; path: string }[] {
  return tasks.flatMap(({ action, input = {} }, index) => {
    if (action !== 'core.inquiry' || !isJsonObject(input)) return [];
    const path = `/definition/tasks/${index}/input`;
    const steps = Array.isArray(input.escalate) ? input.escalate : [];
    const places: [Json | undefined, string][] = [
      [input.notify, `${path}/notify`],
      ...steps.map((step, at): [Json | undefined, string] => [
        isJsonObject(step) ? step.notify : undefined,
        `${path}/escalate/${at}/notify`,
      ]),
    ];
    return places.flatMap(([notify, where]) =>
      isJsonObject(notify ?? null) ? [{ notify: notify as JsonObject, path: where }] : [],
    );
  });
}
