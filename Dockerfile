# Runs on linux/arm64 (Amazon Bedrock AgentCore) and linux/amd64: nothing here depends on the processor.
# GATEWAY_AUTH is left to the deployer on purpose: outside loopback the server refuses to start without it.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
RUN pip install --no-cache-dir uv==0.13.8
WORKDIR /app
COPY pyproject.toml uv.lock ./
# Libraries of models, as in --build-arg EXTRAS="--extra anthropic --extra openai".
ARG EXTRAS=""
RUN uv sync --locked --no-dev ${EXTRAS}
COPY LICENSE ./
COPY gateway gateway
COPY protocols protocols
COPY tools tools
COPY observability observability
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash gateway protocols tools observability \
    && mkdir /source && mv LICENSE gateway protocols tools observability /source

FROM ${BASE}
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_PORT=8080 \
    GATEWAY_ERRORS=in_band
WORKDIR /app
# Two layers: the dependencies, which change seldom, and the source.
COPY --from=build /app/.venv .venv
COPY --from=build /source .
# A number, since AgentCore cannot map the name of a user in an image of many layers.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s \
    CMD ["python", "-I", "-S", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['GATEWAY_PORT'] + '/ping', timeout=2)"]
# Python is process 1 and gets the signals; it exports telemetry when OTEL_* asks for it.
CMD ["python", "-m", "gateway", "serve"]
