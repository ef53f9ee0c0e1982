ALTER TABLE "executions" ADD COLUMN "retry_of" bigint;--> statement-breakpoint
CREATE INDEX "executions_retry_of" ON "executions" USING btree ("tenant","retry_of");