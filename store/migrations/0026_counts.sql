-- Writers wait from here to the end, readers only for the last statements, which drop indexes. With a weaker lock, a writer that has begun
-- would wait for this migration, and this migration for that writer.
LOCK TABLE "executions" IN EXCLUSIVE MODE;
--> statement-breakpoint
CREATE TABLE "execution_count_changes" (
	"tenant" uuid NOT NULL,
	"day" date NOT NULL,
	"ref" text NOT NULL,
	"pack" text NOT NULL,
	"status" text NOT NULL,
	"total" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "execution_counts" (
	"tenant" uuid NOT NULL,
	"day" date NOT NULL,
	"ref" text NOT NULL,
	"pack" text NOT NULL,
	"status" text NOT NULL,
	"total" bigint NOT NULL,
	CONSTRAINT "execution_counts_tenant_day_ref_pack_status_pk" PRIMARY KEY("tenant","day","ref","pack","status")
);
--> statement-breakpoint
CREATE TABLE "run_actions" (
	"tenant" uuid NOT NULL,
	"action" text NOT NULL,
	"ref" text NOT NULL,
	"list" text NOT NULL
);
--> statement-breakpoint
ALTER INDEX "executions_executor" RENAME TO "executions_executor_before";--> statement-breakpoint
ALTER INDEX "executions_status" RENAME TO "executions_status_before";--> statement-breakpoint
ALTER INDEX "executions_ref" RENAME TO "executions_ref_before";--> statement-breakpoint
ALTER INDEX "executions_pack" RENAME TO "executions_pack_before";--> statement-breakpoint
ALTER INDEX "executions_enforcement" RENAME TO "executions_enforcement_before";--> statement-breakpoint
CREATE INDEX "execution_count_changes_tenant" ON "execution_count_changes" USING btree ("tenant");--> statement-breakpoint
CREATE INDEX "execution_counts_none" ON "execution_counts" USING btree ("tenant") WHERE total = 0;--> statement-breakpoint
CREATE INDEX "run_actions_action" ON "run_actions" USING btree ("tenant","action","ref","list");--> statement-breakpoint
CREATE INDEX "executions_definition" ON "executions" USING btree ("tenant","definition","status","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_misplaced" ON "executions" USING btree ("tenant",(listed - created));--> statement-breakpoint
CREATE INDEX "executions_executor" ON "executions" USING btree ("tenant","executor","status","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_status" ON "executions" USING btree ("tenant","status","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_ref" ON "executions" USING btree ("tenant","ref","status","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_pack" ON "executions" USING btree ("tenant","pack","status","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_enforcement" ON "executions" USING btree ("tenant","enforcement","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);
--> statement-breakpoint
CREATE FUNCTION note_execution_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO execution_count_changes
      SELECT tenant, (created AT TIME ZONE 'UTC')::date, ref, pack, status, count(*)
      FROM new_rows WHERE tenant IS NOT NULL GROUP BY 1, 2, 3, 4, 5;
    INSERT INTO run_actions
      SELECT DISTINCT tenant, action, ref, list FROM (
        SELECT DISTINCT tenant, ref, actions, md5(actions::text) AS list FROM new_rows WHERE tenant IS NOT NULL
      ) AS written CROSS JOIN LATERAL unnest(actions || ref) AS action
      WHERE NOT EXISTS (
        SELECT FROM run_actions AS known WHERE known.tenant = written.tenant AND known.action = written.ref
          AND known.ref = written.ref AND known.list = written.list);
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO execution_count_changes
      SELECT tenant, day, ref, pack, status, sum(change) FROM (
        SELECT tenant, (created AT TIME ZONE 'UTC')::date AS day, ref, pack, status, 1 AS change FROM new_rows
        UNION ALL
        SELECT tenant, (created AT TIME ZONE 'UTC')::date, ref, pack, status, -1 FROM old_rows
      ) AS changed WHERE tenant IS NOT NULL GROUP BY 1, 2, 3, 4, 5 HAVING sum(change) <> 0;
    INSERT INTO run_actions
      SELECT DISTINCT tenant, action, ref, list FROM (
        SELECT tenant, ref, actions, md5(actions::text) AS list FROM new_rows WHERE tenant IS NOT NULL
        EXCEPT
        SELECT tenant, ref, actions, md5(actions::text) FROM old_rows
      ) AS written CROSS JOIN LATERAL unnest(actions || ref) AS action
      WHERE NOT EXISTS (
        SELECT FROM run_actions AS known WHERE known.tenant = written.tenant AND known.action = written.ref
          AND known.ref = written.ref AND known.list = written.list);
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO execution_count_changes
      SELECT tenant, (created AT TIME ZONE 'UTC')::date, ref, pack, status, -count(*)
      FROM old_rows WHERE tenant IS NOT NULL GROUP BY 1, 2, 3, 4, 5;
  ELSE
    DELETE FROM execution_counts;
    DELETE FROM execution_count_changes;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER executions_inserted AFTER INSERT ON "executions" REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_execution_counts();
--> statement-breakpoint
CREATE TRIGGER executions_updated AFTER UPDATE ON "executions" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_execution_counts();
--> statement-breakpoint
CREATE TRIGGER executions_deleted AFTER DELETE ON "executions" REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_execution_counts();
--> statement-breakpoint
CREATE TRIGGER executions_truncated AFTER TRUNCATE ON "executions"
  FOR EACH STATEMENT EXECUTE FUNCTION note_execution_counts();
--> statement-breakpoint
INSERT INTO "execution_counts" ("tenant", "day", "ref", "pack", "status", "total")
  SELECT tenant, coalesce(day, '-infinity'), ref, pack, status, count(*)
  FROM (SELECT tenant, (created AT TIME ZONE 'UTC')::date AS day, ref, pack, status FROM executions WHERE tenant IS NOT NULL) AS counted
  GROUP BY GROUPING SETS ((tenant, day, ref, pack, status), (tenant, ref, pack, status));
--> statement-breakpoint
INSERT INTO "run_actions" ("tenant", "action", "ref", "list")
  SELECT DISTINCT tenant, action, ref, md5(actions::text) FROM executions CROSS JOIN LATERAL unnest(actions || ref) AS action WHERE tenant IS NOT NULL;
--> statement-breakpoint
DROP INDEX "executions_executor_before";--> statement-breakpoint
DROP INDEX "executions_status_before";--> statement-breakpoint
DROP INDEX "executions_ref_before";--> statement-breakpoint
DROP INDEX "executions_pack_before";--> statement-breakpoint
DROP INDEX "executions_enforcement_before";
