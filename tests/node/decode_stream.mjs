// Reads the body of an answer on standard input as the published client does, by the content type in the first
// argument; prints one JSON event a line. Ends with 1 and the fault when the client cannot read or accept it; what the
// client would warn of stands on standard error.
import { buffer } from "node:stream/consumers";
import { enforceEvents, transformHttpEventStream } from "@ag-ui/client";
import { from, lastValueFrom, toArray } from "rxjs";

const PIECE_BYTES = 1000; // networks cut frames anywhere
const body = new Uint8Array(await buffer(process.stdin));

async function* answer() {
  yield { type: "headers", status: 200, headers: new Headers({ "content-type": process.argv[2] }) };
  for (let start = 0; start < body.length; start += PIECE_BYTES) {
    yield { type: "data", data: body.subarray(start, start + PIECE_BYTES) };
  }
}
try {
  const events = await lastValueFrom(transformHttpEventStream(from(answer())).pipe(enforceEvents(), toArray()));
  for (const event of events) console.log(JSON.stringify(event));
} catch (fault) {
  console.error(fault.message);
  process.exitCode = 1;
}
