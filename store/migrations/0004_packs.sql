ALTER TABLE "packs" ADD COLUMN "description" text;--> statement-breakpoint
ALTER TABLE "packs" ADD COLUMN "version" text;--> statement-breakpoint
ALTER TABLE "packs" ADD COLUMN "tags" text[] DEFAULT '{}' NOT NULL;