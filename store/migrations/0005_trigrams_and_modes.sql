CREATE EXTENSION IF NOT EXISTS pg_trgm;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "mode" text;--> statement-breakpoint
CREATE INDEX "executions_result" ON "executions" USING gin ("result" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "executions_ids" ON "executions" USING gin ("workflow_id" gin_trgm_ops);