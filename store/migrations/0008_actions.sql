CREATE TABLE "actions" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"pack" integer NOT NULL,
	"ref" text NOT NULL,
	"label" text NOT NULL,
	"description" text,
	"param_schema" json,
	"out_schema" json,
	"task_queue" text NOT NULL,
	"idempotent" boolean NOT NULL,
	"timeout" double precision NOT NULL,
	"queue_timeout" double precision NOT NULL,
	"heartbeat_timeout" double precision NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "actions_ref" UNIQUE("tenant","ref")
);
--> statement-breakpoint
ALTER TABLE "actions" ADD CONSTRAINT "actions_pack_packs_id_fk" FOREIGN KEY ("pack") REFERENCES "public"."packs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "actions_pack" ON "actions" USING btree ("pack");