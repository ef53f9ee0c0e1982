CREATE TABLE "api_keys" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"principal" integer NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"label" text,
	"expires" timestamp (3) with time zone,
	"revoked" timestamp (3) with time zone,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "executions" (
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"run_id" text,
	"n" bigint NOT NULL,
	"tenant" uuid,
	"ref" text NOT NULL,
	"revision" integer,
	"definition" integer,
	"pack" text NOT NULL,
	"actions" text[] DEFAULT '{}' NOT NULL,
	"status" text NOT NULL,
	"parent" bigint,
	"enforcement" bigint,
	"executor" integer,
	"owner" text,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"input" text,
	"result" text,
	"error" text,
	"error_code" text,
	"created" timestamp (3) with time zone NOT NULL,
	"updated" timestamp (3) with time zone NOT NULL,
	"closed" timestamp (3) with time zone,
	"version_start" bigint NOT NULL,
	"version_run" text NOT NULL,
	"version_closed" integer NOT NULL,
	"version_event" bigint NOT NULL,
	"marked" boolean DEFAULT false NOT NULL,
	"looked" timestamp (3) with time zone,
	CONSTRAINT "executions_namespace_workflow_id_pk" PRIMARY KEY("namespace","workflow_id")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant" uuid NOT NULL,
	"key" text NOT NULL,
	"body_hash" text NOT NULL,
	"n" bigint NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_key_pk" PRIMARY KEY("tenant","key")
);
--> statement-breakpoint
CREATE TABLE "packs" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"ref" text NOT NULL,
	"label" text NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "packs_ref" UNIQUE("tenant","ref")
);
--> statement-breakpoint
CREATE TABLE "principals" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"subject" text NOT NULL,
	"roles" text[] DEFAULT '{}' NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "principals_subject" UNIQUE("tenant","subject")
);
--> statement-breakpoint
CREATE TABLE "revisions" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"workflow" integer NOT NULL,
	"revision" integer NOT NULL,
	"version" text NOT NULL,
	"hash" text NOT NULL,
	"definition" json NOT NULL,
	"param_schema" json,
	"out_schema" json,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "revisions_number" UNIQUE("workflow","revision")
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"ref" text NOT NULL,
	"label" text NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tenants_ref_unique" UNIQUE("ref")
);
--> statement-breakpoint
CREATE TABLE "watermarks" (
	"namespace" text PRIMARY KEY NOT NULL,
	"started" timestamp (3) with time zone NOT NULL,
	"closed" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "workflows" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"pack" integer NOT NULL,
	"ref" text NOT NULL,
	"label" text NOT NULL,
	"description" text,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"revision" integer NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workflows_ref" UNIQUE("tenant","ref")
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_principal_principals_id_fk" FOREIGN KEY ("principal") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "principals" ADD CONSTRAINT "principals_tenant_tenants_id_fk" FOREIGN KEY ("tenant") REFERENCES "public"."tenants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revisions" ADD CONSTRAINT "revisions_workflow_workflows_id_fk" FOREIGN KEY ("workflow") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflows" ADD CONSTRAINT "workflows_pack_packs_id_fk" FOREIGN KEY ("pack") REFERENCES "public"."packs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "executions_n" ON "executions" USING btree ("n");--> statement-breakpoint
CREATE INDEX "executions_newest" ON "executions" USING btree ("tenant","created" DESC NULLS LAST,"n" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "executions_status" ON "executions" USING btree ("tenant","status","created" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "executions_ref" ON "executions" USING btree ("tenant","ref","created" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "executions_pack" ON "executions" USING btree ("tenant","pack","created" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "executions_actions" ON "executions" USING gin ("actions");--> statement-breakpoint
CREATE INDEX "executions_enforcement" ON "executions" USING btree ("tenant","enforcement");--> statement-breakpoint
CREATE INDEX "executions_parent" ON "executions" USING btree ("tenant","parent");--> statement-breakpoint
CREATE INDEX "executions_open" ON "executions" USING btree ("namespace","looked") WHERE version_closed = 0;--> statement-breakpoint
CREATE INDEX "workflows_pack" ON "workflows" USING btree ("pack");