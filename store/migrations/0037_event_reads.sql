ALTER TABLE "events" ALTER COLUMN "type" SET DATA TYPE text collate "C";--> statement-breakpoint
CREATE INDEX "enforcements_rule_ref" ON "enforcements" USING btree ("tenant","rule_ref","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "enforcements_changed" ON "enforcements" USING btree ("tenant","changed","id");--> statement-breakpoint
CREATE INDEX "events_changed" ON "events" USING btree ("tenant","changed","id");