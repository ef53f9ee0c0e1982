import { and, eq, ne } from 'drizzle-orm';
import type { NoticeChannel } from '../../model/inquiry.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { chatPlaces } from './tables.ts';

/** The URLs of chat channels, as the services have reported them. */
export interface ChatPlaceStore {
  /** Finds the URL of a channel; null when the service has not reported one. */
  find(tenant: string, channel: NoticeChannel, place: string): Promise<string | null>;
  /** Stores the URLs of channels. */
  note(tenant: string, channel: NoticeChannel, places: readonly string[], serviceUrl: string, now: Date): Promise<void>;
}

/** Creates the store over an open database. */
export function createChatPlaceStore(db: Database): ChatPlaceStore {
  return named<ChatPlaceStore>('chat-places', {
    async find(tenant, channel, place) {
      const [found] = await db
        .select({ serviceUrl: chatPlaces.serviceUrl })
        .from(chatPlaces)
        .where(and(eq(chatPlaces.tenant, tenant), eq(chatPlaces.channel, channel), eq(chatPlaces.place, place)));
      return found?.serviceUrl ?? null;
    },

    async note(tenant, channel, places, serviceUrl, now) {
      if (places.length === 0) return;
      const rows = [...new Set(places)].map((place) => ({ tenant, channel, place, serviceUrl, updated: now }));
      await db
        .insert(chatPlaces)
        .values(rows)
        .onConflictDoUpdate({
          target: [chatPlaces.tenant, chatPlaces.channel, chatPlaces.place],
          set: { serviceUrl, updated: now },
          setWhere: ne(chatPlaces.serviceUrl, serviceUrl),
        });
    },
  });
}
