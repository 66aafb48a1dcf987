// Judges AG-UI events by the published client: one JSON event a line on standard input, several runs may follow
// each other. Ends with 1 and the fault when one is malformed or out of order.
import { createInterface } from "node:readline";
import { verifyEvents } from "@ag-ui/client";
import { EventSchemas } from "@ag-ui/core/schemas";
import { from, lastValueFrom, toArray } from "rxjs";

const events = [];
for await (const line of createInterface({ input: process.stdin })) {
  events.push(EventSchemas.parse(JSON.parse(line)));
}
try {
  const verified = await lastValueFrom(from(events).pipe(verifyEvents(false), toArray()));
  console.log(`${verified.length} events`);
} catch (fault) {
  console.error(fault.message);
  process.exitCode = 1;
}
