CREATE TABLE "failure_hooks" (
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"tenant" uuid NOT NULL,
	"hook" text NOT NULL,
	"done" timestamp (3) with time zone,
	"error" text,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "failure_hooks_namespace_workflow_id_pk" PRIMARY KEY("namespace","workflow_id")
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"tenant" uuid NOT NULL,
	"ref" text NOT NULL,
	"key" text NOT NULL,
	"limit" integer NOT NULL,
	"policy" text NOT NULL,
	"granted" timestamp (3) with time zone,
	"refused" boolean DEFAULT false NOT NULL,
	"cancelled" boolean DEFAULT false NOT NULL,
	"told" boolean DEFAULT false NOT NULL,
	"stopped" boolean DEFAULT false NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "turns_namespace_workflow_id_pk" PRIMARY KEY("namespace","workflow_id")
);
--> statement-breakpoint
CREATE INDEX "failure_hooks_due" ON "failure_hooks" USING btree ("namespace","created") WHERE done is null;--> statement-breakpoint
CREATE INDEX "turns_key" ON "turns" USING btree ("namespace","tenant","ref","key");