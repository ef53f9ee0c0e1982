CREATE TABLE "chat_places" (
	"tenant" uuid NOT NULL,
	"channel" text NOT NULL,
	"place" text NOT NULL,
	"service_url" text NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_places_tenant_channel_place_pk" PRIMARY KEY("tenant","channel","place")
);
--> statement-breakpoint
CREATE TABLE "notice_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"key" text NOT NULL,
	"tenant" uuid NOT NULL,
	"channel" text NOT NULL,
	"target" text NOT NULL,
	"kind" text NOT NULL,
	"number" integer NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp (3) with time zone NOT NULL,
	"error" text,
	"delivered_at" timestamp (3) with time zone,
	"place" json,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "notice_events_number" UNIQUE("namespace","workflow_id","key","channel","target","kind","number")
);
--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "asked_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "inquiries" ADD COLUMN "remind_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "notice_events_due" ON "notice_events" USING btree ("namespace","next_at") WHERE state in ('pending', 'retrying', 'not_set_up');--> statement-breakpoint
CREATE INDEX "inquiries_remind" ON "inquiries" USING btree ("namespace","remind_at") WHERE remind_at is not null;
--> statement-breakpoint
-- What was told or is to be told of an inquiry becomes the event "opened" of its target, under the number that stands in buttons.
INSERT INTO "notice_events" ("id", "namespace", "workflow_id", "key", "tenant", "channel", "target", "kind", "number", "state", "attempts", "next_at", "delivered_at", "place", "created")
SELECT n."id", n."namespace", n."workflow_id", n."key", n."tenant", n."kind", n."target", 'opened', 1,
	CASE WHEN n."told" <> '' THEN 'delivered' WHEN n."kind" = 'webhook' OR i."status" = 'pending' THEN 'pending' ELSE 'superseded' END,
	n."attempts", now(), CASE WHEN n."told" <> '' THEN n."created" END, n."handle", n."created"
FROM "notices" n JOIN "inquiries" i USING ("namespace", "workflow_id", "key");
--> statement-breakpoint
SELECT setval(pg_get_serial_sequence('notice_events', 'id'), (SELECT coalesce(max("id"), 0) + 1 FROM "notices"), false);
--> statement-breakpoint
-- The end of an inquiry that a target has not been told of. Mails are not told of it.
INSERT INTO "notice_events" ("namespace", "workflow_id", "key", "tenant", "channel", "target", "kind", "number", "next_at")
SELECT n."namespace", n."workflow_id", n."key", n."tenant", n."kind", n."target",
	CASE i."status" WHEN 'expired' THEN 'expired' WHEN 'cancelled' THEN 'withdrawn' ELSE 'decided' END, 1, now()
FROM "notices" n JOIN "inquiries" i USING ("namespace", "workflow_id", "key")
WHERE n."kind" <> 'email' AND n."told" <> n."wanted" AND (n."told" <> '' OR n."kind" = 'webhook') AND i."status" <> 'pending';
--> statement-breakpoint
-- Messages in chats get buttons that are bound to what is shown.
INSERT INTO "notice_events" ("namespace", "workflow_id", "key", "tenant", "channel", "target", "kind", "number", "next_at")
SELECT n."namespace", n."workflow_id", n."key", n."tenant", n."kind", n."target", 'changed', 1, now()
FROM "notices" n JOIN "inquiries" i USING ("namespace", "workflow_id", "key")
WHERE n."kind" = 'slack' AND n."told" <> '' AND i."status" = 'pending';
--> statement-breakpoint
UPDATE "inquiries" i SET "remind_at" = n."remind"
FROM (SELECT "namespace", "workflow_id", "key", min("remind") AS "remind" FROM "notices" GROUP BY 1, 2, 3) n
WHERE i."namespace" = n."namespace" AND i."workflow_id" = n."workflow_id" AND i."key" = n."key" AND i."status" = 'pending';
--> statement-breakpoint
DROP TABLE "notices" CASCADE;
