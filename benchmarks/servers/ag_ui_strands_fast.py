"""``ag_ui_strands`` behind its own FastAPI application, with the fast model.

Without access log and CORS, which its users may do without and which cost time.
"""

import os

import uvicorn
from ag_ui_strands import StrandsAgent, create_strands_app
from strands import Agent

from benchmarks.fast_model import TOOLS, text_model

if __name__ == "__main__":
    agent = Agent(
        model=text_model(),
        tools=list(TOOLS),
        system_prompt="You are a helpful assistant.",
        callback_handler=None,
    )
    app = create_strands_app(
        StrandsAgent(agent=agent, name="reference"), path="/invocations", cors_enabled=False
    )
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
    )
