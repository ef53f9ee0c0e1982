import { type MissingSetting, NoticeError, type Readiness } from '../model/notice.ts';

/** Returns the settings of a channel for a tenant, or the name of a missing one. */
export type SettingsOf<T> = (tenant: string) => Promise<T | MissingSetting>;

/** Reports whether a tenant has the settings of a channel. */
export async function checkReadiness(settingsOf: SettingsOf<unknown>, tenant: string): Promise<Readiness> {
  const settings = await settingsOf(tenant);
  return isMissing(settings) ? settings : { ok: true };
}

/** Returns the settings of a channel for a tenant. Throws a NoticeError, which names the channel, where they are missing. */
export async function demandSettings<T>(settingsOf: SettingsOf<T>, tenant: string, channel: string): Promise<T> {
  const settings = await settingsOf(tenant);
  if (isMissing(settings)) throw new NoticeError(`${channel} not configured: ${settings.setting}`);
  return settings;
}

/** Reports whether settings are missing. */
export function isMissing<T>(settings: T | MissingSetting): settings is MissingSetting {
  return typeof settings === 'object' && settings !== null && 'ok' in settings;
}
