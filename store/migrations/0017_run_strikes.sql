CREATE TABLE "run_strikes" (
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"run_id" text NOT NULL,
	"count" integer NOT NULL,
	"last" timestamp (3) with time zone NOT NULL,
	"ended" timestamp (3) with time zone,
	CONSTRAINT "run_strikes_namespace_workflow_id_run_id_pk" PRIMARY KEY("namespace","workflow_id","run_id")
);
--> statement-breakpoint
CREATE INDEX "run_strikes_due" ON "run_strikes" USING btree ("namespace","count") WHERE ended is null;