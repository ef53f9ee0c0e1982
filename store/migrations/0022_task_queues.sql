CREATE TABLE "task_queues" (
	"name" text PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "task_queues" ADD CONSTRAINT "task_queues_tenant_tenants_id_fk" FOREIGN KEY ("tenant") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
-- A queue that the actions of one tenant use is that tenant's; one that several use is the first tenant's.
INSERT INTO "task_queues" ("name", "tenant")
SELECT "task_queue", CASE WHEN count(DISTINCT "tenant") = 1 THEN min("tenant"::text)::uuid ELSE (SELECT "id" FROM "tenants" WHERE "ref" = 'default') END
FROM "actions" WHERE "task_queue" <> 'fermata' GROUP BY "task_queue";
