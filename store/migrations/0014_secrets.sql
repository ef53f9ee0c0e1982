CREATE TABLE "secrets" (
	"tenant" uuid NOT NULL,
	"name" text NOT NULL,
	"sealed" text NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "secrets_tenant_name_pk" PRIMARY KEY("tenant","name")
);
