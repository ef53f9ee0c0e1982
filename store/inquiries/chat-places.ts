import { and, eq, ne } from 'drizzle-orm';
import type { NoticeChannel } from '../../model/inquiry.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { chatPlaces } from '../schema.ts';

/** Where the channels of chat services are reached, as the services have said. */
export interface ChatPlaceStore {
  /** Returns the URL at which a place is reached; null: the service has not named it. */
  find(tenant: string, channel: NoticeChannel, place: string): Promise<string | null>;
  /** Notes where places are reached. */
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
