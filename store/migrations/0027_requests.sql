ALTER TABLE "tombstones" ADD COLUMN "tenant" uuid;--> statement-breakpoint
ALTER TABLE "tombstones" ADD COLUMN "n" bigint;--> statement-breakpoint
CREATE INDEX "bulk_jobs_created" ON "bulk_jobs" USING btree ("created");--> statement-breakpoint
CREATE INDEX "idempotency_keys_n" ON "idempotency_keys" USING btree ("n");--> statement-breakpoint
CREATE INDEX "idempotency_keys_created" ON "idempotency_keys" USING btree ("created");--> statement-breakpoint
CREATE INDEX "tombstones_n" ON "tombstones" USING btree ("n");