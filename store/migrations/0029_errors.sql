ALTER TABLE "executions" ADD COLUMN "error_task" text;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "fingerprint" text;--> statement-breakpoint
CREATE INDEX "executions_errors" ON "executions" USING btree ("tenant","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST) WHERE fingerprint is not null;--> statement-breakpoint
CREATE INDEX "executions_fingerprint" ON "executions" USING btree ("tenant","fingerprint","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST) WHERE fingerprint is not null;