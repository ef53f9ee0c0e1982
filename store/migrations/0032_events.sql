CREATE TABLE "events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"identity" text NOT NULL,
	"ingress" text NOT NULL,
	"event_id" text NOT NULL,
	"type" text NOT NULL,
	"source" text NOT NULL,
	"subject" text,
	"time" text,
	"trigger_ref" text,
	"webhook" text,
	"verified" boolean NOT NULL,
	"headers" json NOT NULL,
	"extensions" json NOT NULL,
	"content_type" text,
	"payload" json NOT NULL,
	"payload_bytes" integer NOT NULL,
	"state" text NOT NULL,
	"issues" json NOT NULL,
	"matches" integer DEFAULT 0 NOT NULL,
	"depth" integer DEFAULT 0 NOT NULL,
	"chain" bigint[] DEFAULT '{}' NOT NULL,
	"replay_of" bigint,
	"replay_rules" bigint[],
	"execution" bigint,
	"principal" text,
	"on_behalf_of" text,
	"received" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"erased" timestamp (3) with time zone,
	"changed" bigint NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "events_identity" ON "events" USING btree ("tenant","identity");--> statement-breakpoint
CREATE INDEX "events_newest" ON "events" USING btree ("tenant","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_type" ON "events" USING btree ("tenant","type","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_event_id" ON "events" USING hash ("event_id");--> statement-breakpoint
CREATE INDEX "events_unplanned" ON "events" USING btree ("tenant","id") WHERE state = 'received';--> statement-breakpoint
CREATE INDEX "events_execution" ON "events" USING btree ("tenant","execution") WHERE execution is not null;--> statement-breakpoint
CREATE INDEX "events_replays" ON "events" USING btree ("replay_of") WHERE replay_of is not null;--> statement-breakpoint
CREATE INDEX "events_received" ON "events" USING btree ("received");