"""Traces, metrics, logs and dashboards. Knows opentelemetry only; free when telemetry is off."""
