// CopilotKit reads this when it is imported, so this module has to come before it: nothing is sent to its makers.
process.env.COPILOTKIT_TELEMETRY_DISABLED = "true";
