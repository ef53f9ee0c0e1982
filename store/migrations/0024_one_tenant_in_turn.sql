DROP INDEX "executions_open";--> statement-breakpoint
DROP INDEX "failure_hooks_due";--> statement-breakpoint
CREATE INDEX "executions_marked" ON "executions" USING btree ("namespace","tenant") WHERE version_closed = 0 and marked;--> statement-breakpoint
CREATE INDEX "executions_open" ON "executions" USING btree ("namespace","tenant","looked") WHERE version_closed = 0;--> statement-breakpoint
CREATE INDEX "failure_hooks_due" ON "failure_hooks" USING btree ("namespace","tenant","created") WHERE done is null;