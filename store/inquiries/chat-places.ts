import { and, eq, ne } from 'drizzle-orm';
import type { NoticeChannel } from '../../model/inquiry.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { chatPlaces } from '../schema.ts';

/** Where the channels of chat services are reached, as the services have said. */
export type ChatPlaceStore = ReturnType<typeof createChatPlaceStore>;

/** Makes the store over an open database. */
export function createChatPlaceStore(db: Database) {
  return named('chat-places', {
    /** Returns the URL at which a place is reached; null: the service has not named it. */
    async find(tenant: string, channel: NoticeChannel, place: string): Promise<string | null> {
      const [found] = await db
        .select({ serviceUrl: chatPlaces.serviceUrl })
        .from(chatPlaces)
        .where(and(eq(chatPlaces.tenant, tenant), eq(chatPlaces.channel, channel), eq(chatPlaces.place, place)));
      return found?.serviceUrl ?? null;
    },

    /** Notes where places are reached. */
    async note(
      tenant: string,
      channel: NoticeChannel,
      places: readonly string[],
      serviceUrl: string,
      now: Date,
    ): Promise<void> {
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
