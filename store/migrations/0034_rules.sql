CREATE TABLE "rule_counts" (
	"rule" integer PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"matched" bigint DEFAULT 0 NOT NULL,
	"started" bigint DEFAULT 0 NOT NULL,
	"suppressed" bigint DEFAULT 0 NOT NULL,
	"failed" bigint DEFAULT 0 NOT NULL,
	"undefined" bigint DEFAULT 0 NOT NULL,
	"last_match" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "rule_revisions" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"rule" integer NOT NULL,
	"revision" integer NOT NULL,
	"hash" text NOT NULL,
	"content" json NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rule_revisions_number" UNIQUE("rule","revision")
);
--> statement-breakpoint
CREATE TABLE "rule_versions" (
	"tenant" uuid PRIMARY KEY NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rules" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"pack" integer NOT NULL,
	"ref" text NOT NULL,
	"label" text NOT NULL,
	"description" text,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"enabled" boolean NOT NULL,
	"revision" integer NOT NULL,
	"type" text NOT NULL,
	"trigger" text,
	"webhook" text,
	"workflow" text,
	"owner" integer NOT NULL,
	"owner_subject" text NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rules_ref" UNIQUE("tenant","ref")
);
--> statement-breakpoint
CREATE TABLE "triggers" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant" uuid NOT NULL,
	"pack" integer NOT NULL,
	"ref" text NOT NULL,
	"label" text NOT NULL,
	"description" text,
	"type" text NOT NULL,
	"schema" json,
	"examples" json NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "triggers_ref" UNIQUE("tenant","ref"),
	CONSTRAINT "triggers_type" UNIQUE("tenant","type")
);
--> statement-breakpoint
ALTER TABLE "rule_counts" ADD CONSTRAINT "rule_counts_rule_rules_id_fk" FOREIGN KEY ("rule") REFERENCES "public"."rules"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rule_revisions" ADD CONSTRAINT "rule_revisions_rule_rules_id_fk" FOREIGN KEY ("rule") REFERENCES "public"."rules"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rules" ADD CONSTRAINT "rules_pack_packs_id_fk" FOREIGN KEY ("pack") REFERENCES "public"."packs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "triggers" ADD CONSTRAINT "triggers_pack_packs_id_fk" FOREIGN KEY ("pack") REFERENCES "public"."packs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "rules_pack" ON "rules" USING btree ("pack");--> statement-breakpoint
CREATE INDEX "rules_workflow" ON "rules" USING btree ("tenant","workflow");--> statement-breakpoint
CREATE INDEX "rules_trigger" ON "rules" USING btree ("tenant","trigger");--> statement-breakpoint
CREATE INDEX "rules_webhook" ON "rules" USING btree ("tenant","webhook");--> statement-breakpoint
CREATE INDEX "triggers_pack" ON "triggers" USING btree ("pack");