// Runs agents by the published client for as long as somebody asks. One request a line on standard input:
// {url, headers, input, sends, replay, leaveOn}; one answer a line: what came over the wire, what the client made of it.
// `sends` is the body instead of the client's own, `replay` {contentType, body} takes an answer that came otherwise, `leaveOn` is
// the type of event at which the client goes away.
import { createInterface } from "node:readline";
import { HttpAgent } from "@ag-ui/client";

let warnings = [];
for (const kind of ["debug", "log", "info", "warn"]) {
  console[kind] = (...words) => void warnings.push(words.map(String).join(" "));
}
console.error = () => {}; // says again what the promise is rejected with
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}

async function run({ url, headers, input, sends, replay, leaveOn }) {
  warnings = [];
  const seen = { status: null, headers: {}, reads: [], events: [], finished: null, failure: null };
  const { threadId, runId, messages, state, tools, context, forwardedProps, resume } = input;
  let reading = Promise.resolve();
  class Agent extends HttpAgent {
    requestInit(given) {
      const request = super.requestInit(given);
      const body = sends ?? request.body;
      return { ...request, body, headers: { ...request.headers, ...headers } };
    }
  }
  const agent = new Agent({
    url,
    threadId,
    initialMessages: messages,
    initialState: state,
    fetch: async (...request) => {
      const response = replay
        ? new Response(Buffer.from(replay.body, "base64"), { headers: { "content-type": replay.contentType } })
        : await fetch(...request);
      seen.status = response.status;
      seen.headers = Object.fromEntries(response.headers);
      const [ours, theirs] = response.body.tee();
      reading = read(ours, seen.reads);
      return new Response(theirs, { status: response.status, headers: response.headers });
    },
  });
  const onEvent = ({ event }) => {
    seen.events.push(event);
    if (event.type === leaveOn) agent.abortRun();
  };
  const onRunFinishedEvent = ({ event, messages, state, agent, input, ...finished }) => void (seen.finished = finished);
  try {
    const parameters = { runId, tools, context, forwardedProps, resume };
    await agent.runAgent(parameters, { onEvent, onRunFinishedEvent });
  } catch ({ message, status, payload }) {
    seen.failure = { message, status, payload };
  }
  await reading;
  return { ...seen, messages: agent.messages, state: agent.state, warnings };
}

async function read(stream, reads) {
  try {
    for await (const piece of stream) reads.push(Buffer.from(piece).toString("base64"));
  } catch (fault) {
    if (fault.name !== "AbortError") throw fault;
  }
}
