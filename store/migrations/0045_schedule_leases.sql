CREATE TABLE "schedule_leases" (
	"namespace" text NOT NULL,
	"schedule_id" text NOT NULL,
	"holder" uuid NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "schedule_leases_namespace_schedule_id_pk" PRIMARY KEY("namespace","schedule_id")
);
