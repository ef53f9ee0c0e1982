CREATE TABLE "tombstones" (
	"namespace" text NOT NULL,
	"workflow_id" text NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "tombstones_namespace_workflow_id_pk" PRIMARY KEY("namespace","workflow_id")
);
--> statement-breakpoint
CREATE INDEX "tombstones_until" ON "tombstones" USING btree ("until");