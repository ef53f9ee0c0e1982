ALTER TABLE "enforcements" ADD COLUMN "replayed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "enforcements" ADD COLUMN "lane" integer;--> statement-breakpoint
CREATE INDEX "enforcements_lanes" ON "enforcements" USING btree ("tenant","lane","id") WHERE status = 'pending' and lane is not null;--> statement-breakpoint
CREATE INDEX "enforcements_underway" ON "enforcements" USING btree ("tenant","lane","id") WHERE status = 'pending' and lane is not null and leased is not null;--> statement-breakpoint
CREATE INDEX "enforcements_starts" ON "enforcements" USING btree ("tenant","rule","started" DESC NULLS FIRST) WHERE status = 'started' and not replayed;