CREATE TABLE "processes" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"host" text NOT NULL,
	"pid" integer NOT NULL,
	"key_ids" json NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
