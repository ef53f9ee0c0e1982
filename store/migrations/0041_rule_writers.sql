ALTER TABLE "events" ADD COLUMN "starters" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "rule_revisions" ADD COLUMN "writers" text[];--> statement-breakpoint
-- Who wrote a revision was not recorded. So its authors are whoever wrote the rule last and everybody who may have written it: those whom
-- the audit log has with any rule or import, and those for whom their keys act. A rule that is written anew has its own authors.
WITH audited AS (
	SELECT DISTINCT "tenant", "subject" FROM "audit_log" WHERE "operation" ~ 'rule|import'
), authors AS (
	SELECT "tenant", "id" AS "rule", "owner_subject" AS "subject" FROM "rules"
	UNION
	SELECT "rules"."tenant", "rules"."id", "audited"."subject" FROM "rules" JOIN "audited" USING ("tenant")
), names AS (
	SELECT "rule", "subject" FROM "authors"
	UNION
	SELECT "authors"."rule", "api_keys"."on_behalf_of" FROM "authors"
	JOIN "principals" ON "principals"."tenant" = "authors"."tenant" AND "principals"."subject" = "authors"."subject"
	JOIN "api_keys" ON "api_keys"."principal" = "principals"."id"
	WHERE "api_keys"."on_behalf_of" IS NOT NULL
)
UPDATE "rule_revisions" SET "writers" = "listed"."subjects"
FROM (SELECT "rule", array_agg("subject" ORDER BY "subject") AS "subjects" FROM "names" GROUP BY "rule") AS "listed"
WHERE "listed"."rule" = "rule_revisions"."rule";--> statement-breakpoint
ALTER TABLE "rule_revisions" ALTER COLUMN "writers" SET NOT NULL;
