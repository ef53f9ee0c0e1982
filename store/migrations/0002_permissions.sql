ALTER TABLE "principals" ADD COLUMN "permissions" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "principals" ADD COLUMN "groups" text[] DEFAULT '{}' NOT NULL;