CREATE TABLE "connections" (
	"tenant" uuid NOT NULL,
	"pack" text NOT NULL,
	"name" text NOT NULL,
	"settings" json NOT NULL,
	"sealed" text NOT NULL,
	"secrets" text[] DEFAULT '{}' NOT NULL,
	"created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "connections_tenant_pack_name_pk" PRIMARY KEY("tenant","pack","name")
);
