CREATE TABLE "enforcements" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "enforcements_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 4294967297 CACHE 1),
	"tenant" uuid NOT NULL,
	"event" bigint NOT NULL,
	"rule" integer NOT NULL,
	"rule_ref" text NOT NULL,
	"rule_revision" integer NOT NULL,
	"event_type" text NOT NULL,
	"trigger_ref" text,
	"webhook" text,
	"depth" integer NOT NULL,
	"status" text NOT NULL,
	"reason" json,
	"reason_code" text,
	"workflow" text NOT NULL,
	"execution" bigint,
	"not_before" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"leased" timestamp (3) with time zone,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started" timestamp (3) with time zone,
	"changed" bigint NOT NULL,
	CONSTRAINT "enforcements_match" UNIQUE("event","rule")
);
--> statement-breakpoint
CREATE INDEX "enforcements_newest" ON "enforcements" USING btree ("tenant","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "enforcements_rule" ON "enforcements" USING btree ("tenant","rule","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "enforcements_pending" ON "enforcements" USING btree ("tenant","id") WHERE status = 'pending';