DROP INDEX "executions_newest";--> statement-breakpoint
DROP INDEX "executions_status";--> statement-breakpoint
DROP INDEX "executions_ref";--> statement-breakpoint
DROP INDEX "executions_pack";--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "listed" timestamp (3) with time zone;--> statement-breakpoint
UPDATE "executions" SET "listed" = "created";--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "listed" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "executions_created" ON "executions" USING btree ("tenant","created");--> statement-breakpoint
CREATE INDEX "executions_executor" ON "executions" USING btree ("tenant","executor","listed" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_newest" ON "executions" USING btree ("tenant","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_status" ON "executions" USING btree ("tenant","status","listed" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_ref" ON "executions" USING btree ("tenant","ref","listed" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "executions_pack" ON "executions" USING btree ("tenant","pack","listed" DESC NULLS FIRST);