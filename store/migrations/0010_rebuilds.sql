ALTER TABLE "executions" ADD COLUMN "generation" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "watermarks" ADD COLUMN "generation" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "watermarks" ADD COLUMN "rebuilt" integer DEFAULT 0 NOT NULL;