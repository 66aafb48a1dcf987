import { CopilotChat, CopilotKitProvider, useConfigureSuggestions, useFrontendTool, useRenderTool } from "@copilotkit/react-core/v2";
import "@copilotkit/react-core/v2/styles.css";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { z } from "zod";
import "./page.css";
import { ToolCard } from "./tool-card.jsx";

const QUESTIONS = [
  "What is 42 times 17?",
  "What time is it in Tokyo?",
  "Set the background color to lavender",
];

function Page() {
  const [color, setColor] = useState("aliceblue");
  const [fault, setFault] = useState("");

  // A client tool: the model calls it, the browser runs it.
  useFrontendTool({
    name: "set_background_color",
    description: "Set the background color of the page.",
    parameters: z.object({ color: z.string().describe("The name of a CSS color, like lavender.") }),
    handler: async ({ color: wanted }) => {
      const name = wanted.replaceAll(" ", "");
      if (!CSS.supports("color", name)) return `There is no color called ${wanted}.`;
      setColor(name);
      return `The background is ${wanted} now.`;
    },
  });

  // Every tool call, of the gateway's tools and of ours, shows as a card.
  useRenderTool({ name: "*", render: ToolCard });

  useConfigureSuggestions({
    suggestions: QUESTIONS.map((message) => ({ title: message, message })),
    available: "always",
  });

  return (
    <main style={{ backgroundColor: color }}>
      <section className="story">
        <p className="overline">Agent Gateway</p>
        <h1>CopilotKit chat</h1>
        <p>
          The chat talks AG-UI to the gateway. Calculator and clock are tools of the gateway; the background of this
          page is a tool of the browser.
        </p>
        <p className="color">
          <span className="swatch" style={{ backgroundColor: color }} />
          Background <code>{color}</code>
        </p>
      </section>
      <section className="chat">
        {fault && (
          <p role="alert">
            No answer: {fault}
            <button onClick={() => setFault("")} aria-label="Dismiss">
              ×
            </button>
          </p>
        )}
        <CopilotChat
          labels={{ welcomeMessageText: "Ask me anything", chatInputPlaceholder: "Type a message…" }}
          onError={({ error }) => setFault(error.message)}
        />
      </section>
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <CopilotKitProvider runtimeUrl="/api/copilotkit" enableInspector={false}>
    <Page />
  </CopilotKitProvider>,
);
