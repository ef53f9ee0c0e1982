CREATE TABLE "bulk_jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"verb" text NOT NULL,
	"reason" text NOT NULL,
	"principal" json NOT NULL,
	"status" text NOT NULL,
	"targets" bigint[] NOT NULL,
	"done" integer DEFAULT 0 NOT NULL,
	"succeeded" integer DEFAULT 0 NOT NULL,
	"errors" json DEFAULT '[]'::json NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"leased" timestamp (3) with time zone,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "bulk_jobs_running" ON "bulk_jobs" USING btree ("leased") WHERE status = 'running';