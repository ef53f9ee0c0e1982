ALTER TABLE "api_keys" ADD COLUMN "kind" text DEFAULT 'person' NOT NULL;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "on_behalf_of" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "details" json;--> statement-breakpoint
ALTER TABLE "principals" ADD COLUMN "disabled_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "principals" ADD COLUMN "claims" json;--> statement-breakpoint
ALTER TABLE "principals" ADD COLUMN "claims_at" timestamp (3) with time zone;