// Builds the chat and serves it, with the CopilotKit runtime that runs the agent behind the gateway for it.
import "./telemetry-off.mjs";
import { HttpAgent } from "@ag-ui/client";
import { CopilotRuntime } from "@copilotkit/runtime/v2";
import { createCopilotNodeListener } from "@copilotkit/runtime/v2/node";
import { build, preview } from "vite";

const { GATEWAY_URL = "http://127.0.0.1:8080", PORT = "3000" } = process.env;
const BASE_PATH = "/api/copilotkit";

const agent = new HttpAgent({ url: `${GATEWAY_URL.replace(/\/+$/, "")}/invocations` });
const runtime = new CopilotRuntime({ agents: { default: agent } });
const copilot = createCopilotNodeListener({ runtime, basePath: BASE_PATH });

const server = await preview({
  ...(await buildPage()),
  plugins: [
    {
      name: "copilotkit-runtime",
      configurePreviewServer: ({ middlewares }) => {
        middlewares.use((request, response, next) =>
          request.url.startsWith(`${BASE_PATH}/`) ? copilot(request, response) : next(),
        );
      },
    },
  ],
  preview: { host: "127.0.0.1", port: Number(PORT), strictPort: true },
});
console.log(`Chat with ${GATEWAY_URL}: ${server.resolvedUrls.local[0]}`);

/** Build what the browser loads; returns the settings under which it is served. */
async function buildPage() {
  const page = { root: import.meta.dirname, configFile: false, logLevel: "warn" };
  await build({
    ...page,
    build: {
      chunkSizeWarningLimit: 4000, // kB
      rolldownOptions: {
        onLog(level, log, handle) {
          if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log); // "use client" means nothing here
        },
      },
    },
  });
  return page;
}
