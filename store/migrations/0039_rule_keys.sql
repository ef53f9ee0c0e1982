CREATE TABLE "rule_keys" (
	"tenant" uuid NOT NULL,
	"rule" integer NOT NULL,
	"hash" text NOT NULL,
	"enforcement" bigint NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "rule_keys_rule_hash_pk" PRIMARY KEY("rule","hash")
);
--> statement-breakpoint
ALTER TABLE "enforcements" ADD COLUMN "duplicate_of" bigint;--> statement-breakpoint
CREATE INDEX "rule_keys_until" ON "rule_keys" USING btree ("until");