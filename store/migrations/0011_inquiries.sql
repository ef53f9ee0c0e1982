CREATE TABLE "aliases" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"principal" integer NOT NULL,
	"kind" text NOT NULL,
	"value" text NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "aliases_value" UNIQUE("tenant","kind","value")
);
--> statement-breakpoint
CREATE TABLE "inquiries" (
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"key" text NOT NULL,
	"n" bigint NOT NULL,
	"tenant" uuid NOT NULL,
	"status" text NOT NULL,
	"approvers" text[] DEFAULT '{}' NOT NULL,
	"groups" text[] DEFAULT '{}' NOT NULL,
	"barred" text[] DEFAULT '{}' NOT NULL,
	"voters" text[] DEFAULT '{}' NOT NULL,
	"inquiry" json NOT NULL,
	"ref" text NOT NULL,
	"owner" text,
	"created" timestamp (3) with time zone NOT NULL,
	"event" bigint NOT NULL,
	CONSTRAINT "inquiries_namespace_workflow_id_key_pk" PRIMARY KEY("namespace","workflow_id","key")
);
--> statement-breakpoint
CREATE TABLE "notices" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"key" text NOT NULL,
	"tenant" uuid NOT NULL,
	"kind" text NOT NULL,
	"target" text NOT NULL,
	"wanted" text NOT NULL,
	"told" text DEFAULT '' NOT NULL,
	"handle" json,
	"due" timestamp (3) with time zone NOT NULL,
	"remind" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "notices_target" UNIQUE("namespace","workflow_id","key","kind","target")
);
--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "asked" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "asked_seen" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "inquiries_open" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_principal_principals_id_fk" FOREIGN KEY ("principal") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "inquiries_newest" ON "inquiries" USING btree ("tenant","status","created" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "inquiries_run" ON "inquiries" USING btree ("tenant","n");--> statement-breakpoint
CREATE INDEX "notices_due" ON "notices" USING btree ("due") WHERE told <> wanted or remind is not null;--> statement-breakpoint
CREATE INDEX "executions_asked" ON "executions" USING btree ("namespace") WHERE asked > asked_seen or inquiries_open > 0;