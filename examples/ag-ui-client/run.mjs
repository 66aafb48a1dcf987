// One run over AG-UI: node run.mjs "What is 42 times 17?" [http://127.0.0.1:8080]
import { HttpAgent } from "@ag-ui/client";

const [question, url = "http://127.0.0.1:8080"] = process.argv.slice(2);
const agent = new HttpAgent({ url: `${url}/invocations` });
agent.addMessage({ id: crypto.randomUUID(), role: "user", content: question });
await agent.runAgent({}, {
  onToolCallEndEvent: ({ toolCallName, toolCallArgs }) => console.log("tool:", toolCallName, toolCallArgs),
  onTextMessageEndEvent: ({ textMessageBuffer }) => console.log("agent:", textMessageBuffer),
});
