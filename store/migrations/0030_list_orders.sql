DROP INDEX "executions_errors";--> statement-breakpoint
DROP INDEX "inquiries_newest";--> statement-breakpoint
CREATE INDEX "audit_log_subject" ON "audit_log" USING btree ("tenant","subject","id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "inquiries_status" ON "inquiries" USING btree ("tenant","status","created" DESC NULLS FIRST,"n" DESC NULLS FIRST,"key");--> statement-breakpoint
CREATE INDEX "executions_errors" ON "executions" USING btree ("tenant","listed" DESC NULLS FIRST,"n" DESC NULLS FIRST,"fingerprint","created","ref","pack","status") WHERE fingerprint is not null;--> statement-breakpoint
CREATE INDEX "inquiries_newest" ON "inquiries" USING btree ("tenant","created" DESC NULLS FIRST,"n" DESC NULLS FIRST,"key");