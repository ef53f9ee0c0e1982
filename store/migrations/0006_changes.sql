ALTER TABLE "executions" ADD COLUMN "changed" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "executions_changed" ON "executions" USING btree ("tenant","changed","n");