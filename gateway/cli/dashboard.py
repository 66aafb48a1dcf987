"""Prints what CloudWatch needs to show and watch a gateway, as JSON."""

import json
import os
import sys
from typing import Any

from observability import dashboards

DEFAULT_REGION = "us-east-1"

_DASHBOARD_TYPE = "AWS::CloudWatch::Dashboard"


def run(*, name: str | None, alarms: bool) -> int:
    """Print one dashboard's body, or a CloudFormation template of all or of the alarms alone."""
    if name is not None:
        region = os.environ.get("AWS_REGION") or DEFAULT_REGION
        sys.stdout.write(dashboards.render(name, region=region))
    elif alarms:
        print(json.dumps(_without_dashboards(dashboards.template()), indent=2))
    else:
        sys.stdout.write(dashboards.render())
    return 0


def _without_dashboards(template: dict[str, Any]) -> dict[str, Any]:
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] != _DASHBOARD_TYPE
    }
    return template | {"Description": "Alarms of the Agent Gateway", "Resources": resources}
