// Runs an agent by the published client: its URL and the Accept header are the arguments, a RunAgentInput stands on
// standard input. Prints {contentType, events, messages}; what the client warns of stands on standard error.
import { text } from "node:stream/consumers";
import { HttpAgent } from "@ag-ui/client";

const [url, accept] = process.argv.slice(2);
const input = JSON.parse(await text(process.stdin));
const seen = { contentType: null, events: [], messages: [] };

class Agent extends HttpAgent {
  requestInit(given) {
    const request = super.requestInit(given);
    return { ...request, headers: { ...request.headers, Accept: accept } };
  }
}
const agent = new Agent({
  url,
  threadId: input.threadId,
  initialMessages: input.messages,
  fetch: async (...request) => {
    const response = await fetch(...request);
    seen.contentType = response.headers.get("content-type");
    return response;
  },
});
await agent.runAgent({ runId: input.runId }, { onEvent: ({ event }) => void seen.events.push(event) });
seen.messages = agent.messages;
console.log(JSON.stringify(seen));
