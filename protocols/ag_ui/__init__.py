"""AG-UI 1.0 over ``POST /invocations``."""
