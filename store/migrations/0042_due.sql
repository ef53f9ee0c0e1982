DROP INDEX "enforcements_pending";--> statement-breakpoint
CREATE INDEX "enforcements_free" ON "enforcements" USING btree ("tenant","id") WHERE status = 'pending' and lane is null;--> statement-breakpoint
CREATE INDEX "enforcements_due" ON "enforcements" USING btree ("tenant",coalesce(greatest(not_before, leased), '-infinity'::timestamptz)) WHERE status = 'pending';