"""The gateway as ``python -m gateway serve`` starts it, with the fast model for its text."""

from benchmarks.fast_gateway import settings
from gateway.app import serve

if __name__ == "__main__":
    serve(settings())
