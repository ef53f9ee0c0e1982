import { type MailSettings, mailSettings } from '../../chat/email.ts';
import { checkReadiness, type SettingsOf } from '../../chat/settings.ts';
import { type SlackSettings, slackSettings } from '../../chat/slack.ts';
import { teamsSettings } from '../../chat/teams.ts';
import type { TeamsSettings } from '../../chat/teams-tokens.ts';
import type { Egress } from '../../egress/egress.ts';
import { type Config, ConfigError } from '../../model/config.ts';
import { type ConnectedPack, type ConnectionOf, DEFAULT_CONNECTION } from '../../model/connection.ts';
import type { Announcer, MissingSetting } from '../../model/notice.ts';
import type { FindConnection } from '../../service/access/connections.ts';

/** The settings of the process for chat and mail, used by the default tenant if it has no connection for a channel. */
export interface ChatSettings {
  slack?: SlackSettings | undefined;
  mail?: MailSettings | undefined;
  webhookSecret?: string | undefined;
}

/** Reads the settings of chat and mail. Throws a ConfigError if one half of a pair is missing. */
export function readChatSettings(config: Config): ChatSettings {
  const { FERMATA_SLACK_BOT_TOKEN: botToken, FERMATA_SLACK_SIGNING_SECRET: signingSecret } = config;
  const { FERMATA_SMTP_URL: url, FERMATA_SMTP_FROM: from, FERMATA_WEBHOOK_SECRET: webhookSecret } = config;
  if ((botToken === undefined) !== (signingSecret === undefined)) {
    throw new ConfigError('FERMATA_SLACK_BOT_TOKEN and FERMATA_SLACK_SIGNING_SECRET go together');
  }
  if ((url === undefined) !== (from === undefined)) {
    throw new ConfigError('FERMATA_SMTP_URL and FERMATA_SMTP_FROM go together');
  }
  const apiUrl = config.FERMATA_SLACK_API_URL;
  return {
    slack: botToken === undefined || signingSecret === undefined ? undefined : { botToken, signingSecret, apiUrl },
    mail: url === undefined || from === undefined ? undefined : { url, from },
    webhookSecret,
  };
}

/** Returns the settings of each channel for a tenant, or the name of a missing one. */
export interface ChannelSettings {
  slack: SettingsOf<SlackSettings>;
  teams: SettingsOf<TeamsSettings>;
  email: SettingsOf<MailSettings>;
  webhook: SettingsOf<string>;
}

/** The dependencies of the settings of channels. */
export interface ChannelDependencies {
  /** Finds the connections of tenants. */
  connect: FindConnection;
  /** Returns the default tenant, which uses the settings of the process. */
  home: () => Promise<string>;
  /** The egress for addresses that the settings of the process name. */
  trusted: Egress;
}

/** Creates the settings of all channels. */
export function createChannelSettings(settings: ChatSettings, dependencies: ChannelDependencies): ChannelSettings {
  const { trusted } = dependencies;
  const settingsOf = settingsReader(dependencies);
  return {
    slack: settingsOf('slack', slackSettings, {
      settings: settings.slack && { ...settings.slack, egress: trusted },
      name: 'FERMATA_SLACK_BOT_TOKEN',
    }),
    teams: settingsOf('teams', teamsSettings),
    email: settingsOf('email', mailSettings, {
      settings: settings.mail && { ...settings.mail, egress: trusted },
      name: 'FERMATA_SMTP_URL',
    }),
    webhook: settingsOf('webhook', ({ secrets }) => secrets.secret, {
      settings: settings.webhookSecret,
      name: 'FERMATA_WEBHOOK_SECRET',
    }),
  };
}

/** Lists the channels, each of which reports whether a tenant has its settings. */
export function listReadiness(channels: ChannelSettings): Pick<Announcer, 'channel' | 'ready'>[] {
  return Object.entries(channels).map(([channel, settingsOf]) => ({
    channel: channel as Announcer['channel'], // the keys of the interface
    ready: (tenant) => checkReadiness(settingsOf, tenant),
  }));
}

/** The settings of the process for a channel, and the name of the environment variable that has them. */
interface OfProcess<T> {
  settings: T | undefined;
  name: string;
}

/**
 * Creates functions that return the settings of a channel for a tenant: `read` makes them from the connection `default` of the pack. If
 * the default tenant has no such connection, it uses the settings of the process.
 */
function settingsReader({ connect, home }: Pick<ChannelDependencies, 'connect' | 'home'>) {
  return <P extends ConnectedPack, T>(
    pack: P,
    read: (connection: ConnectionOf<P>) => T | MissingSetting,
    process: OfProcess<T> | null = null,
  ) =>
    async (tenant: string): Promise<T | MissingSetting> => {
      const found = await connect(tenant, pack, DEFAULT_CONNECTION);
      if (found !== null) return read(found as ConnectionOf<P>); // what is stored was checked
      const setting = `the connection ${pack}/${DEFAULT_CONNECTION}`;
      if (process === null || tenant !== (await home())) return { ok: false, setting };
      return process.settings ?? { ok: false, setting: `${setting}, or ${process.name},` };
    };
}
