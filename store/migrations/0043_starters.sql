-- Reads go on until the columns are added at the end. The order of these locks is that of the writers: the rows of runs, then events, then
-- enforcements.
LOCK TABLE "executions", "events", "enforcements" IN EXCLUSIVE MODE;--> statement-breakpoint
CREATE INDEX "enforcements_workflow" ON "enforcements" USING btree ("tenant","workflow","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "enforcements_reason" ON "enforcements" USING btree ("tenant","reason_code","id" DESC NULLS FIRST) WHERE reason_code is not null;--> statement-breakpoint
CREATE INDEX "enforcements_ended" ON "enforcements" USING btree ("tenant","status","id" DESC NULLS FIRST) WHERE status in ('suppressed', 'failed');--> statement-breakpoint
CREATE INDEX "events_source" ON "events" USING btree ("tenant","source","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_subject" ON "events" USING btree ("tenant","subject","id" DESC NULLS FIRST) WHERE subject is not null;--> statement-breakpoint
CREATE INDEX "events_trigger" ON "events" USING btree ("tenant","trigger_ref","id" DESC NULLS FIRST) WHERE trigger_ref is not null;--> statement-breakpoint
CREATE INDEX "events_webhook" ON "events" USING btree ("tenant","webhook","id" DESC NULLS FIRST) WHERE webhook is not null;--> statement-breakpoint
CREATE INDEX "events_matched" ON "events" USING btree ("tenant","id" DESC NULLS FIRST) WHERE matches > 0;--> statement-breakpoint
CREATE INDEX "events_invalid" ON "events" USING btree ("tenant","id" DESC NULLS FIRST) WHERE state = 'invalid';--> statement-breakpoint
-- The messages of failures may quote what was erased.
UPDATE "enforcements" SET "reason" = json_build_object('code', "reason_code", 'message', 'the message was erased with the event')
FROM "events"
WHERE "events"."tenant" = "enforcements"."tenant" AND "events"."id" = "enforcements"."event" AND "events"."erased" IS NOT NULL
	AND "enforcements"."status" = 'failed';--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "writers" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
-- Who set up a webhook was not recorded. So everybody whom the audit log has with any webhook may know its secrets, as may those for whom
-- their keys act. Once its secrets are replaced, only those who have done that do.
WITH audited AS (
	SELECT DISTINCT "tenant", "subject" FROM "audit_log" WHERE "operation" ~ 'webhook'
), names AS (
	SELECT "tenant", "subject" FROM audited
	UNION
	SELECT "audited"."tenant", "api_keys"."on_behalf_of" FROM "audited"
	JOIN "principals" ON "principals"."tenant" = "audited"."tenant" AND "principals"."subject" = "audited"."subject"
	JOIN "api_keys" ON "api_keys"."principal" = "principals"."id"
	WHERE "api_keys"."on_behalf_of" IS NOT NULL
)
UPDATE "webhooks" SET "writers" = "listed"."subjects"
FROM (SELECT "tenant", array_agg("subject" ORDER BY "subject") AS "subjects" FROM "names" GROUP BY "tenant") AS "listed"
WHERE "listed"."tenant" = "webhooks"."tenant";--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "starters" text[];--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "enders" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "proven" text;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "applied" integer;
