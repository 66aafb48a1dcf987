"""The app of the AgentCore SDK with a strands agent, as its documentation shows it."""

import os
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp
from strands import Agent

app = BedrockAgentCoreApp()


@app.entrypoint
def invoke(payload: dict[str, Any]) -> dict[str, Any]:
    """Answer with the agent."""
    agent = Agent()
    return {"response": str(agent(payload["prompt"]))}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
